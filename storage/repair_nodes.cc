// repair_store(): dictionary, fields, ledger and quarantine made to fit.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/error.h"
#include "base/hash.h"
#include "base/strings.h"
#include "storage/repair_parts.h"
#include "storage/verify_parts.h"

namespace weft::storage {

void MendWriter::put(Family family, std::string_view key, std::string_view value) {
  impl_.check(batch_.Put(impl_.family(family), slice(key), slice(value)), "write the new store");
  if (batch_.GetDataSize() > (std::size_t{4} << 20)) flush();
}

void MendWriter::erase(Family family, std::string_view key) {
  impl_.check(batch_.Delete(impl_.family(family), slice(key)), "write the new store");
  if (batch_.GetDataSize() > (std::size_t{4} << 20)) flush();
}

void MendWriter::flush() {
  rocksdb::WriteOptions options;
  options.disableWAL = true;
  impl_.check(impl_.db->Write(options, &batch_), "write the new store");
  batch_.Clear();
}

namespace {

std::string type_prefix(std::uint16_t type) {
  std::string out;
  put_big(out, type);
  return out;
}

// Of nodes behind all that names, fields and edges tell of, so many may have been there: a table file of
// names has fewer.
constexpr std::uint64_t kUnknownNodes = std::uint64_t{16} << 20;

// One node type's ids and names.
class DictionaryMender {
 public:
  DictionaryMender(GraphStore::Impl& impl, RepairNotes& notes, graph::NodeTypeId type)
      : impl_(impl),
        notes_(notes),
        writer_(impl),
        type_(type),
        type_name_(impl.schema.graph.node_type(type).name) {}

  void run() {
    disbelieve_count();
    remove_unreadable();
    names_from_ids();
    writer_.flush();
    ids_from_names();
    writer_.flush();
    fill_gaps();
    writer_.flush();
    std::uint32_t& counted = impl_.state.node_counts[type_];
    if (counted != claimed_.size())
      notes_.rebuilt(fmt::format("{} nodes: {} counted, {} are there", type_name_, counted, claimed_.size()));
    counted = static_cast<std::uint32_t>(claimed_.size());
  }

 private:
  // One past the greatest node of the type in the keys of a family, which begin with a type and a node.
  std::uint64_t end_in(Family family, std::uint16_t key_type) const {
    std::string last = type_prefix(key_type);
    put_big(last, graph::kNoNode);
    rocksdb::ReadOptions read = scan_options(family);
    read.total_order_seek = true;
    const std::unique_ptr<rocksdb::Iterator> it(impl_.db->NewIterator(read, impl_.family(family)));
    it->SeekForPrev(last);
    impl_.check(it->status(), "read the store");
    const std::string_view key = it->Valid() ? std::string_view(it->key().data(), it->key().size()) : "";
    return key.size() >= 6 && key.starts_with(type_prefix(key_type)) ? get_big<std::uint32_t>(key, 2) + 1ULL
                                                                     : 0;
  }

  // A count is what it was even if the dictionary has lost its end, but a damaged one may be thousands of
  // millions, each of which would be made a node without a name.
  void disbelieve_count() {
    std::uint64_t end = std::max(end_in(kNames, type_), end_in(kFields, type_));
    const auto& types = impl_.schema.graph.edge_types();
    for (std::size_t i = 0; i < types.size(); ++i) {
      const auto edge = static_cast<std::uint16_t>(i);
      if (types[i].from == type_) end = std::max(end, end_in(kOutgoing, edge));
      if (types[i].to == type_) end = std::max(end, end_in(kIncoming, edge));
    }
    std::uint32_t& counted = impl_.state.node_counts[type_];
    if (counted <= end + kUnknownNodes) return;
    notes_.lost(
        fmt::format("{} nodes: {} counted, but nothing tells of any from #{} on", type_name_, counted, end));
    counted = static_cast<std::uint32_t>(end);
  }

