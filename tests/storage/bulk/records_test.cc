#include "storage/bulk/records.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "base/error.h"
#include "storage/bulk/merge.h"
#include "tests/support/temp_folder.h"

namespace weft::storage {
namespace {

std::mt19937_64 random_stream(std::uint64_t seed) {
  return std::mt19937_64(seed);
}

EdgeKey random_key(std::mt19937_64& random, std::uint64_t nodes) {
  return {.type = static_cast<graph::EdgeTypeId>(random() % 3),
          .node = static_cast<graph::NodeId>(random() % nodes),
          .time = random() % 4 == 0 ? graph::kNoTime : static_cast<graph::TimeMs>(random()),
          .other = static_cast<graph::NodeId>(random()),
          .event = random()};
}

std::string bytes_of(const EdgeRecord& record) {
  char bytes[kEdgeKeyBytes + kEdgeValueBytes];
  record.bytes(bytes);
  return {bytes, sizeof(bytes)};
}

TEST(EdgeRecord, HasTheBytesAndTheOrderOfTheStoresKeys) {
  auto random = random_stream(1);
  std::vector<EdgeRecord> records;
  std::vector<std::string> wanted;
  for (int i = 0; i < 2000; ++i) {
    const EdgeKey key = random_key(random, 50);
    const EdgeValue value{.source = static_cast<std::uint16_t>(random()),
                          .weight = static_cast<float>(random() % 1000) / 8};
    const auto key_bytes = encode_edge_key(key);
    const auto value_bytes = encode_edge_value(value);
    records.push_back(EdgeRecord::of(key, value));
    wanted.push_back(std::string(key_bytes.data(), key_bytes.size()) +
                     std::string(value_bytes.data(), value_bytes.size()));
    ASSERT_EQ(bytes_of(records.back()), wanted.back());
  }
  std::sort(records.begin(), records.end());
  std::sort(wanted.begin(), wanted.end());
  for (std::size_t i = 0; i < records.size(); ++i) ASSERT_EQ(bytes_of(records[i]), wanted[i]);
}

TEST(SortEdges, EqualsAGeneralSortWhateverTheDegrees) {
  auto random = random_stream(2);
  for (const std::uint64_t nodes :
       {std::uint64_t{1}, std::uint64_t{7}, std::uint64_t{1000}, std::uint64_t{1} << 32}) {
    for (const std::size_t count : {0U, 1U, 2U, 30U, 3000U}) {
      std::vector<EdgeRecord> edges;
      for (std::size_t i = 0; i < count; ++i) edges.push_back(EdgeRecord::of(random_key(random, nodes), {}));
      std::vector<EdgeRecord> wanted = edges;
      std::sort(wanted.begin(), wanted.end());
      sort_edges(edges);
      ASSERT_EQ(edges, wanted) << nodes << " nodes, " << count << " edges";
    }
  }
}

// The rule in one pass over all mentions: a node made with a time is first seen at its earliest; one made
// without keeps none until a row of its own gives one, and goes by what comes from there on.
TEST(SeenTimes, CutAnywhereTellTheSameAsInOnePiece) {
  auto random = random_stream(3);
  for (int round = 0; round < 3000; ++round) {
    struct Mention {
      graph::TimeMs time;
      bool row;
    };
    std::vector<Mention> mentions(1 + random() % 6);
    for (Mention& mention : mentions)
      mention = {random() % 3 == 0 ? graph::kNoTime : static_cast<graph::TimeMs>(random() % 10),
                 random() % 2 == 0};
    graph::TimeMs wanted = mentions[0].time;
    for (std::size_t i = 1; i < mentions.size(); ++i) {
      const auto& [time, row] = mentions[i];
      if (time == graph::kNoTime || (wanted == graph::kNoTime && !row)) continue;
      wanted = wanted == graph::kNoTime ? time : std::min(wanted, time);
    }
    const std::size_t cut = random() % mentions.size();
    SeenTimes early, late;
    for (std::size_t i = 0; i < mentions.size(); ++i) {
      SeenTimes& part = i <= cut ? early : late;
      mentions[i].row ? part.add_row(mentions[i].time) : part.add_edge(mentions[i].time);
    }
    early.add(late);
    ASSERT_EQ(early.after(mentions[0].time), wanted) << "round " << round;
  }
}

class SpoolTest : public ::testing::Test {
 protected:
  test::TempFolder folder_;
  Scratch scratch_{folder_ / "bulk.tmp", real_files()};
};

TEST_F(SpoolTest, GivesBackWhatWasPutInWhereverItLies) {
  for (const Keep keep : {Keep::kInMemory, Keep::kOnDisk}) {
    auto random = random_stream(4);
    std::vector<std::pair<std::uint64_t, std::string>> fields;
    SpoolWriter writer(scratch_, "fields", keep);
    for (std::uint64_t key = 0; key < 500; ++key) {
      fields.emplace_back(key, std::string(random() % 20'000 / (1 + random() % 100), static_cast<char>(key)));
      FieldCursor::put(writer, key, fields.back().second);
    }
    const Spool spool = writer.finish();
    FieldCursor cursor(spool, real_files(), 1);
    for (const auto& [key, value] : fields) {
      ASSERT_TRUE(cursor.advance());
      ASSERT_EQ(cursor.key(), key);
      ASSERT_EQ(cursor.value(), value);
    }
    EXPECT_FALSE(cursor.advance());
  }
  EXPECT_EQ(scratch_.runs(), 1U);
  EXPECT_GT(scratch_.peak_bytes(), 0U);
  EXPECT_TRUE(std::filesystem::is_empty(folder_ / "bulk.tmp")) << "a spool's file goes with it";
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
  auto random = random_stream(5);
  for (const std::size_t count : {0U, 1U, 2U, 9U}) {
    std::vector<Spool> runs;
    std::vector<std::pair<std::uint64_t, std::string>> wanted;
    for (std::size_t r = 0; r < count; ++r) {
      std::vector<std::uint64_t> keys(random() % 40);
      for (std::uint64_t& key : keys) key = random() % 25;
      std::sort(keys.begin(), keys.end());
      SpoolWriter writer(scratch_, "run", r % 2 == 0 ? Keep::kInMemory : Keep::kOnDisk);
      for (const std::uint64_t key : keys) {
        wanted.emplace_back(key, "run " + std::to_string(r));
        FieldCursor::put(writer, key, wanted.back().second);
      }
      runs.push_back(writer.finish());
    }
    std::stable_sort(wanted.begin(), wanted.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    auto merged = merge_runs<FieldCursor>(runs, real_files(), 1 << 16);
    for (const auto& [key, value] : wanted) {
      ASSERT_TRUE(merged.next());
      ASSERT_EQ(merged.top().key(), key);
      ASSERT_EQ(merged.top().value(), value);
    }
    EXPECT_FALSE(merged.next());
  }
}

}  // namespace
}  // namespace weft::storage
