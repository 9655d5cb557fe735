#include "tools/features.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "encoders/vector_cache.h"
#include "storage/vector_cache.h"
#include "tests/tools/run_weft.h"
#include "tests/tools/small_graph.h"
#include "tests/tools/small_shop.h"
#include "tools/feature_folders.h"

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

// Each refit makes vectors anew: those that nothing uses go with the encoder that made them.
TEST(PruneFeatures, TrainingRemovesWhatNoModelUses) {
  const SmallShop shop;
  ASSERT_EQ(shop.run("ingest").exit_code, 0);
  storage::Project project;
  project.workspace.folder = shop.workspace();
  const std::string hash = encoders::content_hash(encoders::Asset::text("thing of kind 1"));
  const auto trained = [&](const std::string& settings) {
    EXPECT_EQ(shop.run("train" + settings).exit_code, 0);
    const auto folders = feature_folders(project);
    EXPECT_EQ(folders.size(), 1U);
    return encoders::FeatureSet::open(folders.at(0)).info().encoder_fingerprint + "/" + hash;
  };
  const std::string first = trained("");
  const auto place = feature_folders(project).at(0).parent_path();
  const auto living = place / (".00ff.writing-" + std::to_string(::getpid())),
             dead = place / ".00ff.writing-4999999";
  std::filesystem::create_directory(living);
  std::filesystem::create_directory(dead);
  const std::string second = trained(" --set encoders.text.dim=9");
  ASSERT_NE(first, second);
  const storage::VectorCache cache = storage::VectorCache::open(shop.workspace() / "vectors");
  const std::vector<std::string> keys = {first, second};
  const auto found = cache.get_many(keys);
  EXPECT_FALSE(found[0].has_value());
  EXPECT_TRUE(found[1].has_value());
  EXPECT_TRUE(std::filesystem::exists(living)) << "somebody writes it";
  EXPECT_FALSE(std::filesystem::exists(dead)) << "left by a process that was killed";
}

}  // namespace
}  // namespace weft::tools
