#include "storage/keys.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace weft::storage {
namespace {

using namespace std::string_literals;

std::string bytes_of(const EdgeKeyBytes& bytes) {
  return {bytes.data(), bytes.size()};
}

TEST(Keys, EdgeKeyByteByByte) {
  EXPECT_EQ(
      bytes_of(encode_edge_key({.type = 0x0102, .node = 0x03040506, .time = 0, .other = 1, .event = 2})),
      "\x01\x02\x03\x04\x05\x06\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFE\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFD"s);
  EXPECT_EQ(encode_edge_value({.source = 0x0102, .weight = 1.0F}),
            (std::array<char, 6>{2, 1, 0, 0, '\x80', '\x3F'}));
}

TEST(Keys, EdgeKeysSortByTypeNodeThenNewestFirst) {
  std::mt19937_64 random(3);
  std::vector<EdgeKey> keys;
  for (int i = 0; i < 2000; ++i) {
    const graph::TimeMs times[] = {
        graph::kNoTime, -5, 0, 7, graph::kEndOfTime, static_cast<graph::TimeMs>(random())};
    keys.push_back({static_cast<graph::EdgeTypeId>(random() % 3), static_cast<graph::NodeId>(random() % 3),
                    times[random() % 6], static_cast<graph::NodeId>(random() % 4), random() % 3});
  }
  auto by_bytes = keys;
  std::sort(by_bytes.begin(), by_bytes.end(), [](const EdgeKey& a, const EdgeKey& b) {
    return bytes_of(encode_edge_key(a)) < bytes_of(encode_edge_key(b));
  });
  std::sort(keys.begin(), keys.end(), [](const EdgeKey& a, const EdgeKey& b) {
    return std::tuple(a.type, a.node, b.time, b.other, b.event) <
           std::tuple(b.type, b.node, a.time, a.other, a.event);
  });
  EXPECT_EQ(by_bytes, keys);
  for (const EdgeKey& key : keys) ASSERT_EQ(decode_edge_key(bytes_of(encode_edge_key(key))), key);
  EXPECT_FALSE(decode_edge_key("short"));
}

TEST(Keys, ValuesComeBackAndCutOnesDoNot) {
  const std::vector<graph::FieldValue> values = {2.5, std::vector<std::string>{"a", "", "b\0c"s},
                                                 std::string("text\0x"s), graph::MediaValue{"p/a.jpg", "abc"},
                                                 std::vector<std::string>{}};
  for (const graph::FieldValue& value : values)
    EXPECT_EQ(decode_field_value(encode_field_value(value)), value);
  const std::string media = encode_field_value(values[3]);
  for (std::size_t size = 0; size < media.size(); ++size)
    EXPECT_FALSE(decode_field_value(media.substr(0, size))) << size;
  EXPECT_FALSE(decode_field_value("\x09"));

  const IdValue id{.node = 7, .first_seen = -3, .event = 9};
  EXPECT_EQ(decode_id_value(encode_id_value(id)), id);
  EXPECT_EQ(earlier(-3, 5), -3);
  EXPECT_EQ(earlier(5, graph::kNoTime), 5);
  EXPECT_EQ(earlier(graph::kNoTime, 5), 5);
  EXPECT_EQ(earlier(graph::kNoTime, graph::kNoTime), graph::kNoTime);
  const LedgerEntry entry{.source = 3,
                          .name = "a b.csv",
                          .bytes = 1,
                          .prefix_hash = 2,
                          .lines = 3,
                          .rows = 4,
                          .bad_rows = 5,
                          .fingerprint = 6};
  EXPECT_EQ(decode_ledger(ledger_key(3), encode_ledger_value(entry)), entry);
  const QuarantinedRow row{
      .source = 1, .offset = 300, .line = 4, .reason = "r", .detail = "d\n", .excerpt = "e"};
  const std::string value = encode_quarantine_value(row);
  EXPECT_EQ(decode_quarantine(quarantine_key(1, 300), value), row);
  for (std::size_t size = 0; size < value.size(); ++size)
    EXPECT_FALSE(decode_quarantine(quarantine_key(1, 300), value.substr(0, size)));
  EXPECT_LT(quarantine_key(1, 255), quarantine_key(1, 256));
  const StoreState state{.sequence = 5, .node_counts = {1, 2}, .edge_counts = {3}};
  const auto decoded = decode_state(encode_state(state), 2, 1);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->edge_counts, state.edge_counts);
  EXPECT_FALSE(decode_state(encode_state(state), 1, 1));
}

}  // namespace
}  // namespace weft::storage