  // Ids cannot be more than the entries that there are, or were counted: what is beyond is garbage.
  void remove_unreadable() {
    std::uint64_t ids = 0, names = 0, end = 0;
    for (PrefixScan scan(impl_, kIds, type_prefix(type_)); scan.valid(); scan.next()) ++ids;
    for (PrefixScan scan(impl_, kNames, type_prefix(type_)); scan.valid(); scan.next()) ++names;
    const std::uint64_t limit = std::max<std::uint64_t>({impl_.state.node_counts[type_], ids, names});
    for (PrefixScan scan(impl_, kIds, type_prefix(type_)); scan.valid(); scan.next()) {
      const auto value = decode_id_value(scan.value());
      if (value && scan.key().size() > 2 && value->node < limit) {
        end = std::max<std::uint64_t>(end, std::uint64_t{value->node} + 1);
        continue;
      }
      notes_.lost(fmt::format(
          "dictionary: the entry of {} '{}' {}", type_name_, excerpt(scan.key().substr(2)),
          value ? fmt::format("has the id {}, which no node can have", value->node) : "cannot be read"));
      writer_.erase(kIds, scan.key());
    }
    for (PrefixScan scan(impl_, kNames, type_prefix(type_)); scan.valid(); scan.next()) {
      if (scan.key().size() == 6 && get_big<std::uint32_t>(scan.key(), 2) < limit) {
        end = std::max<std::uint64_t>(end, std::uint64_t{get_big<std::uint32_t>(scan.key(), 2)} + 1);
        continue;
      }
      notes_.lost(fmt::format("names: '{}' is the name of no node of {}", excerpt(scan.value()), type_name_));
      writer_.erase(kNames, scan.key());
    }
    writer_.flush();
    // Ids that were given stay given, even where nothing is known of them any more.
    claimed_.assign(
        std::max<std::uint64_t>(end, std::min<std::uint64_t>(impl_.state.node_counts[type_], limit)), 0);
  }

  void names_from_ids() {
    const bool from_event = impl_.schema.from_event[type_] != 0;
    for (PrefixScan scan(impl_, kIds, type_prefix(type_)); scan.valid(); scan.next()) {
      const std::string external_id(scan.key().substr(2));
      IdValue value = decode_id_value(scan.value()).value();
      const auto name = impl_.get(kNames, node_key({type_, value.node}));
      if (name && name->empty()) {
        notes_.rebuilt(fmt::format("dictionary: {} #{} was forgotten: its name is removed again", type_name_,
                                   value.node));
        writer_.erase(kIds, scan.key());
        continue;
      }
      if (name && *name != external_id && has_id(*name, value.node)) {
        notes_.lost(fmt::format("dictionary: {} '{}' had the id of '{}'", type_name_, excerpt(external_id),
                                excerpt(*name)));
        writer_.erase(kIds, scan.key());
        continue;
      }
      if (claimed_[value.node] != 0) {
        notes_.lost(
            fmt::format("dictionary: {} '{}' had the id of another", type_name_, excerpt(external_id)));
        writer_.erase(kIds, scan.key());
        continue;
      }
      claimed_[value.node] = 1;
      if (!name || *name != external_id) {
        notes_.rebuilt(fmt::format("names: {} #{} is '{}'", type_name_, value.node, excerpt(external_id)));
        writer_.put(kNames, node_key({type_, value.node}), external_id);
      }
      const graph::EventId event = event_of(external_id, from_event);
      if (value.event != event && (event != graph::kNoEvent || !from_event)) {
        notes_.rebuilt(fmt::format("dictionary: the event of {} '{}'", type_name_, excerpt(external_id)));
        value.event = event;
        writer_.put(kIds, scan.key(), encode_id_value(value));
      }
    }
  }

  static graph::EventId event_of(std::string_view external_id, bool from_event) {
    graph::EventId event = graph::kNoEvent;
    if (from_event) from_hex(external_id, event);
    return event;
  }

  bool has_id(std::string_view external_id, graph::NodeId node) const {
    const auto bytes = impl_.get(kIds, id_key(type_, external_id));
    const auto value = bytes ? decode_id_value(*bytes) : std::nullopt;
    return value && value->node == node;
  }

  void ids_from_names() {
    for (PrefixScan scan(impl_, kNames, type_prefix(type_)); scan.valid(); scan.next()) {
      const auto node = get_big<graph::NodeId>(scan.key(), 2);
      if (claimed_[node] != 0) continue;
      if (scan.value().empty()) {
        claimed_[node] = 1;
        continue;
      }
      const std::string external_id(scan.value());
      if (impl_.get(kIds, id_key(type_, external_id))) continue;  // of another node: this one has no name
      claimed_[node] = 1;
      // The end of time: until the edges say better.
      const IdValue value{.node = node,
                          .first_seen = graph::kEndOfTime,
                          .event = event_of(external_id, impl_.schema.from_event[type_] != 0)};
      writer_.put(kIds, id_key(type_, external_id), encode_id_value(value));
      writer_.flush();
      notes_.rebuilt(fmt::format("dictionary: {} '{}' from its name, first seen at its earliest edge",
                                 type_name_, excerpt(external_id)));
    }
  }

