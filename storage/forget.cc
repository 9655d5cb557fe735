#include "storage/forget.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <set>
#include <unordered_set>

#include "base/error.h"
#include "base/hash.h"
#include "base/strings.h"
#include "storage/forget_mark.h"
#include "storage/row_seal.h"
#include "storage/store_impl.h"

namespace weft::storage {
namespace {

using NodeEdges = std::vector<EdgeKey>;  // as their sources see them

void check_writer(const GraphStore::Impl& impl) {
  if (!impl.secondary_folder.empty())
    throw Error("the store was opened for reading", {.file = impl.folder.string()});
  if (impl.failed)
    throw Error("an earlier write to the store failed: it must be opened again",
                {.file = impl.folder.string()});
}

// A source may write these otherwise than the id has them: quotes that are doubled, escapes, entities.
bool has_other_spellings(std::string_view id) {
  return std::any_of(id.begin(), id.end(), [](unsigned char c) {
    return c <= ' ' || c >= 0x7F ||
           std::string_view("\"'\\/<>&").find(static_cast<char>(c)) != std::string_view::npos;
  });
}

// Finds all that goes with one node.
class Gathering {
 public:
  Gathering(const GraphStore::Impl& impl, const ForgetOptions& options)
      : impl_(impl), schema_(impl.schema.graph), only_by_edges_(options.only_by_edges) {
    only_by_edges_.resize(schema_.node_types().size(), 0);
  }

  void run(graph::NodeRef node) {
    take_node(node);
    take_deleted_events(node);
    take_nodes_of_events();
    take_edges_of_events();
    find_orphans();
    find_deletions();
    find_first_seen();
    for (const graph::NodeRef& each : nodes) gather_fields(each);
  }

  std::set<graph::NodeRef> nodes = {};
  std::set<EdgeKey> edges = {};                                       // as their sources see them
  std::vector<std::string> field_keys = {};                           // in kFields
  std::vector<std::pair<EdgePair, graph::TimeMs>> deletions = {};     // that name nodes which go
  std::vector<std::pair<EdgePair, graph::TimeMs>> deletions_at = {};  // the same, of one time
  std::vector<EdgeKey> deleted = {};                        // edges kept in mind that do, or their events
  std::vector<std::string> content_hashes = {};             // of their texts and media
  std::map<graph::NodeRef, graph::TimeMs> first_seen = {};  // new ones, of nodes that stay

 private:
  NodeEdges edges_of(graph::NodeRef node, graph::EdgeTypeId type, Family family) const {
    NodeEdges out;
    const auto prefix = encode_edge_prefix(type, node.id);
    PrefixScan scan(impl_, family, std::string(prefix.data(), prefix.size()));
    for (; scan.valid(); scan.next()) {
      const auto key = decode_edge_key(scan.key());
      if (!key) impl_.damaged("an edge of the store is damaged");
      out.push_back(family == kOutgoing ? *key : key->reversed());
    }
    scan.check();
    return out;
  }

  // Calls visit(type, family) for each list of edges that a node of the type has.
  template <typename Visit>
  void each_list(graph::NodeTypeId node_type, Visit&& visit) const {
    for (std::size_t i = 0; i < schema_.edge_types().size(); ++i) {
      const auto type = static_cast<graph::EdgeTypeId>(i);
      if (schema_.edge_type(type).from == node_type) visit(type, kOutgoing);
      if (schema_.edge_type(type).to == node_type) visit(type, kIncoming);
    }
  }

  void take_edge(const EdgeKey& key) {
    if (!edges.insert(key).second) return;
    const graph::EdgeType& type = schema_.edge_type(key.type);
    touched_.insert({type.from, key.node});
    touched_.insert({type.to, key.other});
  }

