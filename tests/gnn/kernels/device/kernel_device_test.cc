// The kernels of a device against those of the CPU, on the host's form and on each GPU that is there; and the
// two forms of a device against each other, bit for bit.
#include "gnn/kernels/device/kernel_device.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <list>
#include <random>

#include "gnn/kernels/concat_rows.h"
#include "gnn/kernels/segment_softmax.h"
#include "gnn/kernels/spmm.h"
#include "gnn/kernels/spmm_max.h"
#include "sampling/cuda_plugin.h"
#include "sampling/sample_device.h"

namespace weft::gnn {
namespace {

enum class Device { kHost, kCuda };

// A device with its memory and its kernels on one stream.
class Bench {
 public:
  explicit Bench(Device device) {
    if (device == Device::kHost) {
      memory_ = sampling::host_sample_device();
      kernels_ = host_kernel_device();
      return;
    }
    check_cuda(require_cuda(), require_cuda().create_stream(&stream_), "making a stream");
    memory_ = sampling::cuda_sample_device(stream_);
    kernels_ = cuda_kernel_device(stream_);
  }
  ~Bench() {
    held_.clear();
    memory_.reset();
    if (stream_ != nullptr) require_cuda().destroy_stream(stream_);
  }
  Bench(const Bench&) = delete;
  Bench& operator=(const Bench&) = delete;

  KernelDevice& kernels() { return *kernels_; }
  // A copy on the device; null for an empty one.
  template <typename T>
  T* put(const std::vector<T>& values) {
    if (values.empty()) return nullptr;
    T* const at = room<T>(values.size());
    memory_->to_device(at, values.data(), values.size() * sizeof(T));
    memory_->synchronize();
    return at;
  }
  template <typename T>
  T* room(std::size_t count) {
    held_.emplace_back(*memory_, (count + 1) * sizeof(T));
    memory_->fill(held_.back().template as<T>(), 0xFF, (count + 1) * sizeof(T));  // NaN, and nobody's edge
    return held_.back().template as<T>();
  }
  template <typename T>
  std::vector<T> get(const T* at, std::size_t count) {
    std::vector<T> values(count);
    if (count > 0) memory_->to_host(values.data(), at, count * sizeof(T));
    memory_->synchronize();
    return values;
  }

 private:
  void* stream_ = nullptr;
  std::unique_ptr<sampling::SampleDevice> memory_;
  std::unique_ptr<KernelDevice> kernels_;
  std::list<sampling::DeviceMemory> held_;
};

struct Matrix {
  std::vector<std::uint32_t> offsets = {0}, columns = {};
  std::vector<float> weights = {};
  std::uint32_t column_count = 0, heads = 1;
  std::size_t rows() const { return offsets.size() - 1; }
  SparseRows<std::uint32_t> view() const { return {offsets, columns, weights, heads}; }
};

class Random {
 public:
  explicit Random(std::uint32_t seed) : engine_(seed) {}
  std::uint32_t below(std::uint32_t end) { return static_cast<std::uint32_t>(engine_() % end); }
  std::vector<float> floats(std::size_t count) {
    std::uniform_real_distribution<float> uniform(-1, 1);
    std::vector<float> out(count);
    for (float& value : out) value = uniform(engine_);
    return out;
  }
  // Mostly short rows, some empty, one long; weights above 1/2, so that means are well away from 0 / 0.
  Matrix matrix(std::uint32_t rows, std::uint32_t columns, std::uint32_t heads, bool weighted) {
    Matrix out{.column_count = columns, .heads = heads};
    for (std::uint32_t r = 0; r < rows; ++r) {
      const std::uint32_t degree = r == rows / 2 ? 900 : below(5) == 0 ? 0 : below(40);
      for (std::uint32_t e = 0; e < degree; ++e) out.columns.push_back(below(columns));
      out.offsets.push_back(static_cast<std::uint32_t>(out.columns.size()));
    }
    if (!weighted) return out;
    out.weights = floats(out.columns.size() * heads);
    for (float& weight : out.weights) weight += 1.5F;
    return out;
  }

