#include "gnn/kernels/device/kernel_device.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "gnn/kernels/device/bpr_steps.h"
#include "gnn/kernels/device/kernel_table.h"
#include "gnn/kernels/device/steps.h"
#include "sampling/cuda_plugin.h"

namespace weft::gnn {
namespace {

using steps::kLanes;

void check(const DeviceRows& rows) {
  WEFT_CHECK(rows.rows == 0 || rows.offsets != nullptr);
  WEFT_CHECK(rows.parts != nullptr ? rows.slots == 0 || rows.cut != nullptr
                                   : rows.part_count == 0 && rows.cut_count == 0 && rows.slots == 0);
}

// The same tree as the device's shuffles: lane i joins lane i ^ step.
template <typename Value, typename Join>
Value join_lanes(std::array<Value, kLanes> lanes, std::uint32_t first_step, std::uint32_t end, Join&& join) {
  for (std::uint32_t step = first_step; step < end; step *= 2) {
    std::array<Value, kLanes> next = lanes;
    for (std::uint32_t i = 0; i < kLanes; ++i) next[i] = join(lanes[i], lanes[i ^ step]);
    lanes = next;
  }
  return lanes[0];
}

float add(float a, float b) {
  return a + b;
}

class HostKernels final : public KernelDevice {
 private:
  template <typename Body>
  static void each_part(const DeviceRows& rows, Body&& body) {
    for (std::uint32_t i = 0; i < steps::part_count(rows); ++i) body(steps::part_of(rows, i));
  }

  template <std::uint32_t Vector, typename In, typename Out>
  static void gather_as(const DeviceGather& job) {
    const steps::Lanes lanes = steps::lanes_over(job.dim, Vector);
    each_part(job.rows, [&](const RowPart& part) {
      for (std::uint32_t column = 0; column < job.dim; column += Vector) {
        std::array<std::array<float, Vector>, kLanes> sums = {};
        for (std::uint32_t group = 0; group < lanes.groups(); ++group)
          steps::gather_part<Vector, In>(job, part, group, lanes.groups(), column, sums[group].data());
        for (std::uint32_t v = 0; v < Vector; ++v) {
          std::array<float, kLanes> number = {};
          for (std::uint32_t group = 0; group < lanes.groups(); ++group) number[group] = sums[group][v];
          const float sum = join_lanes(number, 1, lanes.groups(), add);
          if (part.slot == kWholeRow) {
            steps::finish_sum<Out>(job, part.row, column + v, sum);
          } else {
            job.scratch[std::size_t{part.slot} * job.dim + column + v] = sum;
          }
        }
      }
    });
    for (std::uint32_t i = 0; i < job.rows.cut_count; ++i) {
      for (std::uint32_t column = 0; column < job.dim; ++column)
        steps::join_sum<Out>(job, job.rows.cut[i], column);
    }
  }
  template <typename In, typename Out>
  static void gather_of(const DeviceGather& job) {
    steps::vector_of(job) == 4 ? gather_as<4, In, Out>(job) : gather_as<1, In, Out>(job);
  }

  void run(const DeviceGather& job) override {
    const bool from_floats = job.x_storage == Storage::kFloat, to_floats = job.out_storage == Storage::kFloat;
    if (from_floats && to_floats) {
      gather_of<float, float>(job);
    } else if (from_floats) {
      gather_of<float, std::uint16_t>(job);
    } else if (to_floats) {
      gather_of<std::uint16_t, float>(job);
    } else {
      gather_of<std::uint16_t, std::uint16_t>(job);
    }
  }

  void run(const DeviceGatherMax& job) override {
    const std::uint32_t groups = steps::lanes_over(job.dim, 1).groups();
    each_part(job.rows, [&](const RowPart& part) {
      for (std::uint32_t column = 0; column < job.dim; ++column) {
        steps::Largest best;
        for (std::uint32_t group = 0; group < groups; ++group) {
          const steps::Largest here = steps::largest_of_part(job, part, group, groups, column);
          if (steps::beats(here, best)) best = here;
        }
        if (part.slot == kWholeRow) {
          steps::finish_largest(job, part.row, column, best);
        } else {
          const std::size_t at = std::size_t{part.slot} * job.dim + column;
          job.scratch[at] = best.value;
          job.winner_scratch[at] = best.edge;
        }
      }
    });
    for (std::uint32_t i = 0; i < job.rows.cut_count; ++i) {
      for (std::uint32_t column = 0; column < job.dim; ++column)
        steps::join_largest(job, job.rows.cut[i], column);
    }
  }