  // With its edges; the events of those that rows made are kept in mind.
  void take_node(graph::NodeRef node) {
    if (!nodes.insert(node).second) return;
    each_list(node.type, [&](graph::EdgeTypeId type, Family family) {
      for (const EdgeKey& key : edges_of(node, type, family)) {
        take_edge(key);
        if (impl_.schema.attribute[type] == 0) events_.insert(key.event);
      }
    });
  }

  // Calls visit(key) for each edge that came and was deleted.
  template <typename Visit>
  void each_deleted(Visit&& visit) const {
    if (!impl_.deletions.any()) return;
    PrefixScan scan(impl_, kMeta, std::string(kDeletedPrefix));
    for (; scan.valid(); scan.next()) {
      const auto key = decode_deleted_key(scan.key());
      if (!key || key->type >= schema_.edge_types().size())
        impl_.damaged("a deleted edge of the store is damaged");
      visit(*key);
    }
    scan.check();
  }

  std::array<graph::NodeRef, 2> ends(graph::EdgeTypeId type, graph::NodeId from, graph::NodeId to) const {
    const graph::EdgeType& edge_type = schema_.edge_type(type);
    return {graph::NodeRef{edge_type.from, from}, graph::NodeRef{edge_type.to, to}};
  }

  bool names_any(const std::array<graph::NodeRef, 2>& of) const {
    return nodes.contains(of[0]) || nodes.contains(of[1]);
  }

  // Rows whose edges were deleted named the node as well: what they made beside these edges goes.
  void take_deleted_events(graph::NodeRef node) {
    each_deleted([&](const EdgeKey& key) {
      const auto of = ends(key.type, key.node, key.other);
      if (of[0] == node || of[1] == node) events_.insert(key.event);
    });
  }

  void find_deletions() {
    each_deleted([&](const EdgeKey& key) {
      if (events_.contains(key.event) || names_any(ends(key.type, key.node, key.other)))
        deleted.push_back(key);
    });
    if (!impl_.deletions.any()) return;
    PrefixScan scan(impl_, kMeta, std::string(kDeletionPrefix));
    for (; scan.valid(); scan.next()) {
      const auto pair = decode_deletion_key(scan.key());
      if (!pair || pair->type >= schema_.edge_types().size())
        impl_.damaged("a deletion of the store is damaged");
      const auto until = decode_deletion(scan.value());
      if (!until) impl_.damaged("a deletion of the store is damaged");
      if (names_any(ends(pair->type, pair->from, pair->to))) deletions.emplace_back(*pair, *until);
    }
    scan.check();
    PrefixScan scan_at(impl_, kMeta, std::string(kDeletionAtPrefix));
    for (; scan_at.valid(); scan_at.next()) {
      const auto entry = decode_deletion_at_key(scan_at.key());
      if (!entry || entry->first.type >= schema_.edge_types().size())
        impl_.damaged("a deletion of the store is damaged");
      const EdgePair& pair = entry->first;
      if (names_any(ends(pair.type, pair.from, pair.to))) deletions_at.push_back(*entry);
    }
    scan_at.check();
  }

  void take_nodes_of_events() {
    const std::vector<graph::EventId> events(events_.begin(), events_.end());
    for (std::size_t i = 0; i < schema_.node_types().size(); ++i) {
      if (impl_.schema.from_event[i] == 0) continue;
      const auto type = static_cast<graph::NodeTypeId>(i);
      for (const graph::EventId event : events) {
        const auto bytes = impl_.get(kIds, id_key(type, to_hex(event)));
        if (!bytes) continue;
        const auto value = decode_id_value(*bytes);
        if (!value) impl_.damaged("an id of the store is damaged");
        take_node({type, value->node});
      }
    }
  }

  // Edges between others that a row made which names the node.
  void take_edges_of_events() {
    if (events_.empty()) return;
    PrefixScan scan(impl_, kOutgoing, "");
    for (; scan.valid(); scan.next()) {
      const auto key = decode_edge_key(scan.key());
      if (!key || key->type >= schema_.edge_types().size()) impl_.damaged("an edge of the store is damaged");
      if (impl_.schema.attribute[key->type] == 0 && events_.contains(key->event)) take_edge(*key);
    }
    scan.check();
  }

