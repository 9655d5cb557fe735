// GraphStore::apply: one batch of events to one atomic write.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <numeric>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "base/error.h"
#include "base/hash.h"
#include "storage/batch_deletions.h"
#include "storage/batch_lookups.h"
#include "storage/field_conflicts.h"
#include "storage/row_seal.h"
#include "storage/store_impl.h"

namespace weft::storage {

void check_event(const graph::Event& event, const StoreSchema& store_schema) {
  const graph::Schema& schema = store_schema.graph;
  const auto fail = [](const std::string& what, const std::string& value) {
    throw Error(what, {.field = "event", .value = value}, ErrorKind::kFailed);
  };
  for (const graph::NodeEvent& node : event.nodes) {
    if (node.type >= schema.node_types().size()) fail("unknown node type", fmt::format("{}", node.type));
    if (node.external_id.empty()) fail("a node without an id", schema.node_type(node.type).name);
    if (node.fields.size() > schema.node_type(node.type).fields.size())
      fail("too many fields", schema.node_type(node.type).name);
  }
  if (!event.edges.empty() && event.id == graph::kNoEvent) fail("an event with edges needs an id", "0");
  for (const graph::EdgeEvent& edge : event.edges) {
    if (edge.type >= schema.edge_types().size()) fail("unknown edge type", fmt::format("{}", edge.type));
    const graph::EdgeType& type = schema.edge_type(edge.type);
    if (edge.from.empty() || edge.to.empty()) fail("an edge without an end", type.name);
    if (type.timed == (edge.time == graph::kNoTime))
      fail(type.timed ? "an edge without time in a timed type" : "an edge with a time in an untimed type",
           type.name);
    if (edge.deletes && edge.at_time_only && !type.timed)
      fail("a deletion at one time in an untimed type", type.name);
    if (edge.deletes && store_schema.attribute[edge.type] != 0)
      fail("the edge of an as_node field cannot be deleted: it goes with its row", type.name);
    if (!(edge.weight >= 0 && edge.weight <= 4294967296.0))
      fail("a weight that is not from 0 to 2^32", fmt::format("{}", edge.weight));
  }
}

graph::EventId attribute_event(const StoreSchema& schema, const graph::EdgeEvent& edge,
                               graph::EventId event) {
  const graph::EdgeType& type = schema.graph.edge_type(edge.type);
  if (schema.from_event[type.from] != 0) return event;
  Hasher64 hasher;
  hasher.update_field(type.name);
  hasher.update_field(edge.from);
  hasher.update_field(edge.to);
  return std::max<graph::EventId>(hasher.digest(), 1);
}

namespace {

bool has_deletions(const EventBatch& batch) {
  return std::any_of(batch.events.begin(), batch.events.end(), [](const graph::Event& event) {
    return std::any_of(event.edges.begin(), event.edges.end(),
                       [](const graph::EdgeEvent& edge) { return edge.deletes; });
  });
}

std::string encode_format(std::uint32_t format) {
  std::string out;
  put_little(out, format);
  return out;
}

class BatchWriter {
 public:
  BatchWriter(GraphStore::Impl& impl, const EventBatch& batch)
      : impl_(impl),
        batch_of_(batch),
        schema_(impl.schema.graph),
        state_(impl.state),
        first_new_(impl.state.node_counts) {
    result_.new_nodes.assign(schema_.node_types().size(), 0);
    result_.new_edges.assign(schema_.edge_types().size(), 0);
    result_.deleted_edges.assign(schema_.edge_types().size(), 0);
    if (impl.deletions.any() || has_deletions(batch)) deletions_.emplace(impl, first_new_);
    logged_.before = state_.sequence;
  }

  // After load_ids. `stored`: of find_stored.
  void add(const graph::Event& event, bool stored) {
    ++state_.sequence;
    if (names_forgotten(event)) {
      ++result_.forgotten_events;
      return;
    }
    if (is_duplicate(event, stored)) {
      ++result_.duplicate_events;
      return;
    }
    for (const graph::NodeEvent& node : event.nodes) add_node(node, event);
    keys_.clear();
    attributes_.clear();
    const bool may_be_stored = deletions_ && comes_again(event);
    for (const graph::EdgeEvent& edge : event.edges) {
      if (edge.deletes) {
        add_deletion(edge);
      } else if (impl_.schema.attribute[edge.type] != 0) {
        add_attribute(edge, event);
      } else {
        add_edge(edge, event, may_be_stored);
      }
    }
    for (const auto& [end, targets] : attributes_) replace_attributes(end.first, end.second, targets, event);
  }

