#include "storage/verify.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "base/error.h"
#include "base/hash.h"
#include "base/strings.h"
#include "storage/store_impl.h"

namespace weft::storage {
namespace {

constexpr std::size_t kMaxProblems = 100;
constexpr int kMaxTries = 5;

// Brings a reader up to its writer. False if it was already, and for a writer.
bool follow_writer(GraphStore::Impl& impl) {
  if (impl.secondary_folder.empty()) return false;
  const auto state = [&] {
    std::vector<rocksdb::LiveFileMetaData> files;
    impl.db->GetLiveFilesMetaData(&files);
    std::set<std::string> names;
    for (const rocksdb::LiveFileMetaData& file : files) names.insert(file.name);
    return std::pair(impl.state.sequence, std::move(names));
  };
  const auto before = state();
  impl.follow_writer();
  impl.load_state();
  return state() != before;
}

class Verifier {
 public:
  Verifier(GraphStore::Impl& impl, ProgressSink& progress)
      : impl_(impl), schema_(impl.schema.graph), progress_(progress) {}

  VerifyReport run() {
    progress_.begin("verify", 4 + schema_.node_types().size() + schema_.edge_types().size(), "parts");
    guarded([&] { checksums(); });
    step();
    for (std::size_t type = 0; type < schema_.node_types().size(); ++type, step()) {
      guarded([&] { nodes(static_cast<graph::NodeTypeId>(type)); });
    }
    guarded([&] { strays(kIds, schema_.node_types().size(), "an id"); });
    guarded([&] { strays(kNames, schema_.node_types().size(), "a name"); });
    guarded([&] { fields(); });
    step();
    for (std::size_t type = 0; type < schema_.edge_types().size(); ++type, step()) {
      guarded([&] { edges(static_cast<graph::EdgeTypeId>(type)); });
    }
    guarded([&] { strays(kOutgoing, schema_.edge_types().size(), "an outgoing edge"); });
    guarded([&] { strays(kIncoming, schema_.edge_types().size(), "an incoming edge"); });
    guarded([&] { ledger(); });
    step();
    guarded([&] { quarantine(); });
    step();
    progress_.end();
    if (report_.problem_count > kMaxProblems)
      report_.problems.push_back(fmt::format("and {} more", report_.problem_count - kMaxProblems));
    return std::move(report_);
  }

 private:
  // What cannot be read is one more problem; the other parts are still looked at.
  template <typename Part>
  void guarded(Part&& part) {
    try {
      part();
    } catch (const Error& error) {
      problem(error.summary());
    }
  }

  void step() { progress_.advance(++steps_); }

  void problem(std::string text) {
    if (++report_.problem_count <= kMaxProblems) report_.problems.push_back(std::move(text));
  }

  std::string node_name(graph::NodeTypeId type, graph::NodeId node) const {
    return fmt::format("{} {}", schema_.node_type(type).name, node);
  }

  std::string edge_name(const EdgeKey& key, const char* direction) const {
    const graph::EdgeType& type = schema_.edge_type(key.type);
    return fmt::format("{} edge {} {} -> {} (time {}, event {})", direction, type.name, key.node, key.other,
                       key.time == graph::kNoTime ? "none" : fmt::format("{}", key.time), to_hex(key.event));
  }

  // By the files' names, not through the files that a reader holds open: those that its writer has replaced
  // since are gone. A file that the newest state names must be there.
  void checksums() {
    for (int tries = 0; tries < kMaxTries; ++tries) {
      const rocksdb::Status status = impl_.db->VerifyChecksum();
      if (status.ok()) return;
      if (is_missing_file(status) && follow_writer(impl_)) continue;
      return problem(fmt::format("RocksDB's files: {}", status.ToString()));
    }
    // The writer replaces files faster than they can be read. The scans that follow check every block they
    // read, in files that stay open.
  }

