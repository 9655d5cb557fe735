#include "tools/split_files.h"

#include <gtest/gtest.h>

#include "tests/tools/run_weft.h"
#include "tests/tools/small_graph.h"

namespace weft::tools {
namespace {

TEST(SplitFiles, HoldEachTargetEdgeOnceInItsPart) {
  const auto folder = scratch_folder("split_files");
  const graph::Snapshot snapshot = write_small_graph(folder / "snapshot");
  const graph::Split split =
      graph::make_split(snapshot, 0, {.kind = graph::SplitKind::kTime, .valid = 0.2, .test = 0.2});
  write_split_files(snapshot, split, folder / "split");
  EXPECT_EQ(read_text(folder / "split" / "train.tsv"),
            "user\titem\ttime\tweight\nu0\ti0\t10\t\nu1\ti0\t20\t\nu2\ti3\t30\t\n");
  EXPECT_EQ(read_text(folder / "split" / "valid.tsv"), "user\titem\ttime\tweight\nu0\ti2\t40\t\n");
  EXPECT_EQ(read_text(folder / "split" / "test.tsv"), "user\titem\ttime\tweight\nu1\ti1\t50\t\n");
  for (const auto& entry : std::filesystem::directory_iterator(folder / "split"))
    EXPECT_EQ(entry.path().extension(), ".tsv") << "nothing temporary stays";
}

}  // namespace
}  // namespace weft::tools
