#include "sampling/device_sampler.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/error.h"
#include "sampling/expansion.h"

namespace weft::sampling {

// Where the seeds of a batch are given their trees and local ids.
struct DeviceSampler::Seeds {
  ExpansionState state;
  Subgraph out;
};

// Sizes that follow from the largest batch.
struct DeviceSampler::Layout {
  std::vector<std::vector<std::uint64_t>> new_nodes;  // [hop][node type]: at most so many appear at a hop
  std::vector<std::uint64_t> nodes;                   // [node type]
  std::vector<std::uint64_t> block_edges;             // [block]
  std::vector<std::uint32_t> type_picks;              // [hop, node type + 1]
};

namespace {

constexpr std::uint64_t kMostPadded = kNewClaim - 1;
constexpr std::uint32_t kLastBatch = 0xFFFFFFF0u;  // stamps would run out: claims are cleared

void check_options(const SamplerOptions& options) {
  if (options.law == PickLaw::kLabor) {
    throw Error("layer-neighbour sampling has no padded form for a device",
                {.field = "law", .expected = "uniform, most recent or weighted picks"}, ErrorKind::kUsage);
  }
  if (!options.walks.empty()) {
    throw Error("a device samples no relations that walks make",
                {.field = "walks", .expected = "relations of edges alone"}, ErrorKind::kUsage);
  }
  for (const auto& hop : options.fan_outs) {
    for (const std::uint32_t fan_out : hop) {
      if (fan_out <= kLargestPaddedFanOut) continue;
      throw Error("this fan-out has no padded form for a device",
                  {.field = "fan_outs",
                   .value = fan_out == kAllNeighbours ? "all neighbours" : std::to_string(fan_out),
                   .expected = fmt::format("at most {}", kLargestPaddedFanOut)},
                  ErrorKind::kUsage);
    }
  }
}

[[noreturn]] void too_large(std::uint64_t picks) {
  throw Error("the largest batch is too large for a device",
              {.field = "seeds and fan_outs",
               .value = fmt::format("{} padded picks in one hop", picks),
               .expected = "below 2^31",
               .hint = "take smaller batches or fan-outs"},
              ErrorKind::kUsage);
}

}  // namespace

DeviceGraph::DeviceGraph(const graph::GraphView& view, SampleDevice& device, GraphPlace place) : view_(view) {
  const auto put = [&]<typename T>(std::span<const T> values) -> const T* {
    if (values.empty()) return nullptr;
    memory_.emplace_back(device, values.size_bytes(), place == GraphPlace::kPinned);
    if (place == GraphPlace::kPinned) {
      std::memcpy(memory_.back().bytes(), values.data(), values.size_bytes());
    } else {
      device.to_device(memory_.back().bytes(), values.data(), values.size_bytes());
    }
    return memory_.back().as<T>();
  };
  for (const graph::CsrView& csr : view.relations) {
    relations_.push_back(
        {put(csr.offsets), put(csr.targets), put(csr.times), put(csr.edge_ids), put(csr.weight_sums)});
  }
  for (const auto& events : view.events) events_.push_back(put(events));
  device.synchronize();
}

DeviceSampler::DeviceSampler(const DeviceGraph& graph, SamplerOptions options, BatchLimits limits,
                             SampleDevice& device)
    : graph_(graph),
      options_(std::move(options)),
      limits_(std::move(limits)),
      device_(device),
      seeds_(std::make_unique<Seeds>()) {
  check_options(options_);
  // The rest of the options are as NeighborSampler takes them, and it knows which relations are followed.
  const NeighborSampler checked(graph.host(), options_);
  WEFT_CHECK(limits_.seeds.size() == graph.host().node_counts.size());
  for (const RelationId relation : graph.host().schema->relations()) {
    for (const auto& hop : options_.fan_outs) {
      if (hop[relation] == 0) continue;
      followed_.push_back(relation);
      break;
    }
  }
  Layout layout;
  lay_out_tasks(layout);
  lay_out_batch();
  lay_out_nodes(layout);
  lay_out_blocks(layout);
  lay_out_scratch();
  plan_.tasks = upload(tasks_);
  plan_.types = upload(types_);
  plan_.blocks = upload(blocks_);
  plan_.type_picks = upload(layout.type_picks);
  plan_.type_count = static_cast<std::uint32_t>(types_.size());
  plan_.block_count = static_cast<std::uint32_t>(blocks_.size());
  plan_.seed_rows = limits_.seeds.empty() ? 0 : *std::max_element(limits_.seeds.begin(), limits_.seeds.end());
  plan_.hops = hops_.data();
  plan_.hop_count = static_cast<std::uint32_t>(hops_.size());
  plan_.host_types = types_.data();
  device_.synchronize();
  recorded_ = device_.record(plan_);
}

DeviceSampler::~DeviceSampler() {
  if (recorded_ != nullptr) device_.forget(recorded_);
}

void* DeviceSampler::room(std::size_t bytes) {
  return memory_.emplace_back(device_, std::max<std::size_t>(bytes, 16)).bytes();
}

template <typename T>
const T* DeviceSampler::upload(const std::vector<T>& values) {
  T* const memory = room_for<T>(values.size());
  device_.to_device(memory, values.data(), values.size() * sizeof(T));
  device_.synchronize();  // `values` may go
  return memory;
}

void DeviceSampler::lay_out_tasks(Layout& layout) {
  const graph::Schema& schema = *graph_.host().schema;
  const std::vector<NodeId>& counts = graph_.host().node_counts;
  const std::size_t types = counts.size();
  const auto capped = [&](std::size_t type, std::uint64_t nodes) {
    return limits_.disjoint ? nodes : std::min<std::uint64_t>(nodes, counts[type]);
  };
  layout.new_nodes.emplace_back();
  for (std::size_t type = 0; type < types; ++type)
    layout.new_nodes[0].push_back(capped(type, limits_.seeds[type]));
  layout.block_edges.assign(followed_.size(), 0);
  for (std::size_t hop = 0; hop < options_.fan_outs.size(); ++hop) {
    std::vector<std::size_t> order(followed_.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      return schema.target_type(followed_[a]) < schema.target_type(followed_[b]);
    });
    PlanHop plan{.hop = static_cast<std::uint32_t>(hop),
                 .first_task = static_cast<std::uint32_t>(tasks_.size()),
                 .tasks = static_cast<std::uint32_t>(order.size())};
    std::vector<std::uint64_t> picks(types, 0);
    std::uint64_t rows = 0;
    std::uint64_t all_picks = 0;
    for (const std::size_t i : order) {
      const RelationId relation = followed_[i];
      const NodeTypeId row_type = schema.row_type(relation);
      const std::uint32_t fan_out = options_.fan_outs[hop][relation];
      const std::uint64_t task_rows = layout.new_nodes[hop][row_type];
      const std::uint64_t task_picks = task_rows * fan_out;
      if (rows + task_rows > kMostPadded || all_picks + task_picks > kMostPadded)
        too_large(all_picks + task_picks);
      tasks_.push_back({.graph = graph_.relation(relation),
                        .events = graph_.events(graph::edge_type_of(relation)),
                        .relation = relation,
                        .hop = plan.hop,
                        .fan_out = fan_out,
                        .law = options_.law,
                        .replacement = options_.replacement,
                        .block = static_cast<std::uint32_t>(i),
                        .row_type = row_type,
                        .target_type = schema.target_type(relation),
                        .first_row = static_cast<std::uint32_t>(rows),
                        .rows = static_cast<std::uint32_t>(task_rows),
                        .first_pick = static_cast<std::uint32_t>(all_picks)});
      rows += task_rows;
      all_picks += task_picks;
      picks[schema.target_type(relation)] += task_picks;
      layout.block_edges[i] += task_picks;
    }
    plan.rows = static_cast<std::uint32_t>(rows);
    plan.picks = static_cast<std::uint32_t>(all_picks);
    hops_.push_back(plan);
    std::vector<std::uint64_t>& next = layout.new_nodes.emplace_back();
    std::uint32_t first = 0;
    for (std::size_t type = 0; type < types; ++type) {
      next.push_back(capped(type, picks[type]));
      layout.type_picks.push_back(first);
      first += static_cast<std::uint32_t>(picks[type]);
    }
    layout.type_picks.push_back(first);
  }
  for (std::size_t type = 0; type < types; ++type) {
    std::uint64_t sum = 0;
    for (const auto& hop : layout.new_nodes) sum += hop[type];
    layout.nodes.push_back(capped(type, sum));
    if (layout.nodes[type] > kMostPadded) too_large(layout.nodes[type]);
  }
}

