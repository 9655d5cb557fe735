#include <algorithm>
#include <cub/device/device_scan.cuh>

#include "sampling/sample_plan_cuda.h"
#include "sampling/warp_picks.cuh"

namespace weft::sampling {
namespace {

constexpr unsigned kThreads = 256;
constexpr unsigned kWarps = kThreads / kWarp;
constexpr std::uint32_t kMostBlocks = 1u << 14;  // kernels stride over the rest

struct DeviceAtomics {
  using Word = unsigned long long;
  static_assert(sizeof(Word) == sizeof(std::uint64_t));
  static __device__ std::uint64_t take_least(std::uint64_t* at, std::uint64_t value) {
    return atomicMin(reinterpret_cast<Word*>(at), static_cast<Word>(value));
  }
  static __device__ std::uint64_t exchange_if(std::uint64_t* at, std::uint64_t expected,
                                              std::uint64_t value) {
    return atomicCAS(reinterpret_cast<Word*>(at), static_cast<Word>(expected), static_cast<Word>(value));
  }
};

__global__ void __launch_bounds__(kThreads) place_seeds_kernel(SamplePlan plan) {
  const std::uint32_t type = blockIdx.y;
  const std::uint32_t count = plan.seed_counts[type];
  for (std::uint32_t i = blockIdx.x * kThreads + threadIdx.x; i < count; i += gridDim.x * kThreads)
    place_seed<DeviceAtomics>(plan, type, i);
  if (blockIdx.x == 0 && type == 0 && threadIdx.x == 0) open_batch(plan);
}

// The rows of a hop's tasks, a warp each. Rows lie task after task with room for each task's largest number;
// body(task, row of the task, lane) sees those that count.
template <typename Body>
__device__ void each_row(const SamplePlan& plan, const PlanHop& hop, const Body& body) {
  const unsigned lane = threadIdx.x % kWarp;
  const PlanTask* const tasks = plan.tasks + hop.first_task;
  std::uint32_t t = 0;  // rows of one warp ascend, so its task does
  for (std::uint32_t at = blockIdx.x * kWarps + threadIdx.x / kWarp; at < hop.rows;
       at += gridDim.x * kWarps) {
    while (t + 1 < hop.tasks && tasks[t + 1].first_row <= at) ++t;
    const PlanTask& task = tasks[t];
    const std::uint32_t row = at - task.first_row;
    if (row < task_rows(plan, task)) body(task, row, lane);
  }
}

// First picks by the whole warp; they stand in picks [k] for all lanes to see.
__device__ std::uint32_t warp_first_picks(const PickRow& row, std::uint32_t* proposals, std::uint32_t* picks,
                                          unsigned lane) {
  std::uint32_t count = row.n < row.k ? row.n : row.k;
  if (row.replacement == Replacement::kWith) {
    count = warp_replaced(row.first, row.weight_sums, row.n, row.k, picks, lane);
  } else if (row.weight_sums != nullptr) {
    count = warp_weighted(row.first, row.exact, row.weight_sums, row.n, row.k, proposals, picks, lane);
  } else if (row.law == PickLaw::kMostRecent) {
    for (std::uint32_t i = lane; i < count; i += kWarp) picks[i] = row.n - 1 - i;
  } else if (row.n > row.k) {
    warp_floyd(row.first, row.n, row.k, picks, lane);
  } else {
    for (std::uint32_t i = lane; i < count; i += kWarp) picks[i] = i;
  }
  __syncwarp();
  return count;
}

__global__ void __launch_bounds__(kThreads) pick_kernel(SamplePlan plan, PlanHop hop) {
  __shared__ std::uint32_t proposals[kThreads];
  std::uint32_t* const own = proposals + threadIdx.x / kWarp * kWarp;
  each_row(plan, hop, [&](const PlanTask& task, std::uint32_t number, unsigned lane) {
    std::uint32_t tree = 0;
    const PickRow row = row_of(plan, task, number, &tree);
    std::uint32_t* const picks = plan.edges + pick_at(task, number, 0);
    std::uint32_t count = warp_first_picks(row, own, picks, lane);
    if (row.hidden.count > 0) {
      bool hit = false;
      for (std::uint32_t j = lane; j < count; j += kWarp) hit |= row.is_hidden(picks[j]);
      if (__any_sync(kAllLanes, hit)) {  // rare: one lane walks the row
        if (lane == 0) count = allowed_picks(row, picks, count);
        count = __shfl_sync(kAllLanes, count, 0);
        __syncwarp();
      }
    }
    for (std::uint32_t j = lane; j < count; j += kWarp)
      claim_pick<DeviceAtomics>(plan, task, row, tree, pick_at(task, number, j));
    if (lane == 0) plan.row_counts[task.first_row + number] = count;
    __syncwarp();
  });
}

__global__ void __launch_bounds__(kThreads) mark_kernel(SamplePlan plan, PlanHop hop) {
  each_row(plan, hop, [&](const PlanTask& task, std::uint32_t row, unsigned lane) {
    const std::uint32_t count = plan.row_counts[task.first_row + row];
    for (std::uint32_t j = lane; j < count; j += kWarp) mark_pick(plan, task, pick_at(task, row, j));
  });
}

__global__ void __launch_bounds__(kThreads) place_kernel(SamplePlan plan, PlanHop hop) {
  each_row(plan, hop, [&](const PlanTask& task, std::uint32_t row, unsigned lane) {
    const std::uint32_t tree = plan.types[task.row_type].trees[task_first_local(plan, task) + row];
    const std::uint32_t count = plan.row_counts[task.first_row + row];
    for (std::uint32_t j = lane; j < count; j += kWarp) place_pick(plan, task, tree, pick_at(task, row, j));
  });
}

__global__ void __launch_bounds__(kThreads) emit_kernel(SamplePlan plan, PlanHop hop) {
  each_row(plan, hop, [&](const PlanTask& task, std::uint32_t row, unsigned lane) {
    const std::uint32_t begin = close_row(plan, task, row);  // each lane writes the same
    const std::uint32_t count = plan.row_counts[task.first_row + row];
    for (std::uint32_t j = lane; j < count; j += kWarp)
      emit_pick(plan, task, pick_at(task, row, j), begin + j);
  });
}

__global__ void close_kernel(SamplePlan plan, PlanHop hop) {
  close_hop(plan, hop);
}

std::uint32_t blocks_for(std::uint32_t items, std::uint32_t per_block) {
  return std::clamp((items + per_block - 1) / per_block, 1u, kMostBlocks);
}

cudaError_t running_sums(const SamplePlan& plan, const std::uint32_t* values, std::uint32_t count,
                         std::uint32_t* sums, cudaStream_t stream) {
  std::size_t bytes = plan.sum_bytes;
  return cub::DeviceScan::ExclusiveSum(plan.sum_scratch, bytes, values, sums, count, stream);
}

cudaError_t run_hop(const SamplePlan& plan, const PlanHop& hop, cudaStream_t stream) {
  const std::uint32_t blocks = blocks_for(hop.rows, kWarps);
  const auto clear = [&](std::uint32_t* numbers, std::size_t count) {
    return cudaMemsetAsync(numbers, 0, count * sizeof(std::uint32_t), stream);
  };
  cudaError_t error = clear(plan.row_counts, std::size_t{hop.rows} + 1);
  if (error == cudaSuccess) error = clear(plan.is_new, std::size_t{hop.picks} + 1);
  if (error != cudaSuccess) return error;
  pick_kernel<<<blocks, kThreads, 0, stream>>>(plan, hop);
  mark_kernel<<<blocks, kThreads, 0, stream>>>(plan, hop);
  error = running_sums(plan, plan.is_new, hop.picks + 1, plan.ranks, stream);
  if (error == cudaSuccess)
    error = running_sums(plan, plan.row_counts, hop.rows + 1, plan.row_starts, stream);
  if (error != cudaSuccess) return error;
  place_kernel<<<blocks, kThreads, 0, stream>>>(plan, hop);
  emit_kernel<<<blocks, kThreads, 0, stream>>>(plan, hop);
  close_kernel<<<1, 1, 0, stream>>>(plan, hop);
  return cudaGetLastError();
}

}  // namespace

cudaError_t sum_scratch_cuda(std::uint32_t numbers, std::size_t* bytes) {
  *bytes = 0;
  const std::uint32_t* values = nullptr;
  std::uint32_t* sums = nullptr;
  return cub::DeviceScan::ExclusiveSum(nullptr, *bytes, values, sums, numbers);
}

cudaError_t sample_cuda(const SamplePlan& plan, cudaStream_t stream) {
  for (std::uint32_t type = 0; type < plan.type_count; ++type) {
    const PlanNodeType& nodes = plan.host_types[type];
    if (nodes.keys == nullptr) continue;
    const cudaError_t error =
        cudaMemsetAsync(nodes.keys, 0xFF, std::size_t{nodes.slots} * sizeof(std::uint64_t), stream);
    if (error != cudaSuccess) return error;
  }
  place_seeds_kernel<<<dim3(blocks_for(plan.seed_rows, kThreads), plan.type_count), kThreads, 0, stream>>>(
      plan);
  if (const cudaError_t error = cudaGetLastError(); error != cudaSuccess) return error;
  for (std::uint32_t hop = 0; hop < plan.hop_count; ++hop) {
    if (const cudaError_t error = run_hop(plan, plan.hops[hop], stream); error != cudaSuccess) return error;
  }
  return cudaSuccess;
}

cudaError_t record_sample_cuda(const SamplePlan& plan, cudaStream_t stream, cudaGraphExec_t* recorded) {
  cudaError_t error = cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal);
  if (error != cudaSuccess) return error;
  const cudaError_t launched = sample_cuda(plan, stream);
  cudaGraph_t graph = nullptr;
  error = cudaStreamEndCapture(stream, &graph);  // also where a launch failed: the capture must end
  if (error == cudaSuccess && launched != cudaSuccess) error = launched;
  if (error == cudaSuccess) error = cudaGraphInstantiate(recorded, graph, 0);
  if (graph != nullptr) cudaGraphDestroy(graph);
  return error;
}

}  // namespace weft::sampling