  bool keeps_an_edge(graph::NodeRef node) const {
    bool keeps = false;
    each_list(node.type, [&](graph::EdgeTypeId type, Family family) {
      if (keeps) return;
      for (const EdgeKey& key : edges_of(node, type, family)) keeps = keeps || !edges.contains(key);
    });
    return keeps;
  }

  void find_orphans() {
    for (const graph::NodeRef& node : touched_) {
      if (nodes.contains(node) || only_by_edges_[node.type] == 0 || keeps_an_edge(node)) continue;
      nodes.insert(node);
    }
  }

  // A time that an edge gave which goes is replaced by the earliest of those that stay.
  void find_first_seen() {
    std::set<graph::NodeRef> affected;
    const auto look = [&](const EdgePair& pair, graph::TimeMs time) {
      if (time == graph::kNoTime) return;
      for (const graph::NodeRef& end : ends(pair.type, pair.from, pair.to)) {
        if (!nodes.contains(end) && stored_first_seen(end) == time) affected.insert(end);
      }
    };
    for (const EdgeKey& key : edges) look(pair_of(key), key.time);
    for (const EdgeKey& key : deleted) look(pair_of(key), key.time);
    for (const auto& [pair, until] : deletions) look(pair, until);
    for (const auto& [pair, time] : deletions_at) look(pair, time);
    for (const graph::NodeRef& node : affected) {
      graph::TimeMs earliest = graph::kNoTime;
      each_list(node.type, [&](graph::EdgeTypeId type, Family family) {
        if (!schema_.edge_type(type).timed) return;
        for (const EdgeKey& key : edges_of(node, type, family)) {
          if (!edges.contains(key)) earliest = earlier(earliest, key.time);
        }
      });
      if (earliest != stored_first_seen(node)) first_seen[node] = earliest;
    }
  }

  graph::TimeMs stored_first_seen(graph::NodeRef node) {
    const auto known = seen_.find(node);
    if (known != seen_.end()) return known->second;
    const auto name = impl_.get(kNames, node_key(node));
    const auto bytes = name ? impl_.get(kIds, id_key(node.type, *name)) : std::nullopt;
    const auto value = bytes ? decode_id_value(*bytes) : std::nullopt;
    if (!value || value->node != node.id) impl_.damaged("an id of the store is damaged");
    seen_[node] = value->first_seen;
    return value->first_seen;
  }

  void gather_fields(graph::NodeRef node) {
    PrefixScan scan(impl_, kFields, node_key(node));
    for (; scan.valid(); scan.next()) {
      field_keys.emplace_back(scan.key());
      const auto value = decode_field_value(scan.value());
      if (!value) impl_.damaged("a field of the store is damaged");
      if (const auto* text = std::get_if<std::string>(&*value))
        content_hashes.push_back(hash128_hex(std::as_bytes(std::span(text->data(), text->size()))));
      if (const auto* media = std::get_if<graph::MediaValue>(&*value); media && !media->content_hash.empty())
        content_hashes.push_back(media->content_hash);
    }
    scan.check();
  }