void DeviceSampler::lay_out_nodes(const Layout& layout) {
  for (std::size_t type = 0; type < layout.nodes.size(); ++type) {
    const std::uint64_t capacity = layout.nodes[type];
    PlanNodeType plan{
        .nodes = room_for<NodeId>(capacity),
        .trees = room_for<std::uint32_t>(capacity),
        .seed_nodes = reinterpret_cast<const NodeId*>(staging_.device.bytes() + staging_.nodes[type]),
        .seed_trees = reinterpret_cast<const std::uint32_t*>(staging_.device.bytes() + staging_.trees[type]),
        .hop_ends = room_for<std::uint32_t>(options_.fan_outs.size() + 1)};
    if (limits_.disjoint) {
      plan.slots = static_cast<std::uint32_t>(std::bit_ceil(2 * std::max<std::uint64_t>(capacity, 8)));
      plan.keys = room_for<std::uint64_t>(plan.slots);
    } else {
      plan.slots = graph_.host().node_counts[type];
    }
    plan.claims = room_for<std::uint64_t>(plan.slots);
    device_.fill(plan.claims, 0xFF, plan.slots * sizeof(std::uint64_t));
    types_.push_back(plan);
  }
}

void DeviceSampler::lay_out_blocks(const Layout& layout) {
  for (std::size_t i = 0; i < followed_.size(); ++i) {
    const NodeTypeId row_type = graph_.host().schema->row_type(followed_[i]);
    blocks_.push_back({.offsets = room_for<std::uint32_t>(layout.nodes[row_type] + 1),
                       .sources = room_for<std::uint32_t>(layout.block_edges[i]),
                       .edges = room_for<EdgeId>(layout.block_edges[i])});
  }
  plan_.picked = room_for<std::uint32_t>(followed_.size());
}

