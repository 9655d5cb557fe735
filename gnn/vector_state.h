// All that training changes of a model that is one vector a node, trained by Adam.
#pragma once

#include <cstdint>
#include <vector>

namespace weft::gnn {

// [nodes, dim] each.
struct VectorState {
  std::vector<float> parameters = {};  // the free vectors
  std::vector<float> mean = {};        // Adam's moments
  std::vector<float> variance = {};
  std::uint64_t step = 0;
};

}  // namespace weft::gnn
