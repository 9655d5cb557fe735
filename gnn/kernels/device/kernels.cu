#include <cuda_runtime.h>

#include <algorithm>

#include "gnn/kernels/device/bpr_steps.h"
#include "gnn/kernels/device/kernels_cuda.h"
#include "gnn/kernels/device/steps.h"

namespace weft::gnn {
namespace {

using steps::kLanes;

constexpr unsigned kThreads = 256;
constexpr unsigned kWarps = kThreads / kLanes;
constexpr unsigned kAllLanes = 0xFFFFFFFFu;
constexpr std::size_t kMostBlocks = 1u << 16;  // kernels stride over the rest

unsigned blocks_for(std::size_t items, std::size_t per_block) {
  return static_cast<unsigned>(std::clamp<std::size_t>((items + per_block - 1) / per_block, 1, kMostBlocks));
}

// The parts of the rows, a warp each: body(part, lane).
template <typename Body>
__device__ void each_part(const DeviceRows& rows, const Body& body) {
  const std::uint32_t lane = threadIdx.x % kLanes;
  const std::uint32_t count = steps::part_count(rows);
  for (std::size_t i = std::size_t{blockIdx.x} * kWarps + threadIdx.x / kLanes; i < count;
       i += std::size_t{gridDim.x} * kWarps)
    body(steps::part_of(rows, static_cast<std::uint32_t>(i)), lane);
}

// The columns of cut rows, a thread each: body(number of the cut row, column).
template <typename Body>
__device__ void each_cut(std::uint32_t cut_count, std::uint32_t width, const Body& body) {
  const std::size_t count = std::size_t{cut_count} * width;
  for (std::size_t i = std::size_t{blockIdx.x} * kThreads + threadIdx.x; i < count;
       i += std::size_t{gridDim.x} * kThreads)
    body(static_cast<std::uint32_t>(i / width), static_cast<std::uint32_t>(i % width));
}

__device__ float add_lanes(float value, std::uint32_t first_step, std::uint32_t end) {
  for (std::uint32_t step = first_step; step < end; step *= 2)
    value += __shfl_xor_sync(kAllLanes, value, static_cast<int>(step));
  return value;
}

template <std::uint32_t Vector, typename In, typename Out>
__global__ void __launch_bounds__(kThreads) gather_kernel(DeviceGather job) {
  const steps::Lanes lanes = steps::lanes_over(job.dim, Vector);
  each_part(job.rows, [&](const RowPart& part, std::uint32_t lane) {
    const std::uint32_t group = lane / lanes.across;
    for (std::uint32_t tile = 0; tile < job.dim; tile += lanes.tile()) {
      const std::uint32_t column = tile + lane % lanes.across * Vector;
      float sums[Vector];
      steps::gather_part<Vector, In>(job, part, group, lanes.groups(), column, sums);
      for (std::uint32_t v = 0; v < Vector; ++v) {
        const float sum = add_lanes(sums[v], lanes.across, kLanes);
        if (group != 0 || column + v >= job.dim) continue;
        if (part.slot == kWholeRow) {
          steps::finish_sum<Out>(job, part.row, column + v, sum);
        } else {
          job.scratch[std::size_t{part.slot} * job.dim + column + v] = sum;
        }
      }
    }
  });
}
template <typename Out>
__global__ void __launch_bounds__(kThreads) join_sums_kernel(DeviceGather job) {
  each_cut(job.rows.cut_count, job.dim, [&](std::uint32_t cut, std::uint32_t column) {
    steps::join_sum<Out>(job, job.rows.cut[cut], column);
  });
}

__global__ void __launch_bounds__(kThreads) gather_max_kernel(DeviceGatherMax job) {
  const steps::Lanes lanes = steps::lanes_over(job.dim, 1);
  each_part(job.rows, [&](const RowPart& part, std::uint32_t lane) {
    const std::uint32_t group = lane / lanes.across;
    for (std::uint32_t tile = 0; tile < job.dim; tile += lanes.tile()) {
      const std::uint32_t column = tile + lane % lanes.across;
      steps::Largest best = steps::largest_of_part(job, part, group, lanes.groups(), column);
      for (std::uint32_t step = lanes.across; step < kLanes; step *= 2) {
        const steps::Largest other{__shfl_xor_sync(kAllLanes, best.value, static_cast<int>(step)),
                                   __shfl_xor_sync(kAllLanes, best.edge, static_cast<int>(step))};
        if (steps::beats(other, best)) best = other;
      }
      if (group != 0 || column >= job.dim) continue;
      if (part.slot == kWholeRow) {
        steps::finish_largest(job, part.row, column, best);
      } else {
        const std::size_t at = std::size_t{part.slot} * job.dim + column;
        job.scratch[at] = best.value;
        job.winner_scratch[at] = best.edge;
      }
    }
  });
}
__global__ void __launch_bounds__(kThreads) join_largest_kernel(DeviceGatherMax job) {
  each_cut(job.rows.cut_count, job.dim, [&](std::uint32_t cut, std::uint32_t column) {
    steps::join_largest(job, job.rows.cut[cut], column);
  });
}

__global__ void __launch_bounds__(kThreads) edge_dots_kernel(DeviceEdgeDots job) {
  const steps::Lanes lanes = steps::lanes_over(job.dim / job.heads, 1);
  each_part(job.rows, [&](const RowPart& part, std::uint32_t lane) {
    const std::uint32_t group = lane / lanes.across;
    const std::size_t items = std::size_t{part.end - part.begin} * job.heads;
    for (std::size_t first = 0; first < items; first += lanes.groups()) {  // all lanes go round equally often
      const std::size_t item = first + group;
      const std::uint32_t e = part.begin + static_cast<std::uint32_t>(item / job.heads);
      const auto head = static_cast<std::uint32_t>(item % job.heads);
      float dot = item < items
                      ? steps::edge_dot_share(job, part.row, e, head, lane % lanes.across, lanes.across)
                      : 0.0f;
      dot = add_lanes(dot, 1, lanes.across);
      if (item < items && lane % lanes.across == 0) steps::finish_edge_dot(job, part.row, e, head, dot);
    }
  });
}

__device__ void write_softmax(const DeviceSoftmax& job, std::uint32_t begin, std::uint32_t end,
                              std::uint32_t step, std::uint32_t head, const steps::RowSum& row) {
  if (head >= job.heads) return;
  for (std::uint32_t e = begin; e < end; e += step) steps::softmax_edge(job, e, head, row);
}

__global__ void __launch_bounds__(kThreads) softmax_kernel(DeviceSoftmax job) {
  const steps::Lanes lanes = steps::lanes_over(job.heads, 1);
  each_part(job.rows, [&](const RowPart& part, std::uint32_t lane) {
    const std::uint32_t group = lane / lanes.across;
    for (std::uint32_t tile = 0; tile < job.heads; tile += lanes.tile()) {
      const std::uint32_t head = tile + lane % lanes.across;
      steps::RowSum row = steps::softmax_part(job, part, group, lanes.groups(), head);
      for (std::uint32_t step = lanes.across; step < kLanes; step *= 2) {
        const steps::RowSum other{__shfl_xor_sync(kAllLanes, row.largest, static_cast<int>(step)),
                                  __shfl_xor_sync(kAllLanes, row.sum, static_cast<int>(step))};
        // The lower lane comes first on both sides, so that both get the same bits.
        row = (lane & step) == 0 ? steps::join_row_sums(job, row, other)
                                 : steps::join_row_sums(job, other, row);
      }
      if (part.slot == kWholeRow) {
        write_softmax(job, part.begin + group, part.end, lanes.groups(), head, row);
      } else if (group == 0 && head < job.heads) {
        steps::keep_sum(job, part.slot, head, row);
      }
    }
  });
}
__global__ void __launch_bounds__(kThreads) join_softmax_kernel(DeviceSoftmax job) {
  each_cut(job.rows.cut_count, job.heads,
           [&](std::uint32_t cut, std::uint32_t head) { steps::join_cut_row(job, cut, head); });
}
// A block for each cut row.
__global__ void __launch_bounds__(kThreads) write_cut_softmax_kernel(DeviceSoftmax job) {
  for (std::uint32_t i = blockIdx.x; i < job.rows.cut_count; i += gridDim.x) {
    const std::uint32_t row = job.rows.cut[i].row;
    const std::size_t begin = std::size_t{job.rows.offsets[row]} * job.heads;
    const std::size_t end = std::size_t{job.rows.offsets[row + 1]} * job.heads;
    for (std::size_t at = begin + threadIdx.x; at < end; at += kThreads) {
      const auto head = static_cast<std::uint32_t>(at % job.heads);
      steps::softmax_edge(job, static_cast<std::uint32_t>(at / job.heads), head,
                          steps::kept_sum(job, job.rows.slots + i, head));
    }
  }
}

__global__ void __launch_bounds__(kThreads) adam_kernel(DeviceAdam job, std::size_t numbers) {
  for (std::size_t i = std::size_t{blockIdx.x} * kThreads + threadIdx.x; i < numbers;
       i += std::size_t{gridDim.x} * kThreads)
    steps::adam_at(job, i);
}

// A warp for each row.
__global__ void __launch_bounds__(kThreads) concat_kernel(DeviceConcat job) {
  const std::uint32_t lane = threadIdx.x % kLanes;
  for (std::size_t i = std::size_t{blockIdx.x} * kWarps + threadIdx.x / kLanes; i < job.rows;
       i += std::size_t{gridDim.x} * kWarps) {
    float* out = job.out + i * job.width;
    for (std::uint32_t b = 0; b < job.block_count; ++b) {
      steps::concat_block(job.blocks[b], static_cast<std::uint32_t>(i), job.ids[i], lane, kLanes, out);
      out += job.blocks[b].dim;
    }
  }
}

// A warp for each: body(item, lane).
template <typename Body>
__device__ void each_warp(std::uint32_t count, const Body& body) {
  for (std::size_t i = std::size_t{blockIdx.x} * kWarps + threadIdx.x / kLanes; i < count;
       i += std::size_t{gridDim.x} * kWarps)
    body(static_cast<std::uint32_t>(i), threadIdx.x % kLanes);
}

__global__ void __launch_bounds__(kThreads) bpr_mean_kernel(DeviceBpr job) {
  each_warp(job.nodes, [&](std::uint32_t node, std::uint32_t lane) {
    for (std::uint32_t column = lane; column < job.dim; column += kLanes) steps::bpr_mean(job, node, column);
  });
}
__global__ void __launch_bounds__(kThreads) bpr_triple_kernel(DeviceBpr job) {
  each_warp(job.triples, [&](std::uint32_t t, std::uint32_t lane) {
    const float margin = add_lanes(steps::bpr_margin_share(job, t, lane), 1, kLanes);
    if (lane == 0) steps::bpr_finish_triple(job, t, margin);
  });
}
__global__ void __launch_bounds__(kThreads) bpr_seed_kernel(DeviceBpr job) {
  each_warp(job.nodes, [&](std::uint32_t node, std::uint32_t lane) {
    for (std::uint32_t column = lane; column < job.dim; column += kLanes) steps::bpr_seed(job, node, column);
    const float norm = add_lanes(steps::bpr_norm_share(job, node, lane), 1, kLanes);
    if (lane == 0) steps::bpr_finish_norm(job, node, norm);
  });
}
__global__ void bpr_loss_kernel(DeviceBpr job) {  // one warp
  const float sum = add_lanes(steps::bpr_loss_share(job, threadIdx.x), 1, kLanes);
  if (threadIdx.x == 0) *job.loss = sum;
}

template <std::uint32_t Vector, typename In, typename Out>
void launch_gather(const DeviceGather& job, cudaStream_t stream) {
  gather_kernel<Vector, In, Out>
      <<<blocks_for(steps::part_count(job.rows), kWarps), kThreads, 0, stream>>>(job);
  if (job.rows.cut_count == 0) return;
  join_sums_kernel<Out>
      <<<blocks_for(std::size_t{job.rows.cut_count} * job.dim, kThreads), kThreads, 0, stream>>>(job);
}
template <typename In, typename Out>
void launch_gather(const DeviceGather& job, std::uint32_t vector, cudaStream_t stream) {
  vector == 4 ? launch_gather<4, In, Out>(job, stream) : launch_gather<1, In, Out>(job, stream);
}

}  // namespace

cudaError_t gather_cuda(const DeviceGather& job, std::uint32_t vector, cudaStream_t stream) {
  const bool from_floats = job.x_storage == Storage::kFloat, to_floats = job.out_storage == Storage::kFloat;
  if (from_floats && to_floats) {
    launch_gather<float, float>(job, vector, stream);
  } else if (from_floats) {
    launch_gather<float, std::uint16_t>(job, vector, stream);
  } else if (to_floats) {
    launch_gather<std::uint16_t, float>(job, vector, stream);
  } else {
    launch_gather<std::uint16_t, std::uint16_t>(job, vector, stream);
  }
  return cudaGetLastError();
}

cudaError_t gather_max_cuda(const DeviceGatherMax& job, cudaStream_t stream) {
  gather_max_kernel<<<blocks_for(steps::part_count(job.rows), kWarps), kThreads, 0, stream>>>(job);
  if (job.rows.cut_count > 0) {
    join_largest_kernel<<<blocks_for(std::size_t{job.rows.cut_count} * job.dim, kThreads), kThreads, 0,
                          stream>>>(job);
  }
  return cudaGetLastError();
}

cudaError_t edge_dots_cuda(const DeviceEdgeDots& job, cudaStream_t stream) {
  edge_dots_kernel<<<blocks_for(steps::part_count(job.rows), kWarps), kThreads, 0, stream>>>(job);
  return cudaGetLastError();
}

cudaError_t softmax_cuda(const DeviceSoftmax& job, cudaStream_t stream) {
  softmax_kernel<<<blocks_for(steps::part_count(job.rows), kWarps), kThreads, 0, stream>>>(job);
  if (job.rows.cut_count > 0) {
    join_softmax_kernel<<<blocks_for(std::size_t{job.rows.cut_count} * job.heads, kThreads), kThreads, 0,
                          stream>>>(job);
    write_cut_softmax_kernel<<<blocks_for(job.rows.cut_count, 1), kThreads, 0, stream>>>(job);
  }
  return cudaGetLastError();
}

cudaError_t adam_cuda(const DeviceAdam& job, cudaStream_t stream) {
  const std::size_t numbers = job.rows == nullptr ? job.count : job.count * job.dim;
  adam_kernel<<<blocks_for(numbers, kThreads), kThreads, 0, stream>>>(job, numbers);
  return cudaGetLastError();
}

cudaError_t concat_cuda(const DeviceConcat& job, cudaStream_t stream) {
  concat_kernel<<<blocks_for(job.rows, kWarps), kThreads, 0, stream>>>(job);
  return cudaGetLastError();
}

cudaError_t bpr_cuda(const DeviceBpr& job, cudaStream_t stream) {
  const unsigned by_nodes = blocks_for(job.nodes, kWarps);
  bpr_mean_kernel<<<by_nodes, kThreads, 0, stream>>>(job);
  bpr_triple_kernel<<<blocks_for(job.triples, kWarps), kThreads, 0, stream>>>(job);
  bpr_seed_kernel<<<by_nodes, kThreads, 0, stream>>>(job);
  bpr_loss_kernel<<<1, kLanes, 0, stream>>>(job);
  return cudaGetLastError();
}

}  // namespace weft::gnn