void DeviceSampler::lay_out_batch() {
  std::size_t at = sizeof(SampleBatch);
  const auto part = [&](std::size_t bytes) {
    const std::size_t begin = (at + 15) / 16 * 16;
    at = begin + bytes;
    return begin;
  };
  const std::size_t trees = limits_.disjoint ? limits_.trees : 1;
  staging_.seed_counts = part(limits_.seeds.size() * sizeof(std::uint32_t));
  staging_.tree_roots = part(trees * sizeof(std::uint32_t));
  staging_.tree_before = part(trees * sizeof(TimeMs));
  staging_.excluded_offsets = part((trees + 1) * sizeof(std::uint32_t));
  staging_.excluded = part(limits_.excluded * sizeof(EventId));
  for (const std::uint32_t seeds : limits_.seeds) {
    staging_.nodes.push_back(part(seeds * sizeof(NodeId)));
    staging_.trees.push_back(part(seeds * sizeof(std::uint32_t)));
  }
  staging_.bytes = at;
  staging_.host = DeviceMemory(device_, at, true);
  staging_.device = DeviceMemory(device_, at);
  std::byte* const device = staging_.device.bytes();
  plan_.batch = reinterpret_cast<const SampleBatch*>(device);
  plan_.seed_counts = reinterpret_cast<const std::uint32_t*>(device + staging_.seed_counts);
  plan_.tree_roots = reinterpret_cast<const std::uint32_t*>(device + staging_.tree_roots);
  plan_.tree_before = reinterpret_cast<const TimeMs*>(device + staging_.tree_before);
  plan_.excluded_offsets = reinterpret_cast<const std::uint32_t*>(device + staging_.excluded_offsets);
  plan_.excluded = reinterpret_cast<const EventId*>(device + staging_.excluded);
}

void DeviceSampler::lay_out_scratch() {
  std::uint32_t rows = 0;
  std::uint32_t picks = 0;
  for (const PlanHop& hop : hops_) {
    rows = std::max(rows, hop.rows);
    picks = std::max(picks, hop.picks);
  }
  plan_.row_counts = room_for<std::uint32_t>(std::size_t{rows} + 1);
  plan_.row_starts = room_for<std::uint32_t>(std::size_t{rows} + 1);
  plan_.targets = room_for<NodeId>(picks);
  plan_.edges = room_for<EdgeId>(picks);
  plan_.slots = room_for<std::uint32_t>(picks);
  plan_.is_new = room_for<std::uint32_t>(std::size_t{picks} + 1);
  plan_.ranks = room_for<std::uint32_t>(std::size_t{picks} + 1);
  plan_.sum_bytes = device_.sum_scratch(std::max(rows, picks) + 1);
  plan_.sum_scratch = room(plan_.sum_bytes);
}

