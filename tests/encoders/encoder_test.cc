#include "encoders/encoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/thread_pool.h"
#include "tests/encoders/fake_encoder.h"

namespace weft::encoders {
namespace {

using ::testing::ElementsAre;

TEST(RowEncoder, MissingAndBrokenAssetsAreZeroRowsAndOnlyBrokenOnesAreFailures) {
  const FakeEncoder encoder;
  const std::vector<Asset> assets = {Asset::text("3"), Asset::missing(), Asset::text("broken"),
                                     Asset::text("4")};
  ThreadPool pool(3);
  for (ThreadPool* threads : {static_cast<ThreadPool*>(nullptr), &pool}) {
    const Encoded out = encoder.encode(assets, threads);
    EXPECT_EQ(out.rows, 4U);
    EXPECT_EQ(out.dim, 2U);
    EXPECT_THAT(out.values, ElementsAre(3, 6, 0, 0, 0, 0, 4, 8));
    EXPECT_THAT(out.present, ElementsAre(1, 0, 0, 1));
    ASSERT_EQ(out.failures.size(), 1U);
    EXPECT_EQ(out.failures[0].row, 2U);
    EXPECT_EQ(out.failures[0].reason, "cannot be read");
    EXPECT_THAT(std::vector<float>(out.row(3).begin(), out.row(3).end()), ElementsAre(4, 8));
  }
}

TEST(RowEncoder, NoAssetsGiveNoRows) {
  const Encoded out = FakeEncoder().encode({});
  EXPECT_EQ(out.rows, 0U);
  EXPECT_TRUE(out.values.empty());
}

TEST(FitSample, TakesAllWhenFewAndSpreadsEvenlyWhenMany) {
  EXPECT_THAT(fit_sample(3, 10), ElementsAre(0, 1, 2));
  EXPECT_THAT(fit_sample(10, 5), ElementsAre(0, 2, 4, 6, 8));
  EXPECT_THAT(fit_sample(0, 5), ElementsAre());
  EXPECT_THAT(fit_sample(5, 0), ElementsAre());
  const std::vector<std::size_t> sample = fit_sample(1000, 300);
  ASSERT_EQ(sample.size(), 300U);
  for (std::size_t i = 0; i < sample.size(); ++i) EXPECT_EQ(sample[i], i * 1000 / 300) << i;
}

}  // namespace
}  // namespace weft::encoders
