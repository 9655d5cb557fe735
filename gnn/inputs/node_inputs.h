// Turns what is known of the nodes of one type into their first states.
#pragma once

#include <torch/nn/module.h>
#include <torch/nn/modules/linear.h>
#include <torch/types.h>

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "gnn/forward_context.h"
#include "gnn/fusion.h"
#include "gnn/inputs/feature_input.h"
#include "gnn/inputs/input_spec.h"
#include "gnn/kernels/concat_rows.h"
#include "gnn/layer_states.h"
#include "gnn/model_options.h"
#include "graph/snapshot.h"

namespace weft::gnn {

// The stored inputs of a type's nodes in one snapshot, read as a spec says. Holds the feature sets' maps;
// immutable.
struct TypeTables {
  torch::Tensor numbers = {};         // [nodes, fields] standardised, 0 where missing; undefined: none
  torch::Tensor number_missing = {};  // [nodes, fields], 1 where missing
  struct Categories {
    std::vector<std::uint32_t> offsets = {};  // [nodes + 1]
    std::vector<std::uint32_t> codes = {};    // into the spec's values
  };
  std::vector<Categories> categories = {};
  struct Vectors {
    std::shared_ptr<const encoders::FeatureSet> set = {};
    torch::Tensor values = {};   // [nodes, dim], over the map
    torch::Tensor present = {};  // [nodes] uint8, over the map
  };
  std::vector<Vectors> vectors = {};
};
TypeTables read_tables(const TypeInputSpec& spec, const graph::Snapshot& snapshot, graph::NodeTypeId type,
                       const FeatureInputs& features);

// Reads the nodes' stored vectors into memory; for the threads that make batches, ahead of the network.
void touch_vectors(const TypeTables& tables, std::span<const graph::NodeId> nodes);

// One line per input for people: "item.photo: vectors of 64, 93.1 % present".
std::vector<std::string> describe_inputs(const InputSpec& spec, const std::vector<TypeTables>& tables,
                                         const graph::Schema& schema);

// The nodes of a batch. Spans of one length n except structure.
struct InputNodes {
  std::span<const graph::NodeId> ids = {};
  std::span<const float> structure = {};  // [n, width]
  std::span<const std::uint8_t> id_shown = {};
};

class NodeInputsImpl : public torch::nn::Module {
 public:
  // `name`: of the type, which names its table of free vectors. `structure_width`: of the structural inputs.
  NodeInputsImpl(std::string name, const TypeInputSpec& spec, std::size_t structure_width,
                 const ModelOptions& options);

  // [n, hidden]
  torch::Tensor forward(const TypeTables& tables, const InputNodes& nodes, ForwardContext& context);
  // The same as stored rows times a matrix plus an offset, where that is all the inputs are: one set of
  // vectors, no wider than the states, that every node has. The ids must outlive what is made of it.
  std::optional<LayerStates> linear_states(const TypeTables& tables,
                                           std::span<const graph::NodeId> ids) const;
  bool has_id_table() const { return id_table_.defined(); }
  torch::Tensor id_table() const { return id_table_; }  // [rows, hidden], updated row by row by the optimizer
  const std::string& name() const { return name_; }

 private:
  struct Dense;
  struct Collected;
  void add_numbers(const TypeTables& tables, const torch::Tensor& ids, Collected& out);
  void add_categories(const TypeTables& tables, std::span<const graph::NodeId> ids, ForwardContext& context,
                      Collected& out);
  void add_vectors(const TypeTables& tables, const torch::Tensor& ids, Collected& out);
  void add_ids(const InputNodes& nodes, ForwardContext& context, Collected& out);
  static torch::Tensor rows_of(std::span<const RowBlock> blocks, std::span<const graph::NodeId> ids,
                               ForwardContext& context);
  torch::Tensor sum(const Collected& all, const torch::Tensor& present, std::span<const graph::NodeId> ids,
                    ForwardContext& context);

  std::string name_;
  TypeInputSpec spec_;
  std::int64_t hidden_;
  std::int64_t structure_width_;
  torch::nn::Linear numbers_{nullptr}, structure_{nullptr};
  std::vector<torch::nn::Linear> vectors_;
  std::vector<torch::Tensor> category_vectors_;  // [values, hidden]
  torch::Tensor id_table_;                       // a buffer: gradients go through TableUse
  torch::Tensor id_trained_;                     // [rows] uint8, 1: a training step used the row
  Fusion fusion_{nullptr};
};
TORCH_MODULE(NodeInputs);

// A name that Torch takes for a module or parameter (none with a dot): "vectors_2_title".
std::string module_name(const char* kind, std::size_t index, const std::string& name);

// A batch's ids as an index tensor over the same memory (valid while it lives).
torch::Tensor index_tensor(std::span<const std::uint32_t> ids);

}  // namespace weft::gnn
