#include "gnn/lightgcn/device_lightgcn.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "base/error.h"

namespace weft::gnn {
namespace {

constexpr std::uint32_t kNoSlot = std::numeric_limits<std::uint32_t>::max();
constexpr std::size_t kNumbersATriple = 3 + 3 + 3 + 3;  // places, ids, offsets, stands

}  // namespace

DeviceLightGcn::DeviceLightGcn(LightGcn& model, std::size_t batches_an_epoch, std::size_t largest_batch,
                               sampling::SampleDevice& memory, KernelDevice& kernels)
    : model_(model), memory_(memory), kernels_(kernels), batches_(batches_an_epoch), largest_(largest_batch) {
  const BipartiteGraph& graph = model.graph();
  const LightGcnOptions& options = model.options();
  if (options.layers > kMostLayers) {
    throw Error(fmt::format("a device trains LightGCN of at most {} layers", kMostLayers),
                {.field = "lightgcn.layers"});
  }
  if (graph.columns.size() >= kNoSlot) throw Error("too many pairs for one device");
  WEFT_CHECK(batches_ > 0 && largest_ > 0);
  const std::vector<std::uint32_t> offsets(graph.offsets.begin(), graph.offsets.end());
  const RowParts parts = cut_rows(offsets);
  rows_ = {.rows = static_cast<std::uint32_t>(graph.nodes()),
           .offsets = put(std::span<const std::uint32_t>(offsets)),
           .columns = put(std::span<const std::uint32_t>(graph.columns)),
           .parts = put(std::span<const RowPart>(parts.parts)),
           .cut = put(std::span<const CutRow>(parts.cut)),
           .part_count = static_cast<std::uint32_t>(parts.parts.size()),
           .cut_count = static_cast<std::uint32_t>(parts.cut.size()),
           .slots = parts.slots};
  root_ = put(std::span<const float>(graph.root));
  inverse_root_ = put(std::span<const float>(graph.inverse_root));
  inverse_degree_ = put(std::span<const float>(graph.inverse_degree));
  const LightGcnState& state = model.state();
  for (auto [to, from] : {std::pair{&parameters_, &state.parameters}, std::pair{&mean_, &state.mean},
                          std::pair{&variance_, &state.variance}}) {
    *to = matrix();
    memory_.to_device(*to, from->data(), from->size() * sizeof(float));
  }
  for (std::size_t l = 0; l < options.layers; ++l) layers_.push_back(matrix());
  for (float** to : {&scaled_seeds_, &seeds_, &gradient_, &spare_}) *to = matrix();
  const auto room = [&](std::size_t bytes, bool pinned) {
    held_.emplace_back(memory_, std::max<std::size_t>(bytes, 1), pinned);
    return held_.back().as<void>();
  };
  scratch_ = static_cast<float*>(room(parts.slots * options.dim * sizeof(float), false));
  batch_mean_ = static_cast<float*>(room(3 * largest_ * options.dim * sizeof(float), false));
  slopes_ = static_cast<float*>(room(largest_ * sizeof(float), false));
  shares_ = static_cast<float*>(room(4 * largest_ * sizeof(float), false));
  losses_ = static_cast<float*>(room(batches_ * sizeof(float), false));
  room_ = kNumbersATriple * largest_ + 1;
  staging_ = static_cast<std::uint32_t*>(room(batches_ * room_ * sizeof(std::uint32_t), true));
  there_ = static_cast<std::uint32_t*>(room(batches_ * room_ * sizeof(std::uint32_t), false));
  slot_.assign(graph.nodes(), kNoSlot);
  step_ = state.step;
  memory_.synchronize();  // what was copied from may go
}

template <typename T>
const T* DeviceLightGcn::put(std::span<const T> values) {
  held_.emplace_back(memory_, std::max<std::size_t>(values.size_bytes(), 1));
  memory_.to_device(held_.back().as<T>(), values.data(), values.size_bytes());
  memory_.synchronize();
  return held_.back().as<T>();
}

float* DeviceLightGcn::matrix() {
  const std::size_t bytes = model_.state().parameters.size() * sizeof(float);
  held_.emplace_back(memory_, bytes);
  memory_.fill(held_.back().as<void>(), 0, bytes);
  return held_.back().as<float>();
}

DeviceLightGcn::Batch DeviceLightGcn::collect(std::span<const Triple> triples, std::uint32_t* room) {
  const BipartiteGraph& graph = model_.graph();
  Batch batch;
  batch.triples = static_cast<std::uint32_t>(triples.size());
  batch.ids = 3 * triples.size();
  std::uint32_t* const ids = room + batch.ids;
  const auto take = [&](std::size_t node) {
    if (slot_[node] == kNoSlot) {
      slot_[node] = batch.nodes;
      ids[batch.nodes++] = static_cast<std::uint32_t>(node);
    }
    return slot_[node];
  };
  for (std::size_t t = 0; t < triples.size(); ++t) {
    const Triple& triple = triples[t];
    WEFT_CHECK(triple.user < graph.users && triple.positive < graph.items && triple.negative < graph.items);
    room[3 * t] = take(triple.user);
    room[3 * t + 1] = take(graph.users + triple.positive);
    room[3 * t + 2] = take(graph.users + triple.negative);
  }
  for (std::uint32_t i = 0; i < batch.nodes; ++i) slot_[ids[i]] = kNoSlot;
  batch.offsets = batch.ids + batch.nodes;
  batch.stands = batch.offsets + batch.nodes + 1;
  batch.numbers = batch.stands + 3 * triples.size();
  // A counting sort of the stands by node.
  std::uint32_t* const offsets = room + batch.offsets;
  std::fill_n(offsets, batch.nodes + 1, 0U);
  for (std::size_t i = 0; i < 3 * triples.size(); ++i) ++offsets[room[i] + 1];
  for (std::uint32_t i = 0; i < batch.nodes; ++i) offsets[i + 1] += offsets[i];
  std::vector<std::uint32_t> next(offsets, offsets + batch.nodes);
  for (std::size_t i = 0; i < 3 * triples.size(); ++i)
    room[batch.stands + next[room[i]]++] = static_cast<std::uint32_t>(i);
  return batch;
}

// to = scale x Adj (from_scale x from) + add.
void DeviceLightGcn::propagate(const float* from, const float* from_scale, const float* add,
                               const float* scale, float* to) {
  kernels_.gather({.rows = rows_,
                   .x_scale = from_scale,
                   .scale = scale,
                   .add = add,
                   .x = from,
                   .out = to,
                   .dim = static_cast<std::uint32_t>(model_.options().dim),
                   .scratch = scratch_});
}

void DeviceLightGcn::step(std::span<const Triple> triples) {
  WEFT_CHECK(!triples.empty() && triples.size() <= largest_ && in_flight_ < batches_);
  const LightGcnOptions& options = model_.options();
  std::uint32_t* const room = staging_ + in_flight_ * room_;
  std::uint32_t* const there = there_ + in_flight_ * room_;
  const Batch batch = collect(triples, room);
  memory_.to_device(there, room, batch.numbers * sizeof(std::uint32_t));

  // Layers divided by sqrt(degree), so that no edge needs a weight.
  for (std::size_t l = 0; l < options.layers; ++l)
    propagate(l == 0 ? parameters_ : layers_[l - 1], l == 0 ? inverse_root_ : nullptr, nullptr,
              inverse_degree_, layers_[l]);
  DeviceBpr job{.triples = batch.triples,
                .places = there,
                .nodes = batch.nodes,
                .ids = there + batch.ids,
                .offsets = there + batch.offsets,
                .stands = there + batch.stands,
                .dim = static_cast<std::uint32_t>(options.dim),
                .layers = static_cast<std::uint32_t>(options.layers),
                .parameters = parameters_,
                .root = root_,
                .inverse_root = inverse_root_,
                .l2 = static_cast<float>(options.l2 / static_cast<double>(triples.size())),
                .distinct = options.regularization == EmbeddingRegularization::kDistinctNodes ? 1U : 0U,
                .mean = batch_mean_,
                .slopes = slopes_,
                .shares = shares_,
                .loss = losses_ + in_flight_,
                .scaled_seeds = scaled_seeds_,
                .seeds = seeds_};
  std::copy(layers_.begin(), layers_.end(), job.layer);
  const std::size_t bytes = model_.state().parameters.size() * sizeof(float);
  memory_.fill(scaled_seeds_, 0, bytes);
  memory_.fill(seeds_, 0, bytes);
  kernels_.bpr(job);

  // G + A (G + A (... + A G)) with L products, the last one undivided.
  const float* gradient = seeds_;
  if (options.layers > 0) {
    const float* from = scaled_seeds_;
    for (std::size_t product = 1; product < options.layers; ++product) {
      float* const to = from == gradient_ ? spare_ : gradient_;
      propagate(from, nullptr, scaled_seeds_, inverse_degree_, to);
      from = to;
    }
    float* const to = from == gradient_ ? spare_ : gradient_;
    propagate(from, nullptr, seeds_, inverse_root_, to);
    gradient = to;
  }
  kernels_.adam({.step = AdamStep(options.adam, ++step_),
                 .count = model_.state().parameters.size(),
                 .gradient = gradient,
                 .parameters = parameters_,
                 .mean = mean_,
                 .variance = variance_});
  ++in_flight_;
  skipped_.push_back(0);
}

void DeviceLightGcn::skip_step() {
  ++step_;
  skipped_.push_back(1);
}

std::vector<double> DeviceLightGcn::losses() {
  std::vector<float> found(in_flight_);
  if (!found.empty()) memory_.to_host(found.data(), losses_, found.size() * sizeof(float));
  memory_.synchronize();
  std::vector<double> out;
  std::size_t next = 0;
  for (const std::uint8_t skipped : skipped_) out.push_back(skipped != 0 ? 0.0 : found[next++]);
  in_flight_ = 0;
  skipped_.clear();
  return out;
}

void DeviceLightGcn::download() {
  LightGcnState state = model_.state();
  for (auto [to, from] : {std::pair{&state.parameters, parameters_}, std::pair{&state.mean, mean_},
                          std::pair{&state.variance, variance_}})
    memory_.to_host(to->data(), from, to->size() * sizeof(float));
  memory_.synchronize();
  state.step = step_;
  model_.set_state(std::move(state));
}

}  // namespace weft::gnn