  bool is_used(graph::NodeId node) const {
    if (PrefixScan(impl_, kFields, node_key({type_, node})).valid()) return true;
    const auto& types = impl_.schema.graph.edge_types();
    for (std::size_t i = 0; i < types.size(); ++i) {
      const auto prefix = encode_edge_prefix(static_cast<graph::EdgeTypeId>(i), node);
      const std::string bytes(prefix.data(), prefix.size());
      if (types[i].from == type_ && PrefixScan(impl_, kOutgoing, bytes).valid()) return true;
      if (types[i].to == type_ && PrefixScan(impl_, kIncoming, bytes).valid()) return true;
    }
    return false;
  }

  void fill_gaps() {
    for (std::size_t i = 0; i < claimed_.size(); ++i) {
      if (claimed_[i] != 0) continue;
      const auto node = static_cast<graph::NodeId>(i);
      if (!is_used(node)) {
        writer_.put(kNames, node_key({type_, node}), "");
        notes_.lost(fmt::format("dictionary: the name of {} #{}, which nothing refers to", type_name_, node));
        continue;
      }
      std::string name;
      IdValue value{.node = node};
      if (impl_.schema.from_event[type_] != 0) {
        value.event = hash64(fmt::format("lost {} {}", type_name_, node)) | 1;
        name = to_hex(value.event);
      } else {
        name = fmt::format("lost-{}-{}", type_name_, node);
        while (impl_.get(kIds, id_key(type_, name))) name += "-";
      }
      writer_.put(kIds, id_key(type_, name), encode_id_value(value));
      writer_.put(kNames, node_key({type_, node}), name);
      notes_.lost(fmt::format("dictionary: the name of {} #{}, which is now '{}'", type_name_, node, name));
    }
  }

