// verify_store(): dictionary, fields, ledger and quarantine.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/error.h"
#include "base/hash.h"
#include "base/strings.h"
#include "storage/row_seal.h"
#include "storage/verify_parts.h"

namespace weft::storage {
namespace {

// external id -> dense id -> external id, for the dense ids of one range.
class DictionaryPart {
 public:
  DictionaryPart(VerifyContext& context, graph::NodeTypeId type, NodeRange range)
      : context_(context),
        type_(type),
        range_(range),
        name_(context.schema().node_type(type).name),
        hash_of_(range.end - range.first, 0),
        claimed_(range.end - range.first, 0),
        named_(range.end - range.first, 0) {}

  void run() {
    ids();
    names();
    for (graph::NodeId node = range_.first; node < range_.end; ++node) {
      const std::size_t at = node - range_.first;
      if (claimed_[at] == 0 && named_[at] != kDead) {
        context_.problem(fmt::format("dictionary: no name has id {} (ids are not dense)",
                                     context_.node_name(type_, node)));
      }
      if (named_[at] == 0) context_.problem(fmt::format("names: {} #{} has no name", name_, node));
      if (claimed_[at] != 0 && named_[at] == kDead)
        context_.problem(fmt::format("names: {} #{} is forgotten, but a name has its id", name_, node));
    }
  }

 private:
  static constexpr std::uint8_t kNamed = 1, kDead = 2;

  void ids() {
    const std::uint32_t count = context_.impl().state.node_counts[type_];
    const bool first_part = range_.first == 0;  // tells what belongs to no part
    std::string prefix;
    put_big(prefix, type_);
    PrefixScan scan(context_.impl(), kIds, prefix);
    for (; scan.valid(); scan.next()) {
      const std::string_view external_id = scan.key().substr(2);
      const auto value = decode_id_value(scan.value());
      if (!value || value->node >= count || external_id.empty()) {
        if (!first_part) continue;
        ++context_.report().nodes;
        context_.problem(
            !value || external_id.empty()
                ? fmt::format("dictionary: the entry of {} '{}' cannot be read", name_, excerpt(external_id))
                : fmt::format("dictionary: {} '{}' has id {}, but only {} nodes are counted", name_,
                              excerpt(external_id), value->node, count));
        continue;
      }
      if (!range_.contains(value->node)) continue;
      ++context_.report().nodes;
      claim(external_id, *value);
    }
    scan.check();
  }

  void claim(std::string_view external_id, const IdValue& value) {
    const std::size_t at = value.node - range_.first;
    if (claimed_[at] != 0) {
      context_.problem(fmt::format("dictionary: two names have id {} #{}, one is '{}'", name_, value.node,
                                   excerpt(external_id)));
    }
    claimed_[at] = 1;
    hash_of_[at] = hash64(external_id);
    if (context_.impl().tombstones.contains(type_, external_id))
      context_.problem(
          fmt::format("dictionary: {} '{}' is there, but has the tombstone of one that was forgotten", name_,
                      excerpt(external_id)));
    const bool made_by_event = context_.impl().schema.from_event[type_] != 0;
    if (made_by_event != (value.event != graph::kNoEvent)) {
      context_.problem(
          fmt::format("dictionary: {} '{}' {}", name_, excerpt(external_id),
                      made_by_event ? "lacks the event that made it" : "has an event, but its type has ids"));
    } else if (made_by_event && to_hex(value.event) != external_id) {
      context_.problem(fmt::format("dictionary: {} '{}' says that event {} made it", name_,
                                   excerpt(external_id), to_hex(value.event)));
    }
  }

  void names() {
    std::string prefix;
    put_big(prefix, type_);
    PrefixScan scan(context_.impl(), kNames, prefix);
    for (; scan.valid(); scan.next()) {
      const bool readable = scan.key().size() == 6;
      const auto node = readable ? get_big<std::uint32_t>(scan.key(), 2) : graph::kNoNode;
      if (!readable || node >= context_.impl().state.node_counts[type_]) {
        if (range_.first != 0) continue;
        context_.problem(readable ? fmt::format("names: a name of {} #{}, but only {} nodes are counted",
                                                name_, node, context_.impl().state.node_counts[type_])
                                  : fmt::format("names: a key of {} that cannot be read", name_));
        continue;
      }
      if (!range_.contains(node)) continue;
      const std::size_t at = node - range_.first;
      named_[at] = scan.value().empty() ? kDead : kNamed;
      if (scan.value().empty()) {
        context_.dead()[type_].push_back(node);
      } else if (claimed_[at] != 0 && hash64(scan.value()) != hash_of_[at]) {
        context_.problem(fmt::format("names: {} #{} is called '{}' here and otherwise in the dictionary",
                                     name_, node, excerpt(scan.value())));
      }
    }
    scan.check();
  }