  void run(const DeviceEdgeDots& job) override {
    const std::uint32_t across = steps::lanes_over(job.dim / job.heads, 1).across;
    each_part(job.rows, [&](const RowPart& part) {
      for (std::uint32_t e = part.begin; e < part.end; ++e) {
        for (std::uint32_t head = 0; head < job.heads; ++head) {
          std::array<float, kLanes> shares = {};
          for (std::uint32_t lane = 0; lane < across; ++lane)
            shares[lane] = steps::edge_dot_share(job, part.row, e, head, lane, across);
          steps::finish_edge_dot(job, part.row, e, head, join_lanes(shares, 1, across, add));
        }
      }
    });
  }

  void run(const DeviceSoftmax& job) override {
    const std::uint32_t groups = steps::lanes_over(job.heads, 1).groups();
    const auto join = [&](const steps::RowSum& a, const steps::RowSum& b) {
      return steps::join_row_sums(job, a, b);
    };
    const auto each_head = [&](auto&& body) {
      for (std::uint32_t head = 0; head < job.heads; ++head) body(head);
    };
    const auto write = [&](const RowPart& part, std::uint32_t head, const steps::RowSum& row) {
      for (std::uint32_t e = part.begin; e < part.end; ++e) steps::softmax_edge(job, e, head, row);
    };
    each_part(job.rows, [&](const RowPart& part) {
      each_head([&](std::uint32_t head) {
        std::array<steps::RowSum, kLanes> sums = {};
        for (std::uint32_t group = 0; group < groups; ++group)
          sums[group] = steps::softmax_part(job, part, group, groups, head);
        const steps::RowSum row = join_lanes(sums, 1, groups, join);
        if (part.slot == kWholeRow) {
          write(part, head, row);
        } else {
          steps::keep_sum(job, part.slot, head, row);
        }
      });
    });
    for (std::uint32_t i = 0; i < job.rows.cut_count; ++i) {
      each_head([&](std::uint32_t head) { steps::join_cut_row(job, i, head); });
      const CutRow cut = job.rows.cut[i];
      const RowPart whole{cut.row, job.rows.offsets[cut.row], job.rows.offsets[cut.row + 1], kWholeRow};
      each_head(
          [&](std::uint32_t head) { write(whole, head, steps::kept_sum(job, job.rows.slots + i, head)); });
    }
  }

  void run(const DeviceAdam& job) override {
    const std::size_t numbers = job.rows == nullptr ? job.count : job.count * job.dim;
    for (std::size_t i = 0; i < numbers; ++i) steps::adam_at(job, i);
  }

  void run(const DeviceConcat& job) override {
    for (std::uint32_t i = 0; i < job.rows; ++i) {
      float* out = job.out + std::size_t{i} * job.width;
      for (std::uint32_t b = 0; b < job.block_count; ++b) {
        steps::concat_block(job.blocks[b], i, job.ids[i], 0, 1, out);
        out += job.blocks[b].dim;
      }
    }
  }

  void run(const DeviceBpr& job) override {
    const auto over_lanes = [](auto&& share) {
      std::array<float, kLanes> shares = {};
      for (std::uint32_t lane = 0; lane < kLanes; ++lane) shares[lane] = share(lane);
      return join_lanes(shares, 1, kLanes, add);
    };
    for (std::uint32_t node = 0; node < job.nodes; ++node) {
      for (std::uint32_t column = 0; column < job.dim; ++column) steps::bpr_mean(job, node, column);
    }
    for (std::uint32_t t = 0; t < job.triples; ++t) {
      const float margin =
          over_lanes([&](std::uint32_t lane) { return steps::bpr_margin_share(job, t, lane); });
      steps::bpr_finish_triple(job, t, margin);
    }
    for (std::uint32_t node = 0; node < job.nodes; ++node) {
      for (std::uint32_t column = 0; column < job.dim; ++column) steps::bpr_seed(job, node, column);
      const float norm =
          over_lanes([&](std::uint32_t lane) { return steps::bpr_norm_share(job, node, lane); });
      steps::bpr_finish_norm(job, node, norm);
    }
    *job.loss = over_lanes([&](std::uint32_t lane) { return steps::bpr_loss_share(job, lane); });
  }

