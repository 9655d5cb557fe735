#include "tools/reasons.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/tools/run_weft.h"
#include "tests/tools/small_graph.h"

namespace weft::tools {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class Reasons : public ::testing::Test {
 protected:
  graph::Snapshot snapshot_ = write_small_graph(scratch_folder("reasons") / "snapshot");
  // i1 points as i0 does, i2 against it, i3 across.
  gnn::NodeVectors items_{.rows = 4, .dim = 2, .values = {1, 0, 2, 0, -1, 0, 0, 1}, .bias = {0, 0, 0, 0}};
};

TEST_F(Reasons, HistoryIsNewestFirstOverAllEdgeTypes) {
  const auto history = history_of(snapshot_, 0, 1, 0, 0);
  ASSERT_EQ(history.size(), 3U);
  EXPECT_EQ(history[0].item, 1U);
  EXPECT_EQ(history[0].edge_type, 1U);
  EXPECT_EQ(history[1].item, 2U);
  EXPECT_EQ(history[2].item, 0U);
  EXPECT_EQ(history[2].time, 10);
}

TEST_F(Reasons, NamesTheNearestItemOfTheHistoryAndWhatBothShare) {
  const auto history = history_of(snapshot_, 0, 1, 0, 1);  // i1 at 50, i0 at 20
  const std::string why = reason_for(snapshot_, 1, 0, {history[1]}, items_, 1);
  EXPECT_EQ(why, "like 'red chair' (buys, 1970-01-01); both brand Harbor");
}

TEST_F(Reasons, WithoutAnythingAlikeSaysSo) {
  EXPECT_EQ(reason_for(snapshot_, 1, 0, {}, items_, 0), "popular with others");
  EXPECT_EQ(reason_for(snapshot_, 1, 0, {}, items_, 3), "matches what is known of you");
  const auto history = history_of(snapshot_, 0, 1, 0, 2);  // i3 alone, at right angles to i0
  EXPECT_EQ(reason_for(snapshot_, 1, 0, history, items_, 0), "popular with others");
}

TEST_F(Reasons, SharedAttributes) {
  EXPECT_THAT(shared_attributes(snapshot_, 1, 0, 1), ElementsAre("brand Harbor"));
  EXPECT_THAT(shared_attributes(snapshot_, 1, 0, 2), IsEmpty());
}

TEST(Cosine, OfZeroIsZero) {
  const float zero[2] = {0, 0}, one[2] = {3, 4};
  EXPECT_EQ(cosine(zero, one), 0);
  EXPECT_NEAR(cosine(one, one), 1, 1e-12);
}

}  // namespace
}  // namespace weft::tools