  void add_ledger(const EventBatch& batch) {
    SealChange seal;
    const auto keep = [&](Family family, std::string_view key, std::string_view value) {
      put(family, key, value);
      seal.put(family, key, value);
    };
    for (const LedgerEntry& entry : batch.ledger)
      keep(kLedger, ledger_key(entry.source), encode_ledger_value(entry));
    for (const auto& [source, offset] : batch.released) {
      const std::string key = quarantine_key(source, offset);
      batch_.Delete(impl_.family(kQuarantine), key);
      seal.erase(kQuarantine, key);
    }
    for (const QuarantinedRow& row : batch.quarantined)
      keep(kQuarantine, quarantine_key(row.source, row.offset), encode_quarantine_value(row));
    if (!seal.empty()) put(kMeta, kSealKey, encode_seal(seal.seal_after(impl_)));
  }

  ApplyResult finish() {
    const DeletionCounts deletions = settle_deletions();
    const std::uint32_t format = deletions.any() ? std::max(impl_.format, kDeletingFormat) : impl_.format;
    if (format != impl_.format) put(kMeta, "format", encode_format(format));
    write_edges(outgoing_, kOutgoing);
    write_edges(incoming_, kIncoming);
    put(kMeta, "state", encode_state(state_));
    const std::optional<ChangeLogState> changes = log_changes();
    impl_.files.kill_point("apply.before_write");
    rocksdb::WriteOptions write;
    write.sync = impl_.options.sync == Sync::kEachBatch;
    write.protection_bytes_per_key = 8;
    impl_.check(impl_.db->Write(write, &batch_), "write to the store");
    impl_.state = std::move(state_);
    impl_.changes = changes;
    impl_.deletions = deletions;
    impl_.format = format;
    impl_.files.kill_point("apply.after_write");
    return std::move(result_);
  }

 private:
  // Attribute edges of one node and type: target -> event.
  using AttributeSet = std::map<graph::NodeId, graph::EventId>;

  struct EdgeChange {
    EdgeKeyBytes key;
    std::array<char, kEdgeValueBytes> value;
    bool erase;
  };

  // In key order: what lies together in the memtable is written together. Changes of one key stay in order.
  void write_edges(std::vector<EdgeChange>& changes, Family family) {
    std::stable_sort(changes.begin(), changes.end(), [](const EdgeChange& a, const EdgeChange& b) {
      return std::memcmp(a.key.data(), b.key.data(), kEdgeKeyBytes) < 0;
    });
    for (const EdgeChange& change : changes) {
      impl_.check(change.erase ? batch_.Delete(impl_.family(family), slice(change.key))
                               : batch_.Put(impl_.family(family), slice(change.key), slice(change.value)),
                  "write to the store");
    }
  }

  // The batch's entry in the log of changes, or the log's end.
  std::optional<ChangeLogState> log_changes() {
    if (!impl_.changes || state_.sequence == logged_.before) return impl_.changes;
    ChangeLogState after = *impl_.changes;
    after.changes += logged_.changes();
    const std::uint64_t edges =
        std::accumulate(state_.edge_counts.begin(), state_.edge_counts.end(), std::uint64_t{0});
    if (after.changes > std::max<std::uint64_t>(impl_.options.logged_changes, edges / 8)) {
      const std::string first = change_key(0), end = change_key(~std::uint64_t{0});
      impl_.check(batch_.DeleteRange(impl_.family(kMeta), first, end), "write to the store");
      impl_.check(batch_.Delete(impl_.family(kMeta), "changes"), "write to the store");
      return std::nullopt;
    }
    put(kMeta, change_key(state_.sequence), encode_change(logged_));
    put(kMeta, "changes", encode_change_log(after));
    return after;
  }

  bool logs(graph::NodeTypeId type, graph::NodeId node) const {
    return impl_.changes && node < first_new_[type];
  }

  void put(Family family, std::string_view key, std::string_view value) {
    impl_.check(batch_.Put(impl_.family(family), slice(key), slice(value)), "write to the store");
  }

  // The dictionary's entry, or null if there is none. Valid until the next call.
  IdValue* find(graph::NodeTypeId type, std::string_view external_id) {
    return impl_.cache->find(type, external_id);
  }

  // Whether the event names a node that the store was made to forget.
  bool names_forgotten(const graph::Event& event) {
    if (impl_.tombstones.empty()) return false;
    const auto gone = [&](graph::NodeTypeId type, const std::string& external_id) {
      return find(type, external_id) == nullptr && impl_.tombstones.contains(type, external_id);
    };
    return std::any_of(event.nodes.begin(), event.nodes.end(),
                       [&](const graph::NodeEvent& node) { return gone(node.type, node.external_id); }) ||
           std::any_of(event.edges.begin(), event.edges.end(), [&](const graph::EdgeEvent& edge) {
             const graph::EdgeType& type = schema_.edge_type(edge.type);
             return gone(type.from, edge.from) || gone(type.to, edge.to);
           });
  }

