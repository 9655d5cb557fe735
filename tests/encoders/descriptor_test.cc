#include "encoders/descriptor.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>
#include <random>

#include "base/error.h"
#include "encoders/model_file.h"

namespace weft::encoders {
namespace {

constexpr std::array<DescriptorGroup, 2> kTwo = {
    {{.name = "a", .size = 2}, {.name = "b", .size = 4, .weight = 4}}};

DenseMatrix random_rows(std::size_t n, std::uint32_t seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  DenseMatrix rows(n, 6);
  for (std::size_t i = 0; i < n; ++i) {
    const float shared = normal(random);
    for (std::size_t j = 0; j < 6; ++j) {
      rows.row(i)[j] = 100 * static_cast<float>(j) + (shared + normal(random)) * static_cast<float>(j + 1);
    }
  }
  return rows;
}

std::vector<float> apply(const Reduction& r, std::span<const float> row, std::size_t dim) {
  std::vector<float> out(dim, -1.0F);
  r.apply(row, out);
  return out;
}

TEST(DescriptorBuilder, ReplacesWhatIsNotFinite) {
  DescriptorBuilder builder(kTwo);
  builder.add(std::numeric_limits<float>::quiet_NaN());
  builder.add(3);
  builder.end_group("a");
  builder.add(std::vector<float>{1, 2, std::numeric_limits<float>::infinity(), 4});
  builder.end_group("b");
  EXPECT_EQ(builder.take(), (std::vector<float>{0, 3, 1, 2, 0, 4}));
  EXPECT_EQ(descriptor_size(kTwo), 6U);
}

// With all directions kept and no whitening, distances are those of the standardised, group-weighted values.
TEST(Reduction, KeepsStandardisedDistances) {
  const DenseMatrix rows = random_rows(200, 1);
  const Reduction r = Reduction::fit(rows, kTwo, {.dim = 6, .whiten = 0}, nullptr);
  std::array<double, 6> deviation{};
  for (std::size_t j = 0; j < 6; ++j) {
    double mean = 0;
    for (std::size_t i = 0; i < 200; ++i) mean += rows.row(i)[j] / 200;
    for (std::size_t i = 0; i < 200; ++i)
      deviation[j] += (rows.row(i)[j] - mean) * (rows.row(i)[j] - mean) / 200;
  }
  double ratio = 0;
  for (std::size_t i = 1; i < 50; ++i) {
    const std::vector<float> a = apply(r, rows.row_span(0), 6);
    const std::vector<float> b = apply(r, rows.row_span(i), 6);
    double got = 0;
    double want = 0;
    for (std::size_t j = 0; j < 6; ++j) {
      got += (a[j] - b[j]) * (a[j] - b[j]);
      const double d = rows.row(0)[j] - rows.row(i)[j];
      want += d * d / deviation[j] * (j < 2 ? 1.0 / 2 : 4.0 / 4);
    }
    if (i == 1) ratio = got / want;
    EXPECT_NEAR(got / want, ratio, 1e-3 * ratio) << i;
  }
}

TEST(Reduction, ValuesHaveAMeanSquareOfOneAndWhitenedOnesEach) {
  const DenseMatrix rows = random_rows(500, 2);
  for (const double whiten : {0.0, 0.5, 1.0}) {
    const Reduction r = Reduction::fit(rows, kTwo, {.dim = 6, .whiten = whiten}, nullptr);
    std::array<double, 6> square{};
    for (std::size_t i = 0; i < 500; ++i) {
      const std::vector<float> v = apply(r, rows.row_span(i), 6);
      for (std::size_t j = 0; j < 6; ++j) square[j] += v[j] * v[j] / 500;
    }
    double total = 0;
    for (const double s : square) total += s / 6;
    EXPECT_NEAR(total, 1, 0.01);
    if (whiten == 1.0) {
      for (const double s : square) EXPECT_NEAR(s, 1, 0.02);
    }
  }
}

TEST(Reduction, FewOrEqualDescriptorsFillWithZeros) {
  const DenseMatrix three = random_rows(3, 3);
  const Reduction few = Reduction::fit(three, kTwo, {.dim = 5}, nullptr);
  const std::vector<float> v = apply(few, three.row_span(0), 5);
  EXPECT_NE(v[0], 0);
  for (std::size_t j = 3; j < 5; ++j) EXPECT_EQ(v[j], 0);
  DenseMatrix equal(4, 6);
  for (const std::size_t n : {0U, 4U}) {
    const Reduction none = Reduction::fit(n == 0 ? DenseMatrix(0, 6) : equal, kTwo, {.dim = 5}, nullptr);
    for (const float x : apply(none, three.row_span(0), 5)) EXPECT_EQ(x, 0);
  }
}

TEST(Reduction, CutsOutliersAndRefusesNumbersThatAreNone) {
  const DenseMatrix rows = random_rows(100, 4);
  const Reduction r = Reduction::fit(rows, kTwo, {.dim = 6}, nullptr);
  const std::vector<float> huge(6, 1e30F);
  for (const float v : apply(r, huge, 6)) EXPECT_LT(std::abs(v), 100);

  ModelFileWriter writer("image", 1, {});
  r.save(writer);
  const Reduction loaded = Reduction::load(ModelFile(writer.bytes(), "image", 1, "f"), 6, 6);
  EXPECT_EQ(apply(loaded, rows.row_span(5), 6), apply(r, rows.row_span(5), 6));
  EXPECT_THROW(Reduction::load(ModelFile(writer.bytes(), "image", 1, "f"), 6, 5), Error);
  EXPECT_THROW(Reduction::load(ModelFile(writer.bytes(), "image", 1, "f"), 7, 6), Error);

  ModelFileWriter bad("image", 1, {});
  bad.add("mean", std::vector<float>{std::numeric_limits<float>::quiet_NaN()});
  bad.add("scale", std::vector<float>{1});
  bad.add("limit", std::vector<float>{1});
  bad.add("rank", std::vector<std::uint64_t>{1});
  bad.add("directions", std::vector<float>{1});
  EXPECT_THROW(Reduction::load(ModelFile(bad.bytes(), "image", 1, "f"), 1, 1), Error);
}

}  // namespace
}  // namespace weft::encoders