 private:
  std::mt19937 engine_;
};

// `longest` 0: no row is cut.
DeviceRows put(Bench& bench, const std::vector<std::uint32_t>& offsets,
               const std::vector<std::uint32_t>& columns, std::uint32_t longest) {
  DeviceRows rows{.rows = static_cast<std::uint32_t>(offsets.size() - 1),
                  .offsets = bench.put(offsets),
                  .columns = bench.put(columns)};
  if (longest == 0) return rows;
  const RowParts parts = cut_rows(offsets, longest);
  rows.parts = bench.put(parts.parts);
  rows.cut = bench.put(parts.cut);
  rows.part_count = static_cast<std::uint32_t>(parts.parts.size());
  rows.cut_count = static_cast<std::uint32_t>(parts.cut.size());
  rows.slots = parts.slots;
  return rows;
}

class KernelDeviceTest : public testing::TestWithParam<Device> {
 protected:
  void SetUp() override {
    if (GetParam() == Device::kCuda && cuda_plugin().problem != CudaProblem::kNone)
      GTEST_SKIP() << cuda_plugin().message;
  }
  // What `work` reads back on this device; on a GPU it must be what the host's form gives, bit for bit.
  template <typename Work>
  auto on_device(Work&& work) {
    Bench bench(GetParam());
    auto result = work(bench);
    if (GetParam() == Device::kCuda) {
      Bench host(Device::kHost);
      const auto expected = work(host);
      EXPECT_EQ(result.size(), expected.size());
      EXPECT_EQ(0, std::memcmp(result.data(), expected.data(), result.size() * sizeof(result[0])));
    }
    return result;
  }
};
INSTANTIATE_TEST_SUITE_P(Devices, KernelDeviceTest, testing::Values(Device::kHost, Device::kCuda),
                         [](const auto& test) { return test.param == Device::kHost ? "host" : "cuda"; });

void expect_near(std::span<const float> got, std::span<const float> expected, float within) {
  ASSERT_EQ(got.size(), expected.size());
  for (std::size_t i = 0; i < got.size(); ++i) ASSERT_NEAR(got[i], expected[i], within) << i;
}

TEST_P(KernelDeviceTest, SumsAndMeansEqualTheCpus) {
  Random random(1);
  for (const std::uint32_t dim : {1U, 3U, 4U, 16U, 64U, 96U, 128U, 200U, 257U}) {
    for (const bool weighted : {false, true}) {
      const Matrix a = random.matrix(30, 25, 1, weighted);
      const std::vector<float> x = random.floats(std::size_t{25} * dim);
      for (const Reduce reduce : {Reduce::kSum, Reduce::kMean}) {
        std::vector<float> expected(30 * dim);
        spmm(a.view(), x, dim, reduce, expected, nullptr);
        for (const std::uint32_t longest : {0U, 16U, 512U}) {
          const auto got = on_device([&](Bench& bench) {
            DeviceGather job{.rows = put(bench, a.offsets, a.columns, longest), .dim = dim};
            job.weights = bench.put(a.weights);
            if (reduce == Reduce::kMean) job.scale = bench.put(mean_scales(a.view()));
            job.x = bench.put(x);
            job.scratch = bench.room<float>(std::size_t{job.rows.slots} * dim);
            auto* const out = bench.room<float>(30 * dim);
            job.out = out;
            bench.kernels().gather(job);
            return bench.get(out, 30 * dim);
          });
          expect_near(got, expected, reduce == Reduce::kSum ? 2e-3F : 1e-5F);
        }
      }
    }
  }
}

TEST_P(KernelDeviceTest, SumsWithHeadsStoredAsBFloat16AddedToWhatIsThere) {
  Random random(2);
  for (const std::uint32_t heads : {1U, 2U, 4U}) {
    const std::uint32_t dim = 24;
    const Matrix a = random.matrix(20, 30, heads, true);
    std::vector<BFloat16> x(std::size_t{30} * dim);
    to_bfloat16(random.floats(x.size()), x);
    const std::vector<float> before = random.floats(std::size_t{20} * dim);
    std::vector<float> expected(before.size());
    spmm(a.view(), std::span<const BFloat16>(x), dim, Reduce::kSum, std::span<float>(expected), nullptr);
    for (std::size_t i = 0; i < expected.size(); ++i) expected[i] += before[i];
    const auto got = on_device([&](Bench& bench) {
      float* const out = bench.put(before);
      DeviceGather job{.rows = put(bench, a.offsets, a.columns, 64), .heads = heads, .dim = dim};
      job.weights = bench.put(a.weights);
      job.x = bench.put(x);
      job.x_storage = Storage::kBFloat16;
      job.scratch = bench.room<float>(std::size_t{job.rows.slots} * dim);
      job.add = out;
      job.out = out;
      bench.kernels().gather(job);
      return bench.get(out, before.size());
    });
    expect_near(got, expected, 2e-3F);
    // Stored as bfloat16 too: the same sums, rounded once.
    std::vector<float> sums(before.size());
    spmm(a.view(), std::span<const BFloat16>(x), dim, Reduce::kSum, std::span<float>(sums), nullptr);
    const auto stored = on_device([&](Bench& bench) {
      auto* const out = bench.room<BFloat16>(before.size());
      DeviceGather job{.rows = put(bench, a.offsets, a.columns, 0), .heads = heads, .dim = dim};
      job.weights = bench.put(a.weights);
      job.x = bench.put(x);
      job.x_storage = job.out_storage = Storage::kBFloat16;
      job.out = out;
      bench.kernels().gather(job);
      return bench.get(out, before.size());
    });
    for (std::size_t i = 0; i < sums.size(); ++i)
      ASSERT_NEAR(to_float(stored[i]), sums[i], std::abs(sums[i]) / 128 + 1e-3F) << i;
  }
}

TEST_P(KernelDeviceTest, GradientsOfSumsEqualTheCpus) {
  Random random(3);
  for (const Reduce reduce : {Reduce::kSum, Reduce::kMean}) {
    for (const std::uint32_t heads : {1U, 4U}) {
      if (heads > 1 && reduce == Reduce::kMean) continue;
      const std::uint32_t dim = 40;
      const Matrix a = random.matrix(25, 20, heads, true);
      const std::vector<float> x = random.floats(std::size_t{20} * dim),
                               grad = random.floats(std::size_t{25} * dim);
      std::vector<float> result(grad.size()), grad_x(x.size()), grad_weights(a.weights.size());
      spmm(a.view(), x, dim, reduce, result, nullptr);
      const TransposedRows transposed = transpose(a.view(), 20);
      spmm_grad_x(a.view(), transposed, grad, dim, reduce, std::span<float>(grad_x), nullptr);
      spmm_grad_weights(a.view(), x, result, grad, dim, reduce, grad_weights, nullptr);
      const std::vector<float> scales =
          reduce == Reduce::kMean ? mean_scales(a.view()) : std::vector<float>();
      const auto got_x = on_device([&](Bench& bench) {
        DeviceGather job{
            .rows = put(bench, transposed.offsets, transposed.rows, 32), .heads = heads, .dim = dim};
        job.weights = bench.put(a.weights);
        job.positions = bench.put(transposed.edges);
        job.x_scale = bench.put(scales);
        job.x = bench.put(grad);
        job.scratch = bench.room<float>(std::size_t{job.rows.slots} * dim);
        auto* const out = bench.room<float>(x.size());
        job.out = out;
        bench.kernels().gather(job);
        return bench.get(out, x.size());
      });
      expect_near(got_x, grad_x, 2e-3F);
      const auto got_weights = on_device([&](Bench& bench) {
        DeviceEdgeDots job{.rows = put(bench, a.offsets, a.columns, 32), .dim = dim, .heads = heads};
        job.x = bench.put(x);
        job.grad = bench.put(grad);
        if (reduce == Reduce::kMean) {
          job.result = bench.put(result);
          job.scale = bench.put(scales);
        }
        job.out = bench.room<float>(a.weights.size());
        bench.kernels().edge_dots(job);
        return bench.get(job.out, a.weights.size());
      });
      expect_near(got_weights, grad_weights, 1e-4F);
    }
  }
}

TEST_P(KernelDeviceTest, MaximaAndTheirGradientsEqualTheCpus) {
  Random random(4);
  for (const bool weighted : {false, true}) {
    for (const std::uint32_t longest : {0U, 16U}) {
      const std::uint32_t dim = 35, rows = 25, columns = 20;
      const Matrix a = random.matrix(rows, columns, 1, weighted);
      std::vector<float> x = random.floats(std::size_t{columns} * dim);
      for (float& value : x) value = std::round(4 * value) / 4;  // ties
      x[3] = std::numeric_limits<float>::quiet_NaN();
      const std::vector<float> grad = random.floats(std::size_t{rows} * dim);
      std::vector<float> expected(grad.size());
      std::vector<std::uint32_t> winners(grad.size());
      spmm_max(a.view(), x, dim, expected, winners, nullptr);
      std::vector<float> largest;
      const auto got_winners = on_device([&](Bench& bench) {
        DeviceGatherMax job{.rows = put(bench, a.offsets, a.columns, longest), .dim = dim};
        job.weights = bench.put(a.weights);
        job.x = bench.put(x);
        job.out = bench.room<float>(grad.size());
        job.winners = bench.room<std::uint32_t>(grad.size());
        job.scratch = bench.room<float>(std::size_t{job.rows.slots} * dim);
        job.winner_scratch = bench.room<std::uint32_t>(std::size_t{job.rows.slots} * dim);
        bench.kernels().gather_max(job);
        largest = bench.get(job.out, grad.size());
        return bench.get(job.winners, grad.size());
      });
      ASSERT_EQ(got_winners, winners);
      for (std::size_t i = 0; i < largest.size(); ++i)
        ASSERT_TRUE(largest[i] == expected[i] || (std::isnan(largest[i]) && std::isnan(expected[i]))) << i;

      const TransposedRows transposed = transpose(a.view(), columns);
      std::vector<float> grad_x(x.size());
      spmm_max_grad_x(a.view(), transposed, winners, grad, dim, grad_x, nullptr);
      const auto got_x = on_device([&](Bench& bench) {
        DeviceGather job{.rows = put(bench, transposed.offsets, transposed.rows, longest), .dim = dim};
        job.weights = bench.put(a.weights);
        job.positions = bench.put(transposed.edges);
        job.winners = bench.put(winners);
        job.x = bench.put(grad);
        job.scratch = bench.room<float>(std::size_t{job.rows.slots} * dim);
        auto* const out = bench.room<float>(x.size());
        job.out = out;
        bench.kernels().gather(job);
        return bench.get(out, x.size());
      });
      expect_near(got_x, grad_x, 1e-4F);
      if (!weighted) continue;
      x[3] = 1;
      std::vector<float> grad_weights(a.weights.size());
      spmm_max_grad_weights(a.view(), x, winners, grad, dim, grad_weights, nullptr);
      const auto got_weights = on_device([&](Bench& bench) {
        DeviceEdgeDots job{.rows = put(bench, a.offsets, a.columns, longest), .dim = dim};
        job.x = bench.put(x);
        job.grad = bench.put(grad);
        job.winners = bench.put(winners);
        job.out = bench.room<float>(a.weights.size());
        bench.kernels().edge_dots(job);
        return bench.get(job.out, a.weights.size());
      });
      expect_near(got_weights, grad_weights, 1e-4F);
    }
  }
}

TEST_P(KernelDeviceTest, SoftmaxAndItsGradientEqualTheCpus) {
  Random random(5);
  for (const std::uint32_t heads : {1U, 3U, 8U, 40U}) {
    for (const std::uint32_t longest : {0U, 16U}) {
      const Matrix a = random.matrix(25, 20, heads, false);
      std::vector<float> scores = random.floats(a.columns.size() * heads);
      for (float& score : scores) score *= 30;
      const float masked = -std::numeric_limits<float>::infinity();
      for (std::size_t i = 0; i < scores.size(); i += 7) scores[i] = masked;
      for (std::size_t i = 0; i < std::size_t{a.offsets[3]} * heads; ++i) scores[i] = masked;  // whole rows
      const std::vector<float> grad = random.floats(scores.size());
      std::vector<float> expected(scores.size()), expected_grad(scores.size());
      const std::span<const std::uint32_t> offsets(a.offsets);
      segment_softmax(offsets, heads, scores, std::span<float>(expected), nullptr);
      segment_softmax_grad(offsets, heads, expected, grad, std::span<float>(expected_grad), nullptr);
      const auto run = [&](const std::vector<float>& values, const std::vector<float>& gradient) {
        return on_device([&](Bench& bench) {
          DeviceSoftmax job{.rows = put(bench, a.offsets, a.columns, longest), .heads = heads};
          job.values = bench.put(values);
          job.grad = bench.put(gradient);
          job.out = bench.room<float>(values.size());
          job.scratch = bench.room<float>(std::size_t{job.rows.slots + job.rows.cut_count} * heads * 2);
          bench.kernels().softmax(job);
          return bench.get(job.out, values.size());
        });
      };
      expect_near(run(scores, {}), expected, 2e-6F);
      expect_near(run(expected, grad), expected_grad, 2e-6F);
    }
  }
}

TEST_P(KernelDeviceTest, AdamMovesAsTheCpus) {
  Random random(6);
  const std::uint32_t dim = 12, table_rows = 50;
  const AdamStep step({.learning_rate = 0.01, .decay = 0.001, .apart_decay = 0.1}, 3);
  const std::vector<float> start = random.floats(std::size_t{table_rows} * dim);
  std::vector<float> variance = random.floats(start.size());
  for (float& value : variance) value = std::abs(value);
  const std::vector<float> mean = random.floats(start.size());
  for (const bool by_rows : {false, true}) {
    const std::vector<std::uint32_t> rows =
        by_rows ? std::vector<std::uint32_t>{7, 0, 49, 13} : std::vector<std::uint32_t>();
    const std::vector<float> gradient = random.floats(by_rows ? rows.size() * dim : start.size());
    std::vector<float> p = start, m = mean, v = variance;
    by_rows ? adam_update_rows(step, rows, dim, gradient, p, m, v) : adam_update(step, gradient, p, m, v);
    const auto got = on_device([&](Bench& bench) {
      DeviceAdam job{.step = step, .rows = bench.put(rows)};
      job.count = by_rows ? rows.size() : start.size();
      if (by_rows) job.dim = dim;
      job.gradient = bench.put(gradient);
      job.parameters = bench.put(start);
      job.mean = bench.put(mean);
      job.variance = bench.put(variance);
      bench.kernels().adam(job);
      std::vector<float> all = bench.get(job.parameters, start.size());
      for (const float* moments : {job.mean, job.variance}) {
        const std::vector<float> more = bench.get(moments, start.size());
        all.insert(all.end(), more.begin(), more.end());
      }
      return all;
    });
    p.insert(p.end(), m.begin(), m.end());
    p.insert(p.end(), v.begin(), v.end());
    expect_near(got, p, 1e-5F);
  }
}

TEST_P(KernelDeviceTest, RowsOfTypedTablesSideBySide) {
  Random random(7);
  const std::vector<std::uint32_t> ids = {4, 0, 4, 9, 2};
  const std::vector<float> wide = random.floats(std::size_t{10} * 33), narrow = random.floats(ids.size() * 5);
  const std::vector<float> weights = {1, 0, 0.5F, 2, -1};
  const std::vector<RowBlock> blocks = {
      {.values = wide.data(), .dim = 33, .scale = 2},
      {.values = narrow.data(), .dim = 5, .by_id = false, .weights = weights.data()}};
  std::vector<float> expected(ids.size() * 38);
  concat_rows(blocks, ids, expected, nullptr);
  const auto got = on_device([&](Bench& bench) {
    const std::vector<DeviceRowBlock> there = {
        {.values = bench.put(wide), .dim = 33, .scale = 2},
        {.values = bench.put(narrow), .dim = 5, .by_id = 0, .weights = bench.put(weights)}};
    DeviceConcat job{.blocks = bench.put(there), .block_count = 2, .ids = bench.put(ids), .rows = 5};
    job.width = 38;
    job.out = bench.room<float>(expected.size());
    bench.kernels().concat(job);
    return bench.get(job.out, expected.size());
  });
  EXPECT_EQ(got, expected);
}

// What is named as hot is read there and nowhere else, and the rest from the table.
TEST_P(KernelDeviceTest, HotRowsAreReadFromTheirSlots) {
  Random random(9);
  const std::vector<std::uint32_t> ids = {4, 0, 4, 9, 2, 7};
  const std::vector<float> table = random.floats(std::size_t{10} * 33),
                           hot = random.floats(std::size_t{3} * 33);
  std::vector<std::uint32_t> slots(10, kColdRow);
  slots[4] = 2, slots[2] = 0, slots[5] = 1;
  std::vector<float> expected;
  for (const std::uint32_t id : ids) {
    const float* const row =
        slots[id] == kColdRow ? &table[std::size_t{id} * 33] : &hot[std::size_t{slots[id]} * 33];
    for (std::size_t d = 0; d < 33; ++d) expected.push_back(2 * row[d]);
  }
  const auto got = on_device([&](Bench& bench) {
    const std::vector<DeviceRowBlock> there = {{.values = bench.put(table),
                                                .dim = 33,
                                                .scale = 2,
                                                .hot = bench.put(hot),
                                                .hot_slots = bench.put(slots)}};
    DeviceConcat job{.blocks = bench.put(there), .block_count = 1, .ids = bench.put(ids), .rows = 6};
    job.width = 33;
    job.out = bench.room<float>(expected.size());
    bench.kernels().concat(job);
    return bench.get(job.out, expected.size());
  });
  EXPECT_EQ(got, expected);
}

// cuBLAS rounds in its own order: near, not equal.
TEST_P(KernelDeviceTest, OneProductForEachType) {
  Random random(8);
  Bench bench(GetParam());
  struct Type {
    std::uint32_t rows, inner, columns;
    std::vector<float> x = {}, w = {};
    float* out = nullptr;
  };
  std::vector<Type> types = {{7, 16, 8}, {0, 16, 8}, {3, 0, 8}, {65, 33, 20}};
  std::vector<DeviceProduct> products;
  for (Type& type : types) {
    type.x = random.floats(std::size_t{type.rows} * type.inner);
    type.w = random.floats(std::size_t{type.inner} * type.columns);
    type.out = bench.room<float>(std::size_t{type.rows} * type.columns);
    products.push_back({bench.put(type.x), bench.put(type.w), type.out, type.rows, type.inner, type.columns});
  }
  bench.kernels().products(products, bench.room<const void*>(3 * products.size()));
  for (const Type& type : types) {
    const std::vector<float> got = bench.get(type.out, std::size_t{type.rows} * type.columns);
    for (std::size_t r = 0; r < type.rows; ++r) {
      for (std::size_t c = 0; c < type.columns; ++c) {
        double sum = 0;
        for (std::size_t i = 0; i < type.inner; ++i)
          sum += double{type.x[r * type.inner + i]} * type.w[i * type.columns + c];
        ASSERT_NEAR(got[r * type.columns + c], sum, 1e-4);
      }
    }
  }
}

TEST_P(KernelDeviceTest, NothingAtAll) {
  Bench bench(GetParam());
  const std::vector<std::uint32_t> none = {0};
  bench.kernels().gather({.rows = put(bench, none, {}, 0), .dim = 8});
  bench.kernels().gather_max({.rows = put(bench, none, {}, 0), .dim = 8});
  bench.kernels().edge_dots({.rows = put(bench, none, {}, 0), .dim = 8});
  bench.kernels().softmax({.rows = put(bench, none, {}, 0)});
  bench.kernels().adam({.step = AdamStep({}, 1)});
  bench.kernels().concat({});
  bench.kernels().products({}, nullptr);
}

}  // namespace
}  // namespace weft::gnn