  void put_id(graph::NodeTypeId type, std::string_view external_id, const IdValue& value) {
    put(kIds, id_key(type, external_id), encode_id_value(value));
  }

  graph::NodeId create(graph::NodeTypeId type, std::string_view external_id, graph::TimeMs time,
                       graph::EventId event) {
    if (state_.node_counts[type] >= graph::kNoNode - 1) {
      throw Error("too many nodes of one type",
                  {.field = schema_.node_type(type).name, .expected = "at most 2^32 - 2"});
    }
    const IdValue value{state_.node_counts[type]++, time, event};
    ++result_.new_nodes[type];
    put_id(type, external_id, value);
    put(kNames, node_key({type, value.node}), external_id);
    impl_.cache->put(type, external_id, value);
    return value.node;
  }

  void see(graph::NodeTypeId type, std::string_view external_id, IdValue& value, graph::TimeMs time) {
    const graph::TimeMs first_seen = earlier(value.first_seen, time);
    if (first_seen == value.first_seen) return;
    value.first_seen = first_seen;
    if (logs(type, value.node)) logged_.seen.push_back({type, value.node});
    put_id(type, external_id, value);
  }

  void add_node(const graph::NodeEvent& node, const graph::Event& event) {
    const bool from_event = impl_.schema.from_event[node.type] != 0;
    graph::NodeId id = graph::kNoNode;
    if (IdValue* found = find(node.type, node.external_id)) {
      id = found->node;
      see(node.type, node.external_id, *found, node.time);
    } else {
      id = create(node.type, node.external_id, node.time, from_event ? event.id : graph::kNoEvent);
    }
    const FieldRank rank =
        batch_of_.ranks.empty() ? FieldRank{} : rank_of(batch_of_.ranks[node.type], node.time);
    for (std::size_t i = 0; i < node.fields.size(); ++i) {
      if (std::holds_alternative<std::monostate>(node.fields[i])) continue;
      if (logs(node.type, id)) logged_.fields.push_back({{node.type, id}, static_cast<std::uint16_t>(i)});
      put_field({node.type, id}, static_cast<std::uint16_t>(i), encode_field_value(node.fields[i], rank));
    }
  }

  // Joined to the value that stands, where ranks say which is to stand.
  void put_field(graph::NodeRef node, std::uint16_t field, std::string value) {
    const std::string key = field_key(node, field);
    const auto in_batch = ranked_.find(key);
    std::optional<std::string> standing;
    if (in_batch != ranked_.end()) {
      standing = in_batch->second;
    } else if (node.id < first_new_[node.type] && (is_ranked(value) || batch_of_.takes_standing_ranks)) {
      standing = impl_.get(kFields, key);
    }
    FieldConflicts before;
    if (standing) {
      before = conflicts_of(*standing);
      if (is_ranked(*standing)) value = join_fields(*standing, value);
    }
    if (is_ranked(value)) {
      const FieldConflicts changed = difference(conflicts_of(value), before);
      if (changed.any()) add_conflicts(result_.conflicts, {{{node.type, field}, changed}});
      ranked_.insert_or_assign(key, value);
    }
    put(kFields, key, value);
  }

  graph::NodeId end(graph::NodeTypeId type, std::string_view external_id, graph::TimeMs time) {
    IdValue* found = find(type, external_id);
    if (found == nullptr) return create(type, external_id, time, graph::kNoEvent);
    const graph::NodeId node = found->node;
    see(type, external_id, *found, time);
    return node;
  }

  bool is_duplicate(const graph::Event& event, bool stored) {
    const graph::EdgeEvent* first = first_edge(impl_.schema, event);
    if (first == nullptr) return false;
    const bool again = !events_.insert(event.id).second || stored;
    if (!deletions_ || schema_.edge_type(first->type).timed) return again;
    // In an untimed type it comes anew if its pair was deleted since.
    const auto pair = known_pair(*first);
    const auto deleted = pair ? deletions_->last_untimed(*pair) : std::nullopt;
    const auto [added, is_new] = untimed_events_.emplace(event.id, state_.sequence);
    if (!deleted) return again;
    if (!is_new && added->second > *deleted) return true;
    added->second = state_.sequence;
    return false;
  }

