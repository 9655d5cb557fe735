// Encoded fields that a network reads: which field of which node type, and its vectors.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "encoders/feature_set.h"
#include "graph/ids.h"

namespace weft::gnn {

struct FeatureInput {
  graph::NodeTypeId type = 0;
  std::string field = {};  // a text, image or audio field of the type
  std::shared_ptr<const encoders::FeatureSet> set = {};
};

// One for each encoded field, any order; a text, image or audio field without one is no input of the network.
using FeatureInputs = std::vector<FeatureInput>;

}  // namespace weft::gnn
