#include "gnn/inputs/node_inputs.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "gnn/kernels/concat_rows.h"
#include "gnn/ops/spmm.h"

namespace weft::gnn {
namespace {

using graph::NodeId;
using graph::NodeTypeId;

constexpr float kNumberLimit = 8;  // standardised numbers are cut there

void read_numbers(const TypeInputSpec& spec, const graph::Snapshot& snapshot, NodeTypeId type,
                  TypeTables& tables) {
  if (spec.numbers.empty()) return;
  const auto nodes = static_cast<std::int64_t>(snapshot.node_count(type));
  const auto fields = static_cast<std::int64_t>(spec.numbers.size());
  tables.numbers = torch::zeros({nodes, fields});
  tables.number_missing = torch::zeros({nodes, fields});
  float* values = tables.numbers.data_ptr<float>();
  float* missing = tables.number_missing.data_ptr<float>();
  for (std::int64_t f = 0; f < fields; ++f) {
    const NumberInput& input = spec.numbers[static_cast<std::size_t>(f)];
    const auto field = snapshot.schema().node_type(type).find_field(input.field);
    WEFT_CHECK(field.has_value());
    const graph::NumberColumn column = snapshot.numbers(type, *field);
    for (std::int64_t i = 0; i < nodes; ++i) {
      if (const auto value = input.constants.clean(column[static_cast<std::size_t>(i)])) {
        const auto scaled = static_cast<float>(input.constants.scaled(*value));
        values[i * fields + f] = std::clamp(scaled, -kNumberLimit, kNumberLimit);
      } else {
        missing[i * fields + f] = 1;
      }
    }
  }
}

TypeTables::Categories read_categories(const CategoryInput& input, const graph::CategoryColumn& column) {
  // The snapshot's dictionary may hold more values than training saw.
  std::vector<std::int64_t> code_of(column.dictionary.rows(), -1);
  for (std::size_t code = 0; code < code_of.size(); ++code) {
    const auto found = std::lower_bound(input.values.begin(), input.values.end(), column.dictionary[code]);
    if (found != input.values.end() && *found == column.dictionary[code])
      code_of[code] = found - input.values.begin();
  }
  TypeTables::Categories table;
  table.offsets.push_back(0);
  for (std::size_t row = 0; row + 1 < column.offsets.size(); ++row) {
    for (const std::uint32_t code : column[row]) {
      if (code_of[code] >= 0) table.codes.push_back(static_cast<std::uint32_t>(code_of[code]));
    }
    table.offsets.push_back(static_cast<std::uint32_t>(table.codes.size()));
  }
  return table;
}

TypeTables::Vectors read_vectors(const VectorInput& input, const FeatureInput& feature,
                                 const std::string& name) {
  const encoders::FeatureSet& set = *feature.set;
  if (static_cast<std::int64_t>(set.dim()) != input.dim ||
      set.info().encoder_fingerprint != input.fingerprint) {
    throw Error("the encoded vectors come from another encoder than the model was trained with",
                {.field = name, .value = set.info().encoder_fingerprint, .expected = input.fingerprint});
  }
  TypeTables::Vectors table{.set = feature.set};
  // Torch has no read-only tensors: nothing writes to these.
  table.values = torch::from_blob(const_cast<float*>(set.values().data()),
                                  {static_cast<std::int64_t>(set.rows()), input.dim}, torch::kFloat);
  table.present = torch::from_blob(const_cast<std::uint8_t*>(set.present().data()),
                                   {static_cast<std::int64_t>(set.rows())}, torch::kByte);
  return table;
}

}  // namespace

torch::Tensor index_tensor(std::span<const std::uint32_t> ids) {
  static_assert(sizeof(std::uint32_t) == sizeof(std::int32_t));
  return torch::from_blob(const_cast<std::uint32_t*>(ids.data()), {static_cast<std::int64_t>(ids.size())},
                          torch::kInt);
}

std::string module_name(const char* kind, std::size_t index, const std::string& name) {
  std::string made = fmt::format("{}_{}_{}", kind, index, name);
  std::replace(made.begin(), made.end(), '.', '_');
  return made;
}

TypeTables read_tables(const TypeInputSpec& spec, const graph::Snapshot& snapshot, NodeTypeId type,
                       const FeatureInputs& features) {
  const graph::NodeType& node_type = snapshot.schema().node_type(type);
  if (snapshot.node_count(type) > static_cast<NodeId>(std::numeric_limits<std::int32_t>::max())) {
    throw Error("too many nodes of one type for the network",
                {.field = node_type.name, .expected = "at most 2^31 - 1"});
  }
  TypeTables tables;
  read_numbers(spec, snapshot, type, tables);
  for (const CategoryInput& input : spec.categories) {
    const auto field = node_type.find_field(input.field);
    WEFT_CHECK(field.has_value());
    tables.categories.push_back(read_categories(input, snapshot.categories(type, *field)));
  }
  for (const VectorInput& input : spec.vectors) {
    tables.vectors.push_back(read_vectors(input, find_feature(features, snapshot, type, input.field),
                                          node_type.name + "." + input.field));
  }
  return tables;
}

void touch_vectors(const TypeTables& tables, std::span<const NodeId> nodes) {
  for (const TypeTables::Vectors& vectors : tables.vectors) vectors.set->touch(nodes);
}

std::vector<std::string> describe_inputs(const InputSpec& spec, const std::vector<TypeTables>& tables,
                                         const graph::Schema& schema) {
  std::vector<std::string> lines;
  for (std::size_t t = 0; t < spec.types.size(); ++t) {
    const std::string& type = schema.node_type(static_cast<NodeTypeId>(t)).name;
    const auto percent = [](double part, double whole) { return whole > 0 ? 100.0 * part / whole : 0.0; };
    for (std::size_t f = 0; f < spec.types[t].numbers.size(); ++f) {
      const torch::Tensor missing = tables[t].number_missing.select(1, static_cast<std::int64_t>(f));
      const auto count = static_cast<double>(missing.numel());
      const NumberInput& input = spec.types[t].numbers[f];
      lines.push_back(fmt::format("{}.{}: number, {:.1f} % present", type, input.field,
                                  percent(count - missing.sum().item<double>(), count)));
      if (!input.constants.inside.empty()) {
        lines.back() += fmt::format(", {} outliers in training {}", input.outliers,
                                    input.constants.clip ? "clipped" : "taken for missing");
      }
    }
    for (std::size_t c = 0; c < spec.types[t].categories.size(); ++c) {
      lines.push_back(fmt::format("{}.{}: category of {} values", type, spec.types[t].categories[c].field,
                                  spec.types[t].categories[c].values.size()));
    }
    for (std::size_t v = 0; v < spec.types[t].vectors.size(); ++v) {
      const encoders::FeatureSet& set = *tables[t].vectors[v].set;
      lines.push_back(fmt::format(
          "{}.{}: vectors of {}, {:.1f} % present", type, spec.types[t].vectors[v].field, set.dim(),
          percent(static_cast<double>(set.info().present_rows), static_cast<double>(set.rows()))));
    }
    if (spec.types[t].id_rows > 0)
      lines.push_back(fmt::format("{}: a free vector for {} nodes", type, spec.types[t].id_rows));
  }
  return lines;
}

// An input that is rows of numbers, before its projection.
struct NodeInputsImpl::Dense {
  std::size_t column = 0;  // among the type's inputs
  torch::nn::Linear linear{nullptr};
  std::vector<RowBlock> blocks = {};
};

struct NodeInputsImpl::Collected {
  std::vector<torch::Tensor> present = {};  // each [n] bool
  std::vector<Dense> dense = {};
  std::vector<std::pair<std::size_t, torch::Tensor>> projected = {};  // by column; each [n, hidden]
};

NodeInputsImpl::NodeInputsImpl(std::string name, const TypeInputSpec& spec, std::size_t structure_width,
                               const ModelOptions& options)
    : name_(std::move(name)),
      spec_(spec),
      hidden_(options.hidden),
      structure_width_(static_cast<std::int64_t>(structure_width)) {
  std::size_t inputs = 0;
  if (!spec.numbers.empty()) {
    const auto fields = static_cast<std::int64_t>(spec.numbers.size());
    numbers_ = register_module("numbers", torch::nn::Linear(2 * fields, hidden_));
    ++inputs;
  }
  for (const CategoryInput& category : spec.categories) {
    const auto values = static_cast<std::int64_t>(category.values.size());
    category_vectors_.push_back(
        register_parameter(module_name("category", category_vectors_.size(), category.field),
                           torch::randn({values, hidden_}) * 0.3));
    ++inputs;
  }
  for (const VectorInput& vector : spec.vectors) {
    vectors_.push_back(register_module(module_name("vectors", vectors_.size(), vector.field),
                                       torch::nn::Linear(vector.dim, hidden_)));
    ++inputs;
  }
  if (structure_width_ > 0) {
    structure_ = register_module("structure", torch::nn::Linear(structure_width_, hidden_));
    ++inputs;
  }
  if (spec.id_rows > 0) {
    id_table_ = register_buffer(
        "id_table", torch::randn({static_cast<std::int64_t>(spec.id_rows), hidden_}) * options.id_init);
    id_trained_ =
        register_buffer("id_trained", torch::zeros({static_cast<std::int64_t>(spec.id_rows)}, torch::kByte));
    ++inputs;
  }
  fusion_ = register_module("fusion", Fusion(inputs, hidden_, options.fusion, options.modality_dropout));
}

void NodeInputsImpl::add_numbers(const TypeTables& tables, const torch::Tensor& ids, Collected& out) {
  const auto fields = static_cast<std::size_t>(tables.numbers.size(1));
  out.dense.push_back({out.present.size(),
                       numbers_,
                       {{.values = tables.numbers.const_data_ptr<float>(), .dim = fields},
                        {.values = tables.number_missing.const_data_ptr<float>(), .dim = fields}}});
  out.present.push_back((tables.number_missing.index_select(0, ids) < 0.5).any(1));
}

void NodeInputsImpl::add_categories(const TypeTables& tables, std::span<const NodeId> ids,
                                    ForwardContext& context, Collected& out) {
  for (std::size_t c = 0; c < category_vectors_.size(); ++c) {
    const TypeTables::Categories& table = tables.categories[c];
    std::vector<std::uint32_t> offsets{0}, codes;
    torch::Tensor present = torch::zeros({static_cast<std::int64_t>(ids.size())}, torch::kBool);
    bool* flags = present.data_ptr<bool>();
    for (std::size_t i = 0; i < ids.size(); ++i) {
      codes.insert(codes.end(), table.codes.begin() + table.offsets[ids[i]],
                   table.codes.begin() + table.offsets[ids[i] + 1]);
      flags[i] = table.offsets[ids[i] + 1] > table.offsets[ids[i]];
      offsets.push_back(static_cast<std::uint32_t>(codes.size()));
    }
    out.projected.emplace_back(
        out.present.size(), segment_weighted_mean(category_vectors_[c], offsets, codes, {}, context.pool()));
    out.present.push_back(present);
  }
}

void NodeInputsImpl::add_vectors(const TypeTables& tables, const torch::Tensor& ids, Collected& out) {
  for (std::size_t v = 0; v < vectors_.size(); ++v) {
    const TypeTables::Vectors& table = tables.vectors[v];
    out.dense.push_back({out.present.size(),
                         vectors_[v],
                         {{.values = table.values.const_data_ptr<float>(),
                           .dim = static_cast<std::size_t>(table.values.size(1)),
                           .scale = static_cast<float>(spec_.vectors[v].scale)}}});
    out.present.push_back(table.present.index_select(0, ids).to(torch::kBool));
  }
}

void NodeInputsImpl::add_ids(const InputNodes& nodes, ForwardContext& context, Collected& out) {
  const auto rows = static_cast<std::int64_t>(nodes.ids.size());
  torch::Tensor present = torch::zeros({rows}, torch::kBool);
  torch::Tensor ids = torch::zeros({rows}, torch::kLong);
  bool* flags = present.data_ptr<bool>();
  auto* positions = ids.data_ptr<std::int64_t>();
  const auto* trained = id_trained_.const_data_ptr<std::uint8_t>();
  std::vector<std::int64_t> shown;
  for (std::size_t i = 0; i < nodes.ids.size(); ++i) {
    // Nodes that came after training have no row, and those whose row no step ever used know nothing.
    flags[i] = nodes.id_shown[i] != 0 && nodes.ids[i] < spec_.id_rows &&
               (context.is_training() || trained[nodes.ids[i]] != 0);
    if (flags[i]) positions[i] = static_cast<std::int64_t>(shown.size()) + 1, shown.push_back(nodes.ids[i]);
  }
  const torch::Tensor used = torch::tensor(shown, torch::kLong);
  torch::Tensor vectors = id_table_.index_select(0, used);
  if (context.is_training() && !shown.empty()) {
    id_trained_.index_fill_(0, used, 1);
    vectors = vectors.detach().requires_grad_(true);
    context.table_uses.push_back({name_, used, vectors});
  }
  // Position 0 is a zero row for nodes whose vector does not show.
  const torch::Tensor padded = torch::cat({torch::zeros({1, hidden_}), vectors}, 0);
  out.projected.emplace_back(out.present.size(), padded.index_select(0, ids));
  out.present.push_back(present);
}

// Rows of the blocks side by side, and the weights of their projections as one matrix.
torch::Tensor NodeInputsImpl::rows_of(std::span<const RowBlock> blocks, std::span<const NodeId> ids,
                                      ForwardContext& context) {
  std::size_t width = 0;
  for (const RowBlock& block : blocks) width += block.dim;
  torch::Tensor rows =
      torch::empty({static_cast<std::int64_t>(ids.size()), static_cast<std::int64_t>(width)}, torch::kFloat);
  concat_rows(blocks, ids, {rows.mutable_data_ptr<float>(), static_cast<std::size_t>(rows.numel())},
              context.pool());
  return rows;
}

// All dense inputs in one product: the sum over inputs of share x (rows x matrix + offset).
torch::Tensor NodeInputsImpl::sum(const Collected& all, const torch::Tensor& present,
                                  std::span<const NodeId> ids, ForwardContext& context) {
  const torch::Tensor shares = fusion_->sum_shares(present, context).contiguous();
  const float* const weights = shares.const_data_ptr<float>();
  const auto inputs = static_cast<std::size_t>(shares.size(1));
  torch::Tensor sum;
  if (!all.dense.empty()) {
    std::vector<RowBlock> blocks;
    std::vector<torch::Tensor> matrices, offsets;
    std::vector<std::int64_t> columns;
    for (const Dense& input : all.dense) {
      for (RowBlock block : input.blocks) {
        block.weights = weights + input.column;
        block.weight_stride = inputs;
        blocks.push_back(block);
      }
      matrices.push_back(input.linear->weight);
      offsets.push_back(input.linear->bias);
      columns.push_back(static_cast<std::int64_t>(input.column));
    }
    const torch::Tensor offset =
        torch::mm(shares.index_select(1, torch::tensor(columns)), torch::stack(offsets));
    sum = torch::addmm(offset, rows_of(blocks, ids, context), torch::cat(matrices, 1).t());
  }
  for (const auto& [column, projected] : all.projected) {
    const torch::Tensor part = projected * shares.narrow(1, static_cast<std::int64_t>(column), 1);
    sum = sum.defined() ? sum + part : part;
  }
  return fusion_->fill_absent(sum, shares);
}

std::optional<LayerStates> NodeInputsImpl::linear_states(const TypeTables& tables,
                                                         std::span<const NodeId> ids) const {
  const bool alone = numbers_.is_empty() && category_vectors_.empty() && vectors_.size() == 1 &&
                     structure_width_ == 0 && !has_id_table();
  if (!alone || ids.empty()) return {};
  const TypeTables::Vectors& table = tables.vectors[0];
  if (table.set->info().present_rows != table.set->rows() || table.values.size(1) > hidden_) return {};
  return LayerStates{.rows = {table.values, ids},
                     .matrix = vectors_[0]->weight.t() * spec_.vectors[0].scale,
                     .offset = vectors_[0]->bias};
}

torch::Tensor NodeInputsImpl::forward(const TypeTables& tables, const InputNodes& nodes,
                                      ForwardContext& context) {
  const auto rows = static_cast<std::int64_t>(nodes.ids.size());
  const torch::Tensor ids = index_tensor(nodes.ids);
  Collected all;
  if (!numbers_.is_empty()) add_numbers(tables, ids, all);
  add_categories(tables, nodes.ids, context, all);
  add_vectors(tables, ids, all);
  if (structure_width_ > 0) {
    all.dense.push_back({all.present.size(),
                         structure_,
                         {{.values = nodes.structure.data(),
                           .dim = static_cast<std::size_t>(structure_width_),
                           .by_id = false}}});
    all.present.push_back(torch::ones({rows}, torch::kBool));
  }
  if (has_id_table()) add_ids(nodes, context, all);
  if (all.present.empty()) {
    all.projected.emplace_back(0, torch::zeros({rows, hidden_}));
    all.present.push_back(torch::zeros({rows}, torch::kBool));
  }
  const torch::Tensor present = torch::stack(all.present, 1);
  if (fusion_->kind() == FusionKind::kSum) return sum(all, present, nodes.ids, context);
  std::vector<torch::Tensor> projected(all.present.size());
  for (const auto& [column, value] : all.projected) projected[column] = value;
  for (const Dense& input : all.dense) {
    torch::nn::Linear linear = input.linear;
    projected[input.column] = linear(rows_of(input.blocks, nodes.ids, context));
  }
  return fusion_(projected, present, context);
}

}  // namespace weft::gnn