  const GraphStore::Impl& impl_;
  const graph::Schema& schema_;
  std::vector<std::uint8_t> only_by_edges_;
  std::unordered_set<graph::EventId> events_;
  std::set<graph::NodeRef> touched_;  // ends of edges that go
  std::map<graph::NodeRef, graph::TimeMs> seen_;
};

bool is_word_part(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}

// As a word of its own: 'u1' is none of 'u12'.
bool quotes_word(std::string_view text, std::string_view id) {
  for (std::size_t at = text.find(id); at != std::string_view::npos; at = text.find(id, at + 1)) {
    const std::size_t end = at + id.size();
    if ((at == 0 || !is_word_part(text[at - 1])) && (end == text.size() || !is_word_part(text[end])))
      return true;
  }
  return false;
}

struct Quoting {
  std::vector<QuarantinedRow> blanked = {};  // with source, place and reason
  bool as_word = false;                      // one of them surely means the id
};

// Rows that may quote the id: those that do, those whose excerpt was cut, and all where the source may spell
// it otherwise.
Quoting find_quoting(const GraphStore& store, std::string_view id, const ForgetOptions& options) {
  const bool all = options.spelled_otherwise || has_other_spellings(id);
  Quoting out;
  if (id.empty()) return out;
  store.visit_quarantine([&](const QuarantinedRow& row) {
    if (row.excerpt.empty() && row.detail.empty()) return true;
    const bool quotes = row.excerpt.find(id) != std::string::npos || row.detail.find(id) != std::string::npos;
    const bool cut = row.excerpt.ends_with("...") || row.detail.find("...") != std::string::npos;
    if (!all && !quotes && !cut) return true;
    out.as_word = out.as_word || quotes_word(row.excerpt, id) || quotes_word(row.detail, id);
    out.blanked.push_back(row);
    out.blanked.back().excerpt.clear();
    out.blanked.back().detail.clear();
    return true;
  });
  return out;
}

// All of it in one write.
class Removal {
 public:
  Removal(GraphStore::Impl& impl, const Gathering& found)
      : impl_(impl), found_(found), state_(impl.state), deletions_(impl.deletions) {}

  void run(const std::vector<QuarantinedRow>& blanked, const TombstoneHash& hash, const TombstoneKey& key) {
    remove_edges();
    remove_nodes();
    remove_deletions();
    change_first_seen();
    SealChange seal;
    for (const QuarantinedRow& row : blanked) {
      const std::string at = quarantine_key(row.source, row.offset), value = encode_quarantine_value(row);
      put(kQuarantine, at, value);
      seal.put(kQuarantine, at, value);
    }
    if (!seal.empty()) put(kMeta, kSealKey, encode_seal(seal.seal_after(impl_)));
    put(kMeta, kTombstoneKeyKey, {reinterpret_cast<const char*>(key.data()), key.size()});
    put(kMeta, tombstone_key(hash), "");
    add_to_mark(impl_, found_.content_hashes, batch_);
    const std::string first = change_key(0), end = change_key(~std::uint64_t{0}) + '\0';
    impl_.check(batch_.DeleteRange(impl_.family(kMeta), first, end), "write to the store");
    erase(kMeta, "changes");
    ++state_.sequence;  // snapshots and feature sets of before are not those of this state
    put(kMeta, "state", encode_state(state_));
    std::string format;
    put_little(format, std::max(impl_.format, kForgettingFormat));
    put(kMeta, "format", format);
    write();
  }

 private:
  void put(Family family, std::string_view key, std::string_view value) {
    impl_.check(batch_.Put(impl_.family(family), slice(key), slice(value)), "write to the store");
  }
  void erase(Family family, std::string_view key) {
    impl_.check(batch_.Delete(impl_.family(family), slice(key)), "write to the store");
  }

  void remove_edges() {
    for (const EdgeKey& key : found_.edges) {
      const auto out = encode_edge_key(key), in = encode_edge_key(key.reversed());
      erase(kOutgoing, {out.data(), out.size()});
      erase(kIncoming, {in.data(), in.size()});
      --state_.edge_counts[key.type];
    }
  }

  void remove_nodes() {
    for (const graph::NodeRef& node : found_.nodes) {
      const auto name = impl_.get(kNames, node_key(node));
      if (!name || name->empty()) impl_.damaged("a name of the store is damaged");
      erase(kIds, id_key(node.type, *name));
      put(kNames, node_key(node), "");
    }
    for (const std::string& key : found_.field_keys) erase(kFields, key);
  }

