#include "base/spool.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "base/error.h"
#include "base/merge.h"
#include "tests/support/temp_folder.h"

namespace weft {
namespace {

// A key, and which run it comes from: runs are merged by key alone.
struct Keyed {
  std::uint32_t key = 0, run = 0;
  bool operator<(const Keyed& other) const { return key < other.key; }
  bool operator==(const Keyed&) const = default;
};

class SpoolTest : public ::testing::Test {
 protected:
  test::TempFolder folder_;
  Scratch scratch_{folder_ / "tmp", real_files()};
};

TEST_F(SpoolTest, GivesBackWhatWasPutInWhereverItLies) {
  const auto check = [&](SpoolWriter writer, bool on_disk, bool move = false) {
    std::mt19937_64 random(4);
    std::vector<std::string> pieces;
    for (int i = 0; i < 500; ++i) {
      pieces.emplace_back(random() % 20'000 / (1 + random() % 100), static_cast<char>(i));
      writer.put(static_cast<std::uint32_t>(pieces.back().size()));
      writer.append(pieces.back().data(), pieces.back().size());
    }
    Spool spool = writer.finish();
    EXPECT_EQ(std::filesystem::is_empty(folder_ / "tmp"), !on_disk);
    EXPECT_EQ(scratch_.bytes_in_memory(), on_disk ? 0 : spool.size());
    if (move) {
      spool.move_to_disk("moved");
      EXPECT_FALSE(std::filesystem::is_empty(folder_ / "tmp"));
      EXPECT_EQ(scratch_.bytes_in_memory(), 0U);
    }
    SpoolReader reader(spool, real_files(), 1);
    for (const std::string& piece : pieces) {
      std::uint32_t size = 0;
      ASSERT_TRUE(reader.get(size));
      ASSERT_EQ(size, piece.size());
      if (size > 0) {
        ASSERT_EQ(std::string_view(reader.take(size), size), piece);
      }
    }
    std::uint32_t size = 0;
    EXPECT_FALSE(reader.get(size));
  };
  check(SpoolWriter(scratch_, "s", Keep::kInMemory), false);
  check(SpoolWriter(scratch_, "s", Keep::kOnDisk), true);
  check(SpoolWriter(scratch_, "s", std::size_t{1} << 30), false);
  check(SpoolWriter(scratch_, "s", 1000), true);
  EXPECT_EQ(scratch_.runs(), 2U);
  check(SpoolWriter(scratch_, "s", Keep::kInMemory), false, true);
  check(SpoolWriter(scratch_, "s", Keep::kOnDisk), true, true);
  EXPECT_EQ(scratch_.runs(), 4U);
  EXPECT_EQ(scratch_.bytes_in_memory(), 0U);
  EXPECT_GT(scratch_.peak_bytes(), 0U);
  EXPECT_TRUE(std::filesystem::is_empty(folder_ / "tmp")) << "a spool's file goes with it";
}

TEST_F(SpoolTest, OneThatEndsWithinARecordIsAnError) {
  for (const Keep keep : {Keep::kInMemory, Keep::kOnDisk}) {
    SpoolWriter writer(scratch_, "cut", keep);
    writer.put(std::uint32_t{7});
    const Spool spool = writer.finish();
    SpoolReader reader(spool, real_files(), 4096);
    std::uint64_t value = 0;
    EXPECT_THROW(reader.get(value), Error);
  }
}

TEST_F(SpoolTest, MergedRunsAreInOrderAndTiesInThatOfTheRuns) {
  std::mt19937_64 random(5);
  for (const std::uint32_t count : {0U, 1U, 2U, 9U}) {
    std::vector<Spool> runs;
    std::vector<Keyed> wanted;
    for (std::uint32_t r = 0; r < count; ++r) {
      std::vector<std::uint32_t> keys(random() % 40);
      for (std::uint32_t& key : keys) key = random() % 25;
      std::sort(keys.begin(), keys.end());
      SpoolWriter writer(scratch_, "run", r % 2 == 0 ? Keep::kInMemory : Keep::kOnDisk);
      for (const std::uint32_t key : keys) {
        wanted.push_back({key, r});
        writer.put(wanted.back());
      }
      runs.push_back(writer.finish());
    }
    std::stable_sort(wanted.begin(), wanted.end());
    auto merged = merge_runs<RecordCursor<Keyed>>(runs, real_files(), 1 << 16);
    for (const Keyed& record : wanted) {
      ASSERT_TRUE(merged.next());
      ASSERT_EQ(merged.top().key(), record);
    }
    EXPECT_FALSE(merged.next());
  }
}

}  // namespace
}  // namespace weft