void DeviceSampler::sample(const SeedBatch& seeds, std::uint32_t step) {
  ExpansionState& state = seeds_->state;
  Subgraph& placed = seeds_->out;
  const std::size_t types = types_.size();
  state.start(graph_.host(), std::vector<std::uint8_t>(types, 1), seeds, {}, placed);
  place_seeds(graph_.host(), seeds, state, placed);
  state.finish(placed);
  const bool disjoint = !seeds.roots.empty();
  // Without seeds nothing tells trees from a shared frontier.
  WEFT_CHECK(disjoint == limits_.disjoint || seeds.nodes.empty());
  WEFT_CHECK(state.tree_roots.size() <= (limits_.disjoint ? limits_.trees : 1));
  WEFT_CHECK(seeds.excluded.size() <= limits_.excluded);
  if (in_flight_) device_.synchronize();
  if (batches_ == kLastBatch) {
    for (const PlanNodeType& type : types_)
      device_.fill(type.claims, 0xFF, type.slots * sizeof(std::uint64_t));
    batches_ = 0;
  }

  std::byte* const host = staging_.host.bytes();
  const auto put = [&](std::size_t at, const auto* values, std::size_t count) {
    if (count > 0) std::memcpy(host + at, values, count * sizeof(*values));
  };
  const bool tree_exclusions = disjoint && !seeds.excluded_offsets.empty();
  const SampleBatch batch{.key = pick_key(options_.seed, step),
                          .stamp = 0xFFFFFFFEu - batches_++,
                          .disjoint = disjoint ? 1u : 0u,
                          .tree_exclusions = tree_exclusions ? 1u : 0u,
                          .excluded = static_cast<std::uint32_t>(seeds.excluded.size())};
  put(0, &batch, 1);
  for (std::size_t type = 0; type < types; ++type) {
    const std::vector<NodeId>& nodes = placed.nodes[type];
    WEFT_CHECK(nodes.size() <= limits_.seeds[type]);
    const auto count = static_cast<std::uint32_t>(nodes.size());
    put(staging_.seed_counts + type * sizeof(count), &count, 1);
    put(staging_.nodes[type], nodes.data(), count);
    put(staging_.trees[type], placed.trees[type].data(), disjoint ? count : 0);
  }
  put(staging_.tree_roots, state.tree_roots.data(), state.tree_roots.size());
  put(staging_.tree_before, state.tree_before.data(), state.tree_before.size());
  if (tree_exclusions)
    put(staging_.excluded_offsets, seeds.excluded_offsets.data(), seeds.excluded_offsets.size());
  put(staging_.excluded, seeds.excluded.data(), seeds.excluded.size());
  device_.to_device(staging_.device.bytes(), host, staging_.bytes);
  device_.replay(recorded_);
  in_flight_ = true;
}

void DeviceSampler::download(Subgraph& out) {
  const std::size_t types = types_.size();
  const std::size_t hops = hops_.size();
  out.nodes.resize(types);
  out.trees.resize(types);
  out.hop_ends.resize(types);
  out.relations.resize(blocks_.size());
  std::vector<std::uint32_t> picked(blocks_.size());
  for (std::size_t type = 0; type < types; ++type) {
    out.hop_ends[type].resize(hops + 1);
    device_.to_host(out.hop_ends[type].data(), types_[type].hop_ends, (hops + 1) * sizeof(std::uint32_t));
  }
  device_.to_host(picked.data(), plan_.picked, picked.size() * sizeof(std::uint32_t));
  device_.synchronize();
  const auto get = [&](auto& values, const auto* from, std::size_t count) {
    values.resize(count);
    device_.to_host(values.data(), from, count * sizeof(*from));
  };
  const bool disjoint = seeds_->state.trees;
  for (std::size_t type = 0; type < types; ++type) {
    get(out.nodes[type], types_[type].nodes, out.hop_ends[type].back());
    get(out.trees[type], types_[type].trees, disjoint ? out.hop_ends[type].back() : 0);
  }
  for (std::size_t i = 0; i < blocks_.size(); ++i) {
    const NodeTypeId row_type = graph_.host().schema->row_type(followed_[i]);
    const std::size_t rows = hops == 0 ? 0 : out.hop_ends[row_type][hops - 1];
    out.relations[i].relation = followed_[i];
    get(out.relations[i].offsets, blocks_[i].offsets, rows + 1);
    get(out.relations[i].sources, blocks_[i].sources, picked[i]);
    get(out.relations[i].edges, blocks_[i].edges, picked[i]);
  }
  device_.synchronize();
  in_flight_ = false;
  out.seeds = seeds_->out.seeds;
  out.tree_before = seeds_->state.tree_before;
}

}  // namespace weft::sampling
