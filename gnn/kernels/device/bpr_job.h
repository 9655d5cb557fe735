// Pairwise loss over propagated vectors, forward and backward, as one job of a device: what LightGCN does
// with a batch between its sparse products. Pointers are the device's; see jobs.h.
#pragma once

#include <cstdint>

namespace weft::gnn {

inline constexpr std::uint32_t kMostLayers = 8;

// The batch: its distinct nodes, its triples as places among them, and for each node the places where it
// stands.
struct DeviceBpr {
  std::uint32_t triples = 0;
  const std::uint32_t* places = nullptr;   // [triples, 3]: user, positive, negative
  std::uint32_t nodes = 0;                 // distinct
  const std::uint32_t* ids = nullptr;      // [nodes], rows of the matrices below
  const std::uint32_t* offsets = nullptr;  // [nodes + 1] into stands
  const std::uint32_t* stands = nullptr;   // [3 triples]: 3 x triple + role; ascending for each node

  std::uint32_t dim = 0, layers = 0;
  const float* parameters = nullptr;     // [all nodes, dim], layer 0
  const float* layer[kMostLayers] = {};  // [all nodes, dim], layers 1 .. L divided by sqrt(degree)
  const float* root = nullptr;           // [all nodes], sqrt(degree)
  const float* inverse_root = nullptr;   // [all nodes]
  float l2 = 0;                          // l2 / triples
  std::uint32_t distinct = 0;            // the penalty counts each node once, whole; else half a stand

  float* mean = nullptr;    // [nodes, dim]: mean over layers of the batch's nodes
  float* slopes = nullptr;  // [triples]
  float* shares = nullptr;  // [triples + nodes]: of the loss
  float* loss = nullptr;    // [1]
  // Rows of the batch's nodes are written, others left: the gradient of mean / (L + 1), divided by
  // sqrt(degree), and undivided with the penalty's gradient added.
  float *scaled_seeds = nullptr, *seeds = nullptr;  // [all nodes, dim]
};

}  // namespace weft::gnn
