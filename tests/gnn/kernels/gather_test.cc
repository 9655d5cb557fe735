#include "gnn/kernels/gather.h"

#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <vector>

namespace weft::gnn {
namespace {

TEST(GatherRows, ScaleAddAndRowListEqualLoops) {
  std::mt19937 random(11);
  const std::size_t nodes = 40, dim = 20;
  std::vector<std::uint64_t> offsets = {0};
  std::vector<std::uint32_t> columns;
  std::vector<float> x(nodes * dim), scale(nodes), add(nodes * dim);
  for (float& v : x) v = static_cast<float>(random() % 100) / 50 - 1;
  for (std::size_t i = 0; i < nodes; ++i) {
    scale[i] = 0.5F + 0.1F * static_cast<float>(i);
    for (std::size_t e = random() % 30; e > 0; --e) columns.push_back(random() % nodes);
    offsets.push_back(columns.size());
  }
  for (std::size_t i = 0; i < add.size(); ++i) add[i] = static_cast<float>(i % 13);
  const std::vector<std::uint32_t> rows = {39, 0, 17, 17, 4};
  std::vector<float> out(rows.size() * dim);
  const GatherJob<std::uint64_t> job{.offsets = offsets.data(),
                                     .columns = columns.data(),
                                     .edges = columns.size(),
                                     .rows = rows.data(),
                                     .scale = scale.data(),
                                     .add = add.data(),
                                     .x = x.data(),
                                     .dim = dim,
                                     .out = out.data()};
  gather_rows(job, 0, rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    for (std::size_t d = 0; d < dim; ++d) {
      double sum = 0;
      for (std::size_t e = offsets[rows[i]]; e < offsets[rows[i] + 1]; ++e) sum += x[columns[e] * dim + d];
      EXPECT_NEAR(out[i * dim + d], scale[rows[i]] * sum + add[rows[i] * dim + d], 1e-4);
    }
  }
}

TEST(ForRowsByEdges, VisitsEveryRowOnceEvenWithOneHugeRow) {
  ThreadPool pool(3);
  std::vector<std::uint32_t> offsets = {0, 1000000};
  for (int i = 0; i < 500; ++i) offsets.push_back(offsets.back() + static_cast<std::uint32_t>(i % 3));
  std::vector<std::atomic<int>> seen(offsets.size() - 1);
  for_rows_by_edges(std::span<const std::uint32_t>(offsets), &pool, [&](std::size_t begin, std::size_t end) {
    for (std::size_t r = begin; r < end; ++r) ++seen[r];
  });
  for (const auto& count : seen) EXPECT_EQ(count, 1);
}

TEST(VectorOps, DotAndAddScaled) {
  std::mt19937 random(12);
  std::uniform_real_distribution<float> uniform(-1, 1);
  for (std::size_t dim = 0; dim < 70; ++dim) {
    std::vector<float> a(dim), b(dim);
    double expected = 0;
    for (std::size_t d = 0; d < dim; ++d) {
      a[d] = uniform(random);
      b[d] = uniform(random);
      expected += static_cast<double>(a[d]) * b[d];
    }
    EXPECT_NEAR(dot(a.data(), b.data(), dim), expected, 1e-5);
    std::vector<float> y = a;
    add_scaled(y.data(), b.data(), 0.25F, dim);
    for (std::size_t d = 0; d < dim; ++d) EXPECT_NEAR(y[d], a[d] + 0.25 * b[d], 1e-6);
  }
}

}  // namespace
}  // namespace weft::gnn