  std::optional<EdgePair> known_pair(const graph::EdgeEvent& edge) {
    const graph::EdgeType& type = schema_.edge_type(edge.type);
    const IdValue* from = find(type.from, edge.from);
    if (from == nullptr) return std::nullopt;
    const graph::NodeId from_id = from->node;
    const IdValue* to = find(type.to, edge.to);
    if (to == nullptr) return std::nullopt;
    return EdgePair{edge.type, from_id, to->node};
  }

  // Whether edges of the event may be in the store although its first one is not: that is of an untimed type,
  // and its pair may have been deleted.
  bool comes_again(const graph::Event& event) const {
    const graph::EdgeEvent* first = first_edge(impl_.schema, event);
    if (first == nullptr || schema_.edge_type(first->type).timed) return false;
    return std::count_if(event.edges.begin(), event.edges.end(), [&](const graph::EdgeEvent& edge) {
             return !edge.deletes && impl_.schema.attribute[edge.type] == 0;
           }) > 1;
  }

  void put_edge(const EdgeKey& key, const EdgeValue& value) {
    const auto bytes = encode_edge_value(value);
    outgoing_.push_back({encode_edge_key(key), bytes, false});
    incoming_.push_back({encode_edge_key(key.reversed()), bytes, false});
    if (impl_.changes) logged_.edges.push_back({false, key, value});
    if (impl_.newest) add_time(*impl_.newest, key.type, key.time);
    if (++state_.edge_counts[key.type] >= graph::kNoEdge) {
      throw Error("too many edges of one type",
                  {.field = schema_.edge_type(key.type).name, .expected = "at most 2^32 - 2"});
    }
    ++result_.new_edges[key.type];
  }

  void erase_edge(const EdgeKey& key) {
    outgoing_.push_back({encode_edge_key(key), {}, true});
    incoming_.push_back({encode_edge_key(key.reversed()), {}, true});
    if (impl_.changes) logged_.edges.push_back({true, key, {}});
    --state_.edge_counts[key.type];
  }

  void add_deletion(const graph::EdgeEvent& edge) {
    const graph::EdgeType& type = schema_.edge_type(edge.type);
    const graph::NodeId from = end(type.from, edge.from, edge.time);
    const graph::NodeId to = end(type.to, edge.to, edge.time);
    using Half = BatchDeletions::Half;
    const auto reach = edge.at_time_only ? BatchDeletions::Reach::kAt : BatchDeletions::Reach::kUpTo;
    deletions_->add_deletion({edge.type, from, to}, edge.time, reach, state_.sequence, Half::kFirst);
    if (type.symmetric && from != to)
      deletions_->add_deletion({edge.type, to, from}, edge.time, reach, state_.sequence, Half::kSecond);
    ++result_.deletions;
  }

  // Returns the counts as of after the batch.
  DeletionCounts settle_deletions() {
    DeletionCounts counts = impl_.deletions;
    if (!deletions_) return counts;
    const BatchDeletions::Outcome out = deletions_->settle();
    for (const EdgeKey& key : out.removed) erase_edge(key);
    for (const auto& [key, value] : out.standing) put_edge(key, value);
    for (const graph::NodeRef& node : out.emptied) {
      for (std::size_t i = 0; i < schema_.edge_types().size(); ++i) {
        const auto type = static_cast<graph::EdgeTypeId>(i);
        if (impl_.schema.attribute[type] != 0 && schema_.edge_type(type).from == node.type)
          replace_attributes(type, node.id, {}, {});
      }
    }
    for (const auto& [pair, until] : out.until) put(kMeta, deletion_key(pair), encode_deletion(until));
    for (const auto& [pair, time] : out.at) put(kMeta, deletion_at_key(pair, time), "");
    for (const EdgeKey& key : out.deleted) {
      put(kMeta, deleted_key(key), "");
      ++counts.deleted[key.type];
    }
    for (std::size_t type = 0; type < out.deletions.size(); ++type) {
      counts.deletions[type] += out.deletions[type];
      result_.new_edges[type] += out.never_stood[type];
      result_.deleted_edges[type] += out.taken_back[type];
    }
    result_.deletions_of_nothing = out.without_effect;
    if (!(counts == impl_.deletions)) put(kMeta, kDeletionCountsKey, encode_deletion_counts(counts));
    return counts;
  }

