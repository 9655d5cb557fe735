// Keys and values of the store. The first byte chooses which; what decodes must encode to the same bytes.
// Parser: storage/keys.cc storage/deletions.cc storage/change_log.cc:change_sequence
// storage/change_log.cc:decode_change storage/change_log.cc:encode_change
// storage/change_log.cc:decode_change_log storage/change_log.cc:encode_change_log
#include "storage/change_log.h"
#include "storage/deletions.h"
#include "storage/field_conflicts.h"
#include "storage/keys.h"
#include "tests/fuzz/fuzz_target.h"

namespace weft::fuzz {
namespace {

using namespace storage;

template <std::size_t kBytes>
std::string text(const std::array<char, kBytes>& bytes) {
  return {bytes.data(), bytes.size()};
}

// A key and a value: the key's length comes first.
std::pair<std::string_view, std::string_view> cut(std::string_view input) {
  if (input.empty()) return {};
  const std::size_t length = std::min<std::size_t>(static_cast<unsigned char>(input[0]), input.size() - 1);
  return {input.substr(1, length), input.substr(1 + length)};
}

std::string encode_plain(const graph::FieldValue& value) {
  return encode_field_value(value);
}

template <typename Decoded, typename Encode>
void expect_same(const Decoded& decoded, std::string_view bytes, const Encode& encode) {
  if (!decoded) return refused();
  accepted();
  FUZZ_CHECK(encode(*decoded) == bytes);
}

}  // namespace

Seeds seeds() {
  const auto joined = [](const std::string& key, const std::string& value) {
    return static_cast<char>(key.size()) + key + value;
  };
  const EdgeKey edge{.type = 3, .node = 70'000, .time = -5, .other = 9, .event = 0x0123456789abcdef};
  const LedgerEntry entry{.source = 2,
                          .name = "a/b.csv",
                          .bytes = 1000,
                          .prefix_hash = 77,
                          .lines = 10,
                          .rows = 9,
                          .bad_rows = 1,
                          .fingerprint = 5};
  const QuarantinedRow row{
      .source = 1, .offset = 500, .line = 12, .reason = "invalid JSON", .detail = "d", .excerpt = "x"};
  const StoreState state{.sequence = 10, .node_counts = {1, 2}, .edge_counts = {3, 4, 5}};
  const ChangeEntry change{.before = 9,
                           .seen = {{1, 2}},
                           .fields = {{{0, 3}, 4}, {{1, 0}, 0}},
                           .edges = {{.removed = true, .key = edge, .value = {}},
                                     {.removed = false, .key = edge, .value = {.source = 1}}}};
  return {.accepted = {tagged(0, text(encode_edge_key(edge))),
                       tagged(1, text(encode_edge_value({.source = 4, .weight = 2.5F}))),
                       tagged(2, encode_id_value({.node = 5, .first_seen = 9, .event = 11})),
                       tagged(3, encode_field_value(2.5)),
                       tagged(3, encode_field_value(
                                     2.5, {.ranked = true, .lower = true, .major = -1, .minor = 7})),
                       tagged(3, encode_field_value(std::string("text"))),
                       tagged(3, encode_field_value(std::vector<std::string>{"a", "", "b"})),
                       tagged(3, encode_field_value(graph::MediaValue{"a.jpg", std::string(32, 'a')})),
                       tagged(4, joined(ledger_key(2), encode_ledger_value(entry))),
                       tagged(5, joined(quarantine_key(1, 500), encode_quarantine_value(row))),
                       tagged(6, encode_state(state)), tagged(7, encode_change(change)),
                       tagged(7, encode_change({})), tagged(8, encode_change_log({.from = 5, .changes = 7})),
                       tagged(9, deletion_key({3, 70'000, 9})), tagged(10, deleted_key(edge)),
                       tagged(11, encode_deletion(-5)), tagged(13, deletion_at_key({3, 70'000, 9}, -5)),
                       tagged(12, encode_deletion_counts({{1, 0}, {2, 3}}))},
          .others = {}};
}

void run(std::string_view input) {
  Bytes bytes(input);
  const std::uint8_t which = bytes.byte();
  const std::string_view rest = bytes.rest();
  switch (which % 14) {
    case 0:
      return expect_same(decode_edge_key(rest), rest,
                         [](const EdgeKey& key) { return text(encode_edge_key(key)); });
    case 1:
      return expect_same(decode_edge_value(rest), rest,
                         [](const EdgeValue& value) { return text(encode_edge_value(value)); });
    case 2:
      return expect_same(decode_id_value(rest), rest, encode_id_value);
    case 3:
      if (is_ranked(rest)) {
        const auto plain = plain_field(rest);
        FUZZ_CHECK(plain || !decode_field_value(rest));
        if (!plain) return refused();
        expect_same(decode_field_value(rest), *plain, encode_plain);
        return;
      }
      return expect_same(decode_field_value(rest), rest, encode_plain);
    case 4: {
      const auto [key, value] = cut(rest);
      const auto decoded = decode_ledger(key, value);
      expect_same(decoded, value, encode_ledger_value);
      if (decoded) FUZZ_CHECK(ledger_key(decoded->source) == key);
      return;
    }
    case 5: {
      const auto [key, value] = cut(rest);
      const auto decoded = decode_quarantine(key, value);
      expect_same(decoded, value, encode_quarantine_value);
      if (decoded) FUZZ_CHECK(quarantine_key(decoded->source, decoded->offset) == key);
      return;
    }
    case 7:
      return expect_same(decode_change(rest), rest, encode_change);
    case 8:
      return expect_same(decode_change_log(rest), rest, encode_change_log);
    case 9:
      return expect_same(decode_deletion_key(rest), rest, deletion_key);
    case 10:
      return expect_same(decode_deleted_key(rest), rest, deleted_key);
    case 11:
      return expect_same(decode_deletion(rest), rest, encode_deletion);
    case 12:
      return expect_same(decode_deletion_counts(rest, 2), rest, encode_deletion_counts);
    case 13:
      return expect_same(decode_deletion_at_key(rest), rest,
                         [](const auto& entry) { return deletion_at_key(entry.first, entry.second); });
    default:
      return expect_same(decode_state(rest, 2, 3), rest, encode_state);
  }
}

}  // namespace weft::fuzz
