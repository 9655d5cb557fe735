#include "tools/features.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/tools/run_weft.h"
#include "tests/tools/small_graph.h"

namespace weft::tools {
namespace {

using ::testing::ElementsAre;

// Encoders are fitted on these nodes: an item whose only event is held out must not be among them.
TEST(TrainVisible, FollowsTheSplit) {
  const graph::Snapshot snapshot = write_small_graph(scratch_folder("visible") / "snapshot");
  const graph::Split split =
      graph::make_split(snapshot, 0, {.kind = graph::SplitKind::kTime, .valid = 0.2, .test = 0.2});
  EXPECT_THAT(train_visible(snapshot, split, 1),
              ElementsAre(1, 0, 0, 1));  // i1, i2 are bought and browsed later
  EXPECT_THAT(train_visible(snapshot, split, 0), ElementsAre(1, 1, 1));
  EXPECT_THAT(train_visible(snapshot, split, 2), ElementsAre(1, 1)) << "brands have no timed edges";
}

}  // namespace
}  // namespace weft::tools