  void add_edge(const graph::EdgeEvent& edge, const graph::Event& event, bool may_be_stored) {
    const graph::EdgeType& type = schema_.edge_type(edge.type);
    const graph::NodeId from = end(type.from, edge.from, edge.time);
    const graph::NodeId to = end(type.to, edge.to, edge.time);
    const EdgeKey key{edge.type, from, edge.time, to, event.id};
    const EdgeValue value{event.source, static_cast<float>(edge.weight)};
    const auto put_once = [&](const EdgeKey& each) {
      if (std::find(keys_.begin(), keys_.end(), each) != keys_.end()) return;
      keys_.push_back(each);
      if (!deletions_) return put_edge(each, value);
      using Stored = BatchDeletions::Stored;
      deletions_->add_edge(each, value, state_.sequence, may_be_stored ? Stored::kMayBe : Stored::kNot);
    };
    put_once(key);
    if (type.symmetric) put_once(key.reversed());
  }

  void add_attribute(const graph::EdgeEvent& edge, const graph::Event& event) {
    const graph::EdgeType& type = schema_.edge_type(edge.type);
    const graph::NodeId from = end(type.from, edge.from, edge.time);
    const graph::NodeId to = end(type.to, edge.to, edge.time);
    attributes_[{edge.type, from}].insert_or_assign(to, attribute_event(impl_.schema, edge, event.id));
  }

  AttributeSet stored_attributes(graph::EdgeTypeId type, graph::NodeId from) const {
    AttributeSet out;
    if (from >= first_new_[schema_.edge_type(type).from]) return out;
    const auto prefix = encode_edge_prefix(type, from);
    PrefixScan scan(impl_, kOutgoing, std::string(prefix.data(), prefix.size()));
    for (; scan.valid(); scan.next()) {
      const auto key = decode_edge_key(scan.key());
      if (!key) impl_.damaged("an edge of the store is damaged");
      out.insert_or_assign(key->other, key->event);
    }
    scan.check();
    return out;
  }

  // The node's edges of this type become exactly `targets`; those that stay are not touched.
  void replace_attributes(graph::EdgeTypeId type, graph::NodeId from, const AttributeSet& targets,
                          const graph::Event& event) {
    auto known = known_attributes_.find({type, from});
    if (known == known_attributes_.end()) {
      known = known_attributes_.emplace(std::pair(type, from), stored_attributes(type, from)).first;
    }
    AttributeSet& present = known->second;
    for (const auto& [to, id] : present) {
      if (targets.contains(to)) continue;
      erase_edge({type, from, graph::kNoTime, to, id});
    }
    AttributeSet after;
    for (const auto& [to, id] : targets) {
      const auto kept = present.find(to);
      if (kept == present.end()) put_edge({type, from, graph::kNoTime, to, id}, {event.source, 1.0F});
      after.emplace(to, kept == present.end() ? id : kept->second);
    }
    present = std::move(after);
  }

  GraphStore::Impl& impl_;
  const EventBatch& batch_of_;
  const graph::Schema& schema_;
  rocksdb::WriteBatch batch_;
  std::vector<EdgeChange> outgoing_, incoming_;
  StoreState state_;
  std::vector<std::uint32_t> first_new_;  // [node type] ids from here on are this batch's
  ApplyResult result_;
  ChangeEntry logged_;                       // of this batch, if the store keeps a log of changes
  std::optional<BatchDeletions> deletions_;  // if the batch or the store has any
  std::unordered_set<graph::EventId> events_;
  std::unordered_map<graph::EventId, std::uint64_t> untimed_events_;  // -> the sequence that last took it
  std::unordered_map<std::string, std::string> ranked_;  // field key -> value that this batch wrote
  std::map<std::pair<graph::EdgeTypeId, graph::NodeId>, AttributeSet> known_attributes_;
  // Of the event at hand:
  std::vector<EdgeKey> keys_;
  std::map<std::pair<graph::EdgeTypeId, graph::NodeId>, AttributeSet> attributes_;
};

}  // namespace

ApplyResult GraphStore::apply(const EventBatch& batch) {
  if (!impl_->secondary_folder.empty())
    throw Error("the store was opened for reading", {.file = impl_->folder.string()});
  if (impl_->failed)
    throw Error("an earlier write to the store failed: it must be opened again",
                {.file = impl_->folder.string()});
  // All of it before anything is changed in memory: apply() must leave nothing behind when it throws.
  for (const graph::Event& event : batch.events) check_event(event, impl_->schema);
  // From here on a failure leaves the cache ahead of the database.
  impl_->failed = true;
  impl_->cache->roll();
  load_ids(*impl_, batch.events);
  const std::vector<char> stored = find_stored(*impl_, batch.events);
  BatchWriter writer(*impl_, batch);
  for (std::size_t i = 0; i < batch.events.size(); ++i) writer.add(batch.events[i], stored[i] != 0);
  writer.add_ledger(batch);
  ApplyResult result = writer.finish();
  impl_->failed = false;
  return result;
}

}  // namespace weft::storage