  // external id -> dense id -> external id, dense ids without gaps.
  void nodes(graph::NodeTypeId type) {
    const std::uint32_t count = impl_.state.node_counts[type];
    const std::string& name = schema_.node_type(type).name;
    std::string prefix;
    put_big(prefix, type);
    std::vector<std::uint64_t> hash_of(count, 0);  // of the external id that claims a dense id
    std::vector<std::uint8_t> claimed(count, 0);
    PrefixScan ids(impl_, kIds, prefix);
    for (; ids.valid(); ids.next()) {
      ++report_.nodes;
      const std::string_view external_id = ids.key().substr(2);
      const auto value = decode_id_value(ids.value());
      if (!value) {
        problem(fmt::format("dictionary: the entry of {} '{}' cannot be read", name, excerpt(external_id)));
        continue;
      }
      if (value->node >= count) {
        problem(fmt::format("dictionary: {} '{}' has id {}, but only {} nodes are counted", name,
                            excerpt(external_id), value->node, count));
        continue;
      }
      if (claimed[value->node] != 0)
        problem(fmt::format("dictionary: two names have id {}, one is '{}'", node_name(type, value->node),
                            excerpt(external_id)));
      claimed[value->node] = 1;
      hash_of[value->node] = hash64(external_id);
      const bool made_by_event = impl_.schema.from_event[type] != 0;
      if (made_by_event != (value->event != graph::kNoEvent)) {
        problem(fmt::format(
            "dictionary: {} {}", node_name(type, value->node),
            made_by_event ? "lacks the event that made it" : "has an event, but its type has ids"));
      }
    }
    ids.check();
    for (std::uint32_t node = 0; node < count; ++node) {
      if (claimed[node] == 0)
        problem(fmt::format("dictionary: no name has id {} (ids are not dense)", node_name(type, node)));
    }
    names(type, hash_of, claimed);
  }

  void names(graph::NodeTypeId type, const std::vector<std::uint64_t>& hash_of,
             const std::vector<std::uint8_t>& claimed) {
    std::string prefix;
    put_big(prefix, type);
    std::vector<std::uint8_t> named(hash_of.size(), 0);
    PrefixScan scan(impl_, kNames, prefix);
    for (; scan.valid(); scan.next()) {
      const auto node = scan.key().size() == 6 ? get_big<std::uint32_t>(scan.key(), 2) : graph::kNoNode;
      if (node >= hash_of.size()) {
        problem(fmt::format("names: a name of {}, but only {} nodes are counted", node_name(type, node),
                            hash_of.size()));
        continue;
      }
      named[node] = 1;
      if (claimed[node] != 0 && hash64(scan.value()) != hash_of[node]) {
        problem(fmt::format("names: {} is called '{}' here and otherwise in the dictionary",
                            node_name(type, node), excerpt(scan.value())));
      }
    }
    scan.check();
    for (std::size_t node = 0; node < named.size(); ++node) {
      if (named[node] == 0)
        problem(fmt::format("names: {} has no name", node_name(type, static_cast<graph::NodeId>(node))));
    }
  }

  void strays(Family family, std::size_t types, const char* what) {
    std::string from;
    put_big(from, static_cast<std::uint16_t>(types));
    rocksdb::ReadOptions read;
    read.total_order_seek = true;
    const std::unique_ptr<rocksdb::Iterator> iterator(impl_.db->NewIterator(read, impl_.family(family)));
    for (iterator->Seek(from); iterator->Valid(); iterator->Next())
      problem(fmt::format("{} of a type that the schema does not have", what));
  }

  void fields() {
    PrefixScan scan(impl_, kFields, "");
    for (; scan.valid(); scan.next()) {
      ++report_.fields;
      const std::string_view key = scan.key();
      if (key.size() != 8 || get_big<std::uint16_t>(key, 0) >= schema_.node_types().size()) {
        problem("fields: a key that cannot be read");
        continue;
      }
      const auto type = get_big<graph::NodeTypeId>(key, 0);
      const auto node = get_big<graph::NodeId>(key, 2);
      const auto field = get_big<std::uint16_t>(key, 6);
      const auto& list = schema_.node_type(type).fields;
      if (node >= impl_.state.node_counts[type] || field >= list.size()) {
        problem(fmt::format("fields: field {} of {}, which is not there", field, node_name(type, node)));
        continue;
      }
      const auto value = decode_field_value(scan.value());
      if (!value) {
        problem(fmt::format("fields: '{}' of {} cannot be read", list[field].name, node_name(type, node)));
      } else if (!kind_fits(list[field].kind, *value)) {
        problem(fmt::format("fields: '{}' of {} is not of kind {}", list[field].name, node_name(type, node),
                            graph::field_kind_name(list[field].kind)));
      }
    }
    scan.check();
  }

