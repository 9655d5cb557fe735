// Samples neighbourhoods on a device: the same subgraphs as NeighborSampler, bit for bit, order included. No
// step waits for the host; a batch is one copy and one replay of recorded launches. See
// sampling/sample_plan.h.
#pragma once

#include <cstdint>
#include <vector>

#include "graph/graph_view.h"
#include "sampling/neighbor_sampler.h"
#include "sampling/sample_device.h"
#include "sampling/subgraph.h"

namespace weft::sampling {

enum class GraphPlace {
  kDevice,  // in the device's memory
  kPinned,  // in pinned host memory, read over the bus
};

// A graph where a device can read it. The arrays behind the view are copied; its schema must outlive this.
class DeviceGraph {
 public:
  DeviceGraph(const graph::GraphView& view, SampleDevice& device, GraphPlace place = GraphPlace::kDevice);

  const graph::GraphView& host() const {
    return view_;
  }  // its schema and node counts; the arrays may be gone
  const OneHopGraph& relation(RelationId id) const { return relations_[id]; }
  const EventId* events(graph::EdgeTypeId id) const { return events_[id]; }

 private:
  graph::GraphView view_;
  std::vector<DeviceMemory> memory_;
  std::vector<OneHopGraph> relations_;  // [relation]
  std::vector<const EventId*> events_;  // [edge type]
};

// The largest batch: decides what memory a sampler takes.
struct BatchLimits {
  std::vector<std::uint32_t> seeds = {};  // [node type]
  bool disjoint = false;                  // batches have roots (else none has)
  std::uint32_t trees = 1;                // distinct roots
  std::uint32_t excluded = 0;             // excluded events of all trees
};

// Not thread-safe: one batch at a time. The graph and the device must outlive it.
class DeviceSampler {
 public:
  // Throws Error (kUsage) for what the padded form does not have: PickLaw::kLabor, kAllNeighbours, walks, and
  // batches of 2^31 picks or more a hop; and as NeighborSampler does.
  DeviceSampler(const DeviceGraph& graph, SamplerOptions options, BatchLimits limits, SampleDevice& device);
  ~DeviceSampler();
  DeviceSampler(const DeviceSampler&) = delete;
  DeviceSampler& operator=(const DeviceSampler&) = delete;

  // Starts a batch, which must be within the limits (checked); what it fills is the plan's. Returns before
  // the device has done it.
  void sample(const SeedBatch& seeds, std::uint32_t step);

  // Waits, and copies the batch to the host.
  void download(Subgraph& out);

  const SamplePlan& plan() const { return plan_; }

 private:
  struct Layout;
  void lay_out_tasks(Layout& layout);
  void lay_out_nodes(const Layout& layout);
  void lay_out_blocks(const Layout& layout);
  void lay_out_batch();
  void lay_out_scratch();
  void* room(std::size_t bytes);
  template <typename T>
  T* room_for(std::size_t count) {
    return static_cast<T*>(room(count * sizeof(T)));
  }
  template <typename T>
  const T* upload(const std::vector<T>& values);

  const DeviceGraph& graph_;
  SamplerOptions options_;
  BatchLimits limits_;
  SampleDevice& device_;
  std::vector<RelationId> followed_;
  std::vector<DeviceMemory> memory_;
  std::vector<PlanHop> hops_;
  std::vector<PlanTask> tasks_;
  std::vector<PlanNodeType> types_;
  std::vector<PlanBlock> blocks_;
  SamplePlan plan_;
  void* recorded_ = nullptr;

  // The batch as it is copied: where each part lies in the staging memory and on the device.
  struct Staging {
    DeviceMemory host = {};
    DeviceMemory device = {};
    std::size_t bytes = 0;
    std::size_t seed_counts = 0, tree_roots = 0, tree_before = 0, excluded_offsets = 0, excluded = 0;
    std::vector<std::size_t> nodes = {}, trees = {};  // [node type]
  };
  Staging staging_;
  bool in_flight_ = false;  // the staging memory may still be read
  std::uint32_t batches_ = 0;

  struct Seeds;
  std::unique_ptr<Seeds> seeds_;
};

}  // namespace weft::sampling