  void run(std::span<const DeviceProduct> products, const void**) override {
    for (const DeviceProduct& product : products) {
      for (std::size_t r = 0; r < product.rows; ++r) {
        for (std::size_t c = 0; c < product.columns; ++c) {
          float sum = 0;
          for (std::size_t i = 0; i < product.inner; ++i)
            sum = steps::fused(product.x[r * product.inner + i], product.w[i * product.columns + c], sum);
          product.out[r * product.columns + c] = sum;
        }
      }
    }
  }
};

class CudaKernels final : public KernelDevice {
 public:
  explicit CudaKernels(void* stream) : cuda_(require_cuda()), stream_(stream) {
    const auto function = reinterpret_cast<KernelTableFunction>(cuda_plugin_symbol(kKernelTableSymbol));
    table_ = function == nullptr ? nullptr : function();
    if (table_ == nullptr || table_->version != kKernelTableVersion || table_->size != sizeof(KernelTable))
      throw Error(
          "the CUDA plugin's kernels do not belong to this version of weft; build both from the same "
          "sources");
  }

 private:
  void run(const DeviceGather& job) override {
    check(table_->gather(&job, stream_), "summing gathered rows");
  }
  void run(const DeviceGatherMax& job) override {
    check(table_->gather_max(&job, stream_), "taking the largest of gathered rows");
  }
  void run(const DeviceEdgeDots& job) override {
    check(table_->edge_dots(&job, stream_), "multiplying along edges");
  }
  void run(const DeviceSoftmax& job) override { check(table_->softmax(&job, stream_), "softmax of edges"); }
  void run(const DeviceAdam& job) override { check(table_->adam(&job, stream_), "a step of Adam"); }
  void run(const DeviceConcat& job) override { check(table_->concat(&job, stream_), "joining rows"); }
  void run(const DeviceBpr& job) override { check(table_->bpr(&job, stream_), "the loss of a batch"); }
  void run(std::span<const DeviceProduct> products, const void** scratch) override {
    check(table_->products(products.data(), static_cast<std::uint32_t>(products.size()), scratch, stream_),
          "multiplying matrices");
  }
  void check(int error, const char* what) const { check_cuda(cuda_, error, what); }

  const CudaTable& cuda_;
  const KernelTable* table_ = nullptr;
  void* stream_;
};

}  // namespace

void KernelDevice::gather(const DeviceGather& job) {
  check(job.rows);
  WEFT_CHECK(job.heads > 0 && job.dim % job.heads == 0);
  WEFT_CHECK(job.rows.slots == 0 || job.scratch != nullptr);
  if (job.rows.rows == 0 || job.dim == 0) return;
  run(job);
}
void KernelDevice::gather_max(const DeviceGatherMax& job) {
  check(job.rows);
  WEFT_CHECK(job.rows.slots == 0 || (job.scratch != nullptr && job.winner_scratch != nullptr));
  if (job.rows.rows == 0 || job.dim == 0) return;
  run(job);
}
void KernelDevice::edge_dots(const DeviceEdgeDots& job) {
  check(job.rows);
  WEFT_CHECK(job.heads > 0 && job.dim % job.heads == 0);
  WEFT_CHECK(job.winners == nullptr || (job.heads == 1 && job.result == nullptr));
  if (job.rows.rows == 0 || job.dim == 0) return;
  run(job);
}
void KernelDevice::softmax(const DeviceSoftmax& job) {
  check(job.rows);
  WEFT_CHECK(job.heads > 0 && (job.rows.slots == 0 || job.scratch != nullptr));
  if (job.rows.rows == 0) return;
  run(job);
}
void KernelDevice::adam(const DeviceAdam& job) {
  WEFT_CHECK(job.dim > 0);
  if (job.count == 0) return;
  run(job);
}
void KernelDevice::concat(const DeviceConcat& job) {
  if (job.rows == 0 || job.block_count == 0) return;
  run(job);
}
void KernelDevice::bpr(const DeviceBpr& job) {
  WEFT_CHECK(job.triples > 0 && job.nodes > 0 && job.dim > 0 && job.layers <= kMostLayers);
  run(job);
}
void KernelDevice::products(std::span<const DeviceProduct> products, const void** scratch) {
  if (!products.empty()) run(products, scratch);
}

std::unique_ptr<KernelDevice> host_kernel_device() {
  return std::make_unique<HostKernels>();
}
std::unique_ptr<KernelDevice> cuda_kernel_device(void* stream) {
  return std::make_unique<CudaKernels>(stream);
}

}  // namespace weft::gnn