  GraphStore::Impl& impl_;
  RepairNotes& notes_;
  MendWriter writer_;
  graph::NodeTypeId type_;
  const std::string& type_name_;
  std::vector<std::uint8_t> claimed_;  // [dense id] it has a name, or is forgotten
};

// What belongs to no type of the schema.
void remove_strays(GraphStore::Impl& impl, RepairNotes& notes, Family family, std::size_t types) {
  MendWriter writer(impl);
  for (PrefixScan scan(impl, family, ""); scan.valid(); scan.next()) {
    if (scan.key().size() >= 2 && get_big<std::uint16_t>(scan.key(), 0) < types) {
      // Types come first in keys: on to the first that the schema does not have.
      if (get_big<std::uint16_t>(scan.key(), 0) + std::size_t{1} == types) break;
      continue;
    }
    notes.lost(fmt::format("{}: an entry of a type that the schema does not have", kFamilyNames[family]));
    writer.erase(family, scan.key());
  }
  std::string from;
  put_big(from, static_cast<std::uint16_t>(types));
  rocksdb::ReadOptions read = scan_options(family);
  read.total_order_seek = true;
  const std::unique_ptr<rocksdb::Iterator> it(impl.db->NewIterator(read, impl.family(family)));
  for (it->Seek(from); it->Valid(); it->Next()) {
    notes.lost(fmt::format("{}: an entry of a type that the schema does not have", kFamilyNames[family]));
    writer.erase(family, {it->key().data(), it->key().size()});
  }
  impl.check(it->status(), "read the store");
  writer.flush();
}

}  // namespace

void mend_dictionary(GraphStore::Impl& impl, RepairNotes& notes) {
  const auto& schema = impl.schema.graph;
  for (const Family family : {kIds, kNames, kFields})
    remove_strays(impl, notes, family, schema.node_types().size());
  for (const Family family : {kOutgoing, kIncoming})
    remove_strays(impl, notes, family, schema.edge_types().size());
  for (std::size_t type = 0; type < schema.node_types().size(); ++type)
    DictionaryMender(impl, notes, static_cast<graph::NodeTypeId>(type)).run();
}

void mend_fields(GraphStore::Impl& impl, RepairNotes& notes) {
  MendWriter writer(impl);
  const graph::Schema& schema = impl.schema.graph;
  for (PrefixScan scan(impl, kFields, ""); scan.valid(); scan.next()) {
    const std::string_view key = scan.key();
    std::string what;
    if (key.size() != 8) {
      what = "fields: an entry whose key cannot be read";
    } else {
      const auto type = get_big<graph::NodeTypeId>(key, 0);
      const auto node = get_big<graph::NodeId>(key, 2);
      const auto field = get_big<std::uint16_t>(key, 6);
      const graph::NodeType& node_type = schema.node_type(type);
      const auto name = impl.get(kNames, node_key({type, node}));
      if (node >= impl.state.node_counts[type] || field >= node_type.fields.size() || !name ||
          name->empty()) {
        what = fmt::format("fields: field {} of {} #{}, which is not there", field, node_type.name, node);
      } else if (const auto value = decode_field_value(scan.value());
                 !value || !kind_fits(node_type.fields[field].kind, *value)) {
        what = fmt::format("fields: '{}' of {} '{}', which cannot be read", node_type.fields[field].name,
                           node_type.name, excerpt(*name));
      }
    }
    if (what.empty()) continue;
    notes.lost(std::move(what));
    writer.erase(kFields, key);
  }
  writer.flush();
}

void mend_ledger(GraphStore::Impl& impl, RepairNotes& notes) {
  MendWriter writer(impl);
  std::map<std::uint16_t, LedgerEntry> entries;
  std::uint32_t end = 0;
  for (PrefixScan scan(impl, kLedger, ""); scan.valid(); scan.next()) {
    const auto entry = decode_ledger(scan.key(), scan.value());
    if (entry) {
      entries[entry->source] = *entry;
    } else {
      writer.erase(kLedger, scan.key());
      if (scan.key().size() != 2) continue;
    }
    end = std::max<std::uint32_t>(end, get_big<std::uint16_t>(scan.key(), 0) + std::uint32_t{1});
  }
  for (std::size_t type = 0; type < impl.schema.graph.edge_types().size(); ++type) {
    for (PrefixScan scan(impl, kOutgoing, type_prefix(static_cast<std::uint16_t>(type))); scan.valid();
         scan.next())
      end = std::max<std::uint32_t>(end, decode_edge_value(scan.value())->source + std::uint32_t{1});
  }
  std::set<std::string> names;
  // A store without a ledger has edges of source 0.
  if (entries.empty() && end <= 1) end = 0;
  for (std::uint32_t source = 0; source < end; ++source) {
    LedgerEntry entry{.source = static_cast<std::uint16_t>(source),
                      .name = fmt::format("lost-source-{}", source),
                      .prefix_hash = hash64(std::string_view())};
    std::string what = "is lost: an ingest reads that source again, and takes what is not there";
    const auto found = entries.find(entry.source);
    if (found != entries.end() && names.contains(found->second.name)) {
      what = fmt::format("had the name '{}' of another, and is now '{}'", found->second.name, entry.name);
    } else if (found != entries.end()) {
      LedgerEntry& old = found->second;
      const bool empty_hash = old.bytes > 0 || old.prefix_hash == 0 || old.prefix_hash == entry.prefix_hash;
      if (old.bad_rows <= old.rows && old.rows <= old.bytes && old.lines <= old.bytes && empty_hash) {
        names.insert(old.name);
        continue;
      }
      entry.name = old.name;
      entry.fingerprint = old.fingerprint;
      what = fmt::format("('{}') has figures that cannot be: an ingest reads that source again", old.name);
    }
    names.insert(entry.name);
    notes.lost(fmt::format("ledger: entry {} {}", source, what));
    writer.put(kLedger, ledger_key(entry.source), encode_ledger_value(entry));
  }
  for (PrefixScan scan(impl, kQuarantine, ""); scan.valid(); scan.next()) {
    const auto row = decode_quarantine(scan.key(), scan.value());
    if (row && row->source < end) continue;
    notes.lost("quarantine: an entry that cannot be read, or of an unknown source");
    writer.erase(kQuarantine, scan.key());
  }
  writer.flush();
}

}  // namespace weft::storage