  VerifyContext& context_;
  graph::NodeTypeId type_;
  NodeRange range_;
  const std::string& name_;
  std::vector<std::uint64_t> hash_of_;  // of the external id that claims a dense id
  std::vector<std::uint8_t> claimed_, named_;
};

}  // namespace

namespace {

// So many nodes without a name, behind all that have one, are told one by one: where the count itself is
// damaged there may be thousands of millions.
constexpr std::uint32_t kToldOneByOne = 1000;

// One past the last node that has a name.
std::uint32_t end_of_names(const VerifyContext& context, graph::NodeTypeId type) {
  std::string prefix;
  put_big(prefix, type);
  std::string last = prefix;
  put_big(last, graph::kNoNode);
  rocksdb::ReadOptions read = scan_options(kNames);
  read.total_order_seek = true;
  const std::unique_ptr<rocksdb::Iterator> iterator(
      context.impl().db->NewIterator(read, context.impl().family(kNames)));
  for (iterator->SeekForPrev(last); iterator->Valid() && iterator->key().starts_with(prefix);
       iterator->Prev()) {
    if (iterator->key().size() == last.size())
      return get_big<std::uint32_t>({iterator->key().data(), iterator->key().size()}, 2) + 1;
  }
  return 0;
}

}  // namespace

void verify_dictionary(VerifyContext& context, graph::NodeTypeId type) {
  std::uint32_t count = context.impl().state.node_counts[type];
  const std::uint32_t named = end_of_names(context, type);
  if (count > named && count - named > kToldOneByOne) {
    context.problem(fmt::format("names: {} nodes of type {} are counted, but none from #{} on has a name",
                                count, context.schema().node_type(type).name, named));
    count = named;
  }
  const std::uint32_t part = context.options().part_nodes;
  NodeRange range;
  do {
    range.end = count - range.first > part ? range.first + part : count;
    DictionaryPart(context, type, range).run();
    range.first = range.end;
  } while (range.first < count);
}

bool kind_fits(graph::FieldKind kind, const graph::FieldValue& value) {
  switch (kind) {
    case graph::FieldKind::kNumber:
      return std::holds_alternative<double>(value);
    case graph::FieldKind::kCategory:
      return std::holds_alternative<std::vector<std::string>>(value);
    case graph::FieldKind::kText:
      return std::holds_alternative<std::string>(value);
    case graph::FieldKind::kImage:
    case graph::FieldKind::kAudio:
      return std::holds_alternative<graph::MediaValue>(value);
  }
  return false;
}

void verify_fields(VerifyContext& context) {
  const graph::Schema& schema = context.schema();
  PrefixScan scan(context.impl(), kFields, "");
  for (; scan.valid(); scan.next()) {
    ++context.report().fields;
    const std::string_view key = scan.key();
    if (key.size() != 8 || get_big<std::uint16_t>(key, 0) >= schema.node_types().size()) {
      context.problem("fields: a key that cannot be read");
      continue;
    }
    const auto type = get_big<graph::NodeTypeId>(key, 0);
    const auto node = get_big<graph::NodeId>(key, 2);
    const auto field = get_big<std::uint16_t>(key, 6);
    const auto& list = schema.node_type(type).fields;
    if (node >= context.impl().state.node_counts[type] || field >= list.size()) {
      context.problem(
          fmt::format("fields: field {} of {}, which is not there", field, context.node_name(type, node)));
      continue;
    }
    if (context.is_dead(type, node))
      context.problem(fmt::format("fields: '{}' of {}, which is forgotten", list[field].name,
                                  context.node_name(type, node)));
    const auto value = decode_field_value(scan.value());
    if (!value) {
      context.problem(
          fmt::format("fields: '{}' of {} cannot be read", list[field].name, context.node_name(type, node)));
    } else if (!kind_fits(list[field].kind, *value)) {
      context.problem(fmt::format("fields: '{}' of {} is not of kind {}", list[field].name,
                                  context.node_name(type, node), graph::field_kind_name(list[field].kind)));
    }
  }
  scan.check();
}

void verify_ledger(VerifyContext& context) {
  std::set<std::string> names;
  std::uint32_t expected = 0;
  PrefixScan scan(context.impl(), kLedger, "");
  for (; scan.valid(); scan.next(), ++expected) {
    ++context.report().ledger_entries;
    const auto entry = decode_ledger(scan.key(), scan.value());
    if (!entry) {
      context.problem(fmt::format("ledger: entry {} cannot be read", expected));
      continue;
    }
    for (; expected < entry->source; ++expected)
      context.problem(fmt::format("ledger: entry {} is missing", expected));
    if (!names.insert(entry->name).second)
      context.problem(fmt::format("ledger: '{}' is there twice", entry->name));
    if (entry->bad_rows > entry->rows || entry->rows > entry->bytes || entry->lines > entry->bytes) {
      context.problem(fmt::format("ledger: '{}' has {} bad of {} rows on {} lines in {} bytes", entry->name,
                                  entry->bad_rows, entry->rows, entry->lines, entry->bytes));
    }
    if (entry->bytes == 0 && entry->prefix_hash != hash64(std::string_view()) && entry->prefix_hash != 0) {
      context.problem(fmt::format("ledger: '{}' has a checksum of 0 bytes that is not theirs", entry->name));
    }
  }
  scan.check();
  context.sources = expected;
}

void verify_quarantine(VerifyContext& context) {
  PrefixScan scan(context.impl(), kQuarantine, "");
  for (; scan.valid(); scan.next()) {
    ++context.report().quarantined;
    const auto row = decode_quarantine(scan.key(), scan.value());
    if (!row) {
      context.problem("quarantine: an entry that cannot be read");
    } else if (row->source >= context.sources) {
      context.problem(fmt::format("quarantine: line {} of source {}, which the ledger does not know",
                                  row->line, row->source));
    }
  }
  scan.check();
}

void verify_seal(VerifyContext& context) {
  const auto kept = read_seal(context.impl());
  if (kept && *kept != scan_seal(context.impl()))
    context.problem("ledger and quarantine: entries are lost or are not those that were written last");
}

}  // namespace weft::storage