  static bool kind_fits(graph::FieldKind kind, const graph::FieldValue& value) {
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

  struct Side {
    std::uint64_t count = 0;
    std::uint64_t sum =
        0;  // of the hashes of all edges, seen as outgoing: equal on both sides unless something is broken
  };

  Side scan_edges(graph::EdgeTypeId type, Family family) {
    const graph::EdgeType& edge_type = schema_.edge_type(type);
    const bool outgoing = family == kOutgoing;
    const char* direction = outgoing ? "outgoing" : "incoming";
    const std::uint32_t from_count = impl_.state.node_counts[edge_type.from];
    const std::uint32_t to_count = impl_.state.node_counts[edge_type.to];
    Side side;
    std::string prefix;
    put_big(prefix, type);
    PrefixScan scan(impl_, family, prefix);
    for (; scan.valid(); scan.next()) {
      ++side.count;
      const auto key = decode_edge_key(scan.key());
      const auto value = decode_edge_value(scan.value());
      if (!key || !value) {
        problem(fmt::format("{} edges of {}: an entry that cannot be read", direction, edge_type.name));
        continue;
      }
      const EdgeKey seen = outgoing ? *key : key->reversed();
      if (seen.node >= from_count || seen.other >= to_count)
        problem(fmt::format("{}: an end that is not there", edge_name(seen, direction)));
      if (edge_type.timed == (key->time == graph::kNoTime))
        problem(
            fmt::format("{}: {}", edge_name(seen, direction),
                        edge_type.timed ? "has no time in a timed type" : "has a time in an untimed type"));
      if (!(value->weight >= 0) || !std::isfinite(value->weight))
        problem(fmt::format("{}: its weight is {}", edge_name(seen, direction), value->weight));
      const auto bytes = encode_edge_key(seen);
      side.sum += hash64(std::string_view(bytes.data(), bytes.size()), hash64(scan.value()));
    }
    scan.check();
    return side;
  }

  // Says which edges of `family` the other direction lacks or has otherwise.
  void find_unmatched(graph::EdgeTypeId type, Family family) {
    const bool outgoing = family == kOutgoing;
    std::string prefix;
    put_big(prefix, type);
    PrefixScan scan(impl_, family, prefix);
    for (; scan.valid(); scan.next()) {
      const auto key = decode_edge_key(scan.key());
      if (!key) continue;
      const auto other_key = encode_edge_key(key->reversed());
      const auto other = impl_.get(outgoing ? kIncoming : kOutgoing, {other_key.data(), other_key.size()});
      const std::string name =
          edge_name(outgoing ? *key : key->reversed(), outgoing ? "outgoing" : "incoming");
      if (!other) {
        problem(fmt::format("{}: the {} entry is missing", name, outgoing ? "incoming" : "outgoing"));
      } else if (outgoing && *other != scan.value()) {
        problem(fmt::format("{}: weight or source differ from the incoming entry", name));
      }
    }
  }

  void edges(graph::EdgeTypeId type) {
    const Side out = scan_edges(type, kOutgoing);
    const Side in = scan_edges(type, kIncoming);
    report_.edges += out.count;
    if (out.count != impl_.state.edge_counts[type]) {
      problem(fmt::format("edges of {}: {} are there, {} are counted", schema_.edge_type(type).name,
                          out.count, impl_.state.edge_counts[type]));
    }
    if (out.count == in.count && out.sum == in.sum) return;
    find_unmatched(type, kOutgoing);
    find_unmatched(type, kIncoming);
  }

  void ledger() {
    std::set<std::string> names;
    std::uint16_t expected = 0;
    PrefixScan scan(impl_, kLedger, "");
    for (; scan.valid(); scan.next(), ++expected) {
      ++report_.ledger_entries;
      const auto entry = decode_ledger(scan.key(), scan.value());
      if (!entry) {
        problem(fmt::format("ledger: entry {} cannot be read", expected));
        continue;
      }
      if (entry->source != expected) problem(fmt::format("ledger: entry {} is missing", expected));
      expected = entry->source;
      if (!names.insert(entry->name).second) problem(fmt::format("ledger: '{}' is there twice", entry->name));
      if (entry->bad_rows > entry->rows || entry->rows > entry->bytes) {
        problem(fmt::format("ledger: '{}' has {} bad of {} rows in {} bytes", entry->name, entry->bad_rows,
                            entry->rows, entry->bytes));
      }
    }
    scan.check();
    sources_ = expected;
  }

  void quarantine() {
    PrefixScan scan(impl_, kQuarantine, "");
    for (; scan.valid(); scan.next()) {
      ++report_.quarantined;
      const auto row = decode_quarantine(scan.key(), scan.value());
      if (!row) {
        problem("quarantine: an entry that cannot be read");
      } else if (row->source >= sources_) {
        problem(fmt::format("quarantine: line {} of source {}, which the ledger does not know", row->line,
                            row->source));
      }
    }
    scan.check();
  }

  GraphStore::Impl& impl_;
  const graph::Schema& schema_;
  ProgressSink& progress_;
  VerifyReport report_;
  std::uint64_t steps_ = 0;
  std::uint16_t sources_ = 0;
};

}  // namespace

VerifyReport verify_store(const GraphStore& store, ProgressSink& progress) {
  VerifyReport report = Verifier(store.impl(), progress).run();
  // RocksDB's readers may come upon the writer between two steps, and then see a batch in part: what the next
  // state does not show again was never in the store.
  for (int tries = 1; tries < kMaxTries && !report.ok() && follow_writer(store.impl()); ++tries)
    report = Verifier(store.impl(), progress).run();
  return report;
}

}  // namespace weft::storage
