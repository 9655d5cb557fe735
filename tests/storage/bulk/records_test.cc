#include "storage/bulk/records.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

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
    ASSERT_EQ(records.back().key(), key);
    ASSERT_EQ(records.back().value(), value);
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

TEST(FieldCursor, GivesBackWhatWasPutInWhereverItLies) {
  test::TempFolder folder;
  Scratch scratch(folder / "bulk.tmp", real_files());
  for (const Keep keep : {Keep::kInMemory, Keep::kOnDisk}) {
    auto random = random_stream(4);
    std::vector<std::pair<std::uint64_t, std::string>> fields;
    SpoolWriter writer(scratch, "fields", keep);
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
}

}  // namespace
}  // namespace weft::storage
