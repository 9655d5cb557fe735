#include <algorithm>
#include <random>
#include <thread>

#include "base/stopwatch.h"
#include "gnn/model_options.h"
#include "gnn/sampled_nodes.h"
#include "gnn/train_options.h"
#include "gnn/walk_relations.h"
#include "sampling/neighbor_sampler.h"
#include "tools/bench/bench.h"

namespace weft::tools::bench {
namespace {

constexpr std::uint64_t kSeed = 1;

// The ends of one batch's random events, as trees or as one frontier.
struct Batch {
  std::vector<graph::NodeRef> nodes = {};
  std::vector<graph::TimeMs> before = {};
  std::vector<std::uint32_t> roots = {};
};

class Batches {
 public:
  Batches(const ProjectContext& context, std::size_t size, bool trees)
      : context_(context), outgoing_(context.snapshot.outgoing(context.target)), size_(size), trees_(trees) {}

  Batch make(std::uint64_t step) const {
    Batch batch;
    const std::uint64_t edges = outgoing_.targets.size();
    std::mt19937_64 random(step);
    for (std::size_t i = 0; i < size_; ++i) {
      const std::uint64_t edge = random() % edges;
      const auto row = std::upper_bound(outgoing_.offsets.begin(), outgoing_.offsets.end(), edge) - 1;
      const auto user = static_cast<graph::NodeId>(row - outgoing_.offsets.begin());
      batch.nodes.push_back({context_.user_type(), user});
      batch.nodes.push_back({context_.item_type(), outgoing_.targets[edge]});
      if (!trees_) continue;
      batch.before.insert(batch.before.end(), 2, outgoing_.times[edge]);
      batch.roots.insert(batch.roots.end(), 2, static_cast<std::uint32_t>(i));
    }
    return batch;
  }

 private:
  const ProjectContext& context_;
  graph::CsrView outgoing_;
  std::size_t size_;
  bool trees_;
};

struct Counts {
  std::uint64_t batches = 0, edges = 0, nodes = 0;
};

Counts run_thread(const sampling::NeighborSampler& sampler, const Batches& batches, std::size_t thread,
                  std::size_t threads, double seconds) {
  sampling::NeighborSampler::Scratch scratch;
  sampling::Subgraph out;
  Counts counts;
  const Stopwatch clock;
  for (std::uint64_t step = 1 + thread; counts.batches == 0 || clock.wall_seconds() < seconds;
       step += threads) {
    const Batch batch = batches.make(step);
    sampler.sample({.nodes = batch.nodes, .before = batch.before, .roots = batch.roots},
                   static_cast<std::uint32_t>(step), scratch, out);
    ++counts.batches;
    for (const sampling::RelationBlock& block : out.relations) counts.edges += block.sources.size();
    for (const auto& nodes : out.nodes) counts.nodes += nodes.size();
  }
  return counts;
}

Measurement run(const sampling::NeighborSampler& sampler, const Batches& batches, std::size_t threads,
                double seconds, const std::string& what, std::size_t batch_size) {
  std::vector<Counts> counts(threads);
  const Stopwatch clock;
  std::vector<std::thread> workers;
  for (std::size_t i = 0; i < threads; ++i) {
    workers.emplace_back([&, i] { counts[i] = run_thread(sampler, batches, i, threads, seconds); });
  }
  for (std::thread& worker : workers) worker.join();
  const double wall = clock.wall_seconds();
  Counts all;
  for (const Counts& one : counts) {
    all.batches += one.batches;
    all.edges += one.edges;
    all.nodes += one.nodes;
  }
  const auto per_batch = [&](std::uint64_t count) {
    return static_cast<double>(count) / static_cast<double>(all.batches);
  };
  return {"sampling",
          what,
          static_cast<double>(all.edges) / wall,
          "edges/s",
          {{"threads", threads},
           {"batches", all.batches},
           {"events_per_batch", batch_size},
           {"edges_per_batch", per_batch(all.edges)},
           {"nodes_per_batch", per_batch(all.nodes)},
           {"seconds", wall}}};
}

}  // namespace

std::vector<Measurement> measure_sampling(const ProjectContext& context, const Limits& limits) {
  const graph::CsrView& target = context.snapshot.outgoing(context.target);
  if (target.targets.empty()) return {};
  const gnn::ModelOptions model = gnn::read_model_options(context.toml.root());
  const auto batch_size = static_cast<std::size_t>(gnn::read_train_options(context.toml.root()).batch_size);
  const graph::Schema& schema = context.snapshot.schema();
  const std::vector<graph::RelationId> relations = gnn::followed_relations(schema, model.skip_relations);
  const sampling::NeighborSampler sampler(
      graph::view(context.snapshot), {.seed = kSeed,
                                      .fan_outs = gnn::relation_fan_outs(schema, relations, model.fan_outs),
                                      .law = gnn::pick_law(model.picks),
                                      .walks = gnn::walk_relations(schema, model, model.layers())});
  std::vector<Measurement> found;
  for (const bool trees : {false, true}) {
    if (trees && target.times.empty()) continue;
    const Batches batches(context, batch_size, trees);
    const std::string what = trees ? "a tree an event, before its time" : "one frontier a batch";
    found.push_back(run(sampler, batches, 1, limits.seconds, what, batch_size));
    if (limits.threads == 1) continue;
    found.push_back(run(sampler, batches, limits.threads, limits.seconds,
                        what + ", " + std::to_string(limits.threads) + " threads", batch_size));
  }
  return found;
}

}  // namespace weft::tools::bench