  void remove_deletions() {
    if (found_.deletions.empty() && found_.deletions_at.empty() && found_.deleted.empty()) return;
    for (const auto& [pair, until] : found_.deletions) {
      erase(kMeta, deletion_key(pair));
      --deletions_.deletions[pair.type];
    }
    for (const auto& [pair, time] : found_.deletions_at) {
      erase(kMeta, deletion_at_key(pair, time));
      --deletions_.deletions[pair.type];
    }
    for (const EdgeKey& key : found_.deleted) {
      erase(kMeta, deleted_key(key));
      --deletions_.deleted[key.type];
    }
    put(kMeta, kDeletionCountsKey, encode_deletion_counts(deletions_));
  }

  void change_first_seen() {
    for (const auto& [node, time] : found_.first_seen) {
      const auto name = impl_.get(kNames, node_key(node));
      const std::string key = name ? id_key(node.type, *name) : "";
      const auto bytes = name ? impl_.get(kIds, key) : std::nullopt;
      auto value = bytes ? decode_id_value(*bytes) : std::nullopt;
      if (!value) impl_.damaged("an id of the store is damaged");
      value->first_seen = time;
      put(kIds, key, encode_id_value(*value));
    }
  }

  void write() {
    impl_.failed = true;
    impl_.files.kill_point("forget.before_write");
    rocksdb::WriteOptions write;
    write.sync = true;
    write.protection_bytes_per_key = 8;
    impl_.check(impl_.db->Write(write, &batch_), "write to the store");
    impl_.files.kill_point("forget.after_write");
    impl_.state = std::move(state_);
    impl_.changes.reset();
    impl_.format = std::max(impl_.format, kForgettingFormat);
    impl_.deletions = deletions_;
    impl_.fresh_snapshot.reset();
    impl_.load_tombstones();
    impl_.start_cache();
    impl_.failed = false;
  }

  GraphStore::Impl& impl_;
  const Gathering& found_;
  StoreState state_;
  DeletionCounts deletions_;
  rocksdb::WriteBatch batch_;
};

}  // namespace

ForgetReport forget_node(GraphStore& store, graph::NodeTypeId type, std::string_view external_id,
                         const ForgetOptions& options) {
  GraphStore::Impl& impl = store.impl();
  if (!options.dry_run) check_writer(impl);
  ForgetReport report;
  report.nodes.assign(impl.schema.graph.node_types().size(), 0);
  report.edges.assign(impl.schema.graph.edge_types().size(), 0);
  const auto node = store.find_node(type, external_id);
  report.known = node.has_value();
  report.forgotten = !node && impl.tombstones.contains(type, external_id);
  const Quoting quoting = find_quoting(store, external_id, options);
  const bool quoted = report.forgotten ? !quoting.blanked.empty() : quoting.as_word;
  if (!node && !quoted) return report;
  Gathering found(impl, options);
  if (node) {
    report.node = {type, *node};
    found.run(report.node);
  }
  for (const graph::NodeRef& each : found.nodes) ++report.nodes[each.type];
  for (const EdgeKey& each : found.edges) ++report.edges[each.type];
  report.fields = found.field_keys.size();
  report.first_seen = found.first_seen.size();
  report.quarantined = quoting.blanked.size();
  if (options.dry_run) return report;
  const TombstoneKey key = impl.tombstones.key() ? *impl.tombstones.key() : random_tombstone_key();
  Removal(impl, found).run(quoting.blanked, Tombstones(key).hash(type, external_id), key);
  return report;
}

bool allow_return(GraphStore& store, graph::NodeTypeId type, std::string_view external_id) {
  GraphStore::Impl& impl = store.impl();
  check_writer(impl);
  if (!impl.tombstones.contains(type, external_id)) return false;
  const TombstoneHash hash = impl.tombstones.hash(type, external_id);
  rocksdb::WriteOptions write;
  write.sync = true;
  impl.check(impl.db->Delete(write, impl.family(kMeta), tombstone_key(hash)), "write to the store");
  impl.tombstones.remove(hash);
  return true;
}

}  // namespace weft::storage
