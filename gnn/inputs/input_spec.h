// What the network reads of each node type, with constants fitted on the nodes that training may see: kept in
// the checkpoint, so that an embedding made later reads its inputs the same way.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "gnn/inputs/feature_input.h"
#include "gnn/model_options.h"
#include "graph/graph_view.h"
#include "graph/number_cleaning.h"
#include "graph/snapshot.h"

namespace weft::gnn {

struct NumberInput {
  std::string field = {};
  graph::NumberConstants constants = {};  // fitted on the visible nodes that have it
  std::uint64_t outliers = 0;             // among them
};

struct CategoryInput {
  std::string field = {};
  std::vector<std::string> values = {};  // seen on visible nodes, ascending; others count as missing
};

struct VectorInput {
  std::string field = {};
  std::int64_t dim = 0;
  double scale = 1;  // brings the root mean square of a visible node's entries to 1
  std::string fingerprint = {};
};

struct TypeInputSpec {
  std::vector<NumberInput> numbers = {};
  std::vector<CategoryInput> categories = {};
  std::vector<VectorInput> vectors = {};
  std::uint32_t id_rows = 0;  // free vectors: one for each node that was there when training began; 0: none
};

struct InputSpec {
  std::vector<TypeInputSpec> types = {};  // [node type]
};

// Which nodes the train view shows: those first seen before `valid_start` or, without a time of their own,
// with an edge in `train`; of a type that has no such node, all.
std::vector<std::vector<std::uint8_t>> visible_nodes(const graph::Snapshot& snapshot,
                                                     const graph::GraphView& train,
                                                     graph::TimeMs valid_start);

// `skip_fields`: "type.field". `numbers`: rules for number fields. `id_types` [node type]: 1: has free
// vectors. Throws Error (kUsage) on an unknown field, and Error if a feature set was made for another store
// or another state of it.
InputSpec fit_inputs(const graph::Snapshot& snapshot, const std::vector<std::vector<std::uint8_t>>& visible,
                     const FeatureInputs& features, const std::vector<std::string>& skip_fields,
                     const std::vector<std::uint8_t>& id_types, const NumberFieldRules& numbers = {});

nlohmann::json to_json(const InputSpec& spec);
InputSpec input_spec_from_json(const nlohmann::json& json,
                               const std::string& file);  // throws Error naming `file`

// A feature set checked against snapshot and spec. Throws Error if it is missing or does not fit.
const FeatureInput& find_feature(const FeatureInputs& features, const graph::Snapshot& snapshot,
                                 graph::NodeTypeId type, const std::string& field);

}  // namespace weft::gnn
