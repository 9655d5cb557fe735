#include "storage/batch_deletions.h"

#include <algorithm>
#include <string>

#include "base/hash.h"
#include "storage/batch_lookups.h"

namespace weft::storage {

BatchDeletions::BatchDeletions(const GraphStore::Impl& impl, std::vector<std::uint32_t> first_new)
    : impl_(impl), first_new_(std::move(first_new)) {
  out_.deletions.assign(impl.schema.graph.edge_types().size(), 0);
  out_.taken_back.assign(impl.schema.graph.edge_types().size(), 0);
  out_.never_stood.assign(impl.schema.graph.edge_types().size(), 0);
}

void BatchDeletions::add_edge(const EdgeKey& key, const EdgeValue& value, std::uint64_t sequence,
                              Stored stored) {
  pending_.push_back({key, value, sequence, stored});
}

void BatchDeletions::add_deletion(const EdgePair& pair, graph::TimeMs time, Reach reach,
                                  std::uint64_t sequence, Half half) {
  pairs_[pair].deletions.push_back({time, reach, sequence, half});
}

std::optional<std::uint64_t> BatchDeletions::last_untimed(const EdgePair& pair) const {
  if (is_timed(pair.type)) return std::nullopt;
  const auto found = pairs_.find(pair);
  if (found == pairs_.end()) return std::nullopt;
  return found->second.deletions.back().sequence;
}

// An end that the database does not have yet: neither has it edges or deletions of the pair.
bool BatchDeletions::is_new(const EdgePair& pair) const {
  const graph::EdgeType& type = impl_.schema.graph.edge_type(pair.type);
  return pair.from >= first_new_[type.from] || pair.to >= first_new_[type.to];
}

BatchDeletions::Outcome BatchDeletions::settle() {
  drop_those_there(Times::kTimed);
  find_entries();
  find_entries_at();
  find_stored_edges();
  for (std::size_t i = 0; i < pending_.size(); ++i) {
    if (pending_[i].gone) continue;
    const auto pair = pairs_.find(pair_of(pending_[i].key));
    if (pair != pairs_.end()) pair->second.pending.push_back(i);
  }
  for (auto& [key, pair] : pairs_) settle_pair(key, pair);
  take_event_nodes();
  // Whether one of an untimed type is still there is known only now.
  drop_those_there(Times::kUntimed);
  for (const Pending& edge : pending_) {
    if (!edge.gone) out_.standing.emplace_back(edge.key, edge.value);
  }
  std::sort(out_.deleted.begin(), out_.deleted.end());
  return std::move(out_);
}

// The store's deletions of all pairs at hand.
void BatchDeletions::find_entries() {
  std::vector<EdgePair> wanted;
  const auto want = [&](const EdgePair& pair) {
    if (impl_.deletions.deletions[pair.type] > 0 && is_timed(pair.type) && !is_new(pair))
      wanted.push_back(pair);
  };
  for (const auto& [key, pair] : pairs_) want(key);
  for (const Pending& edge : pending_) want(pair_of(edge.key));
  std::sort(wanted.begin(), wanted.end());
  wanted.erase(std::unique(wanted.begin(), wanted.end()), wanted.end());
  std::vector<std::string> keys;
  keys.reserve(wanted.size());
  for (const EdgePair& pair : wanted) keys.push_back(deletion_key(pair));
  look_up(impl_, kMeta, keys, [&](std::size_t at, std::string_view bytes) {
    const auto until = decode_deletion(bytes);
    if (!until) impl_.damaged("a deletion of the store is damaged");
    Pair& pair = pairs_[wanted[at]];
    pair.until = *until;
    pair.has_entry = true;
  });
}

// The same at the times of edges and deletions at hand.
void BatchDeletions::find_entries_at() {
  std::vector<std::pair<EdgePair, graph::TimeMs>> wanted;
  const auto want = [&](const EdgePair& pair, graph::TimeMs time) {
    if (impl_.deletions.deletions[pair.type] > 0 && is_timed(pair.type) && !is_new(pair))
      wanted.emplace_back(pair, time);
  };
  for (const auto& [key, pair] : pairs_) {
    for (const Deletion& deletion : pair.deletions) {
      if (deletion.reach == Reach::kAt) want(key, deletion.time);
    }
  }
  for (const Pending& edge : pending_) want(pair_of(edge.key), edge.key.time);
  std::sort(wanted.begin(), wanted.end());
  wanted.erase(std::unique(wanted.begin(), wanted.end()), wanted.end());
  std::vector<std::string> keys;
  keys.reserve(wanted.size());
  for (const auto& [pair, time] : wanted) keys.push_back(deletion_at_key(pair, time));
  look_up(impl_, kMeta, keys,
          [&](std::size_t at, std::string_view) { pairs_[wanted[at].first].at.insert(wanted[at].second); });
}

// What this batch's deletions may take back in the store: a row that one of them reaches up to a time in is
// read once, whatever the number of its pairs; of the others just the edges at their times.
void BatchDeletions::find_stored_edges() {
  for (auto first = pairs_.begin(); first != pairs_.end();) {
    auto last = first;
    bool any = false, up_to = false;
    for (; last != pairs_.end() && last->first.type == first->first.type &&
           last->first.from == first->first.from;
         ++last) {
      if (is_new(last->first)) continue;
      for (const Deletion& deletion : last->second.deletions) {
        any = true;
        up_to = up_to || deletion.reach == Reach::kUpTo;
      }
    }
    if (up_to) read_row(first, last);
    if (any && !up_to) read_times(first, last);
    first = last;
  }
}

void BatchDeletions::read_times(std::map<EdgePair, Pair>::iterator first,
                                std::map<EdgePair, Pair>::iterator last) {
  for (auto at = first; at != last; ++at) {
    if (is_new(at->first)) continue;
    std::set<graph::TimeMs> times;
    for (const Deletion& deletion : at->second.deletions) times.insert(deletion.time);
    for (const graph::TimeMs time : times) {
      for (const EdgeKey& key : edges_at(impl_, at->first, time)) at->second.stored.push_back(key);
    }
  }
}

void BatchDeletions::read_row(std::map<EdgePair, Pair>::iterator first,
                              std::map<EdgePair, Pair>::iterator last) {
  const EdgePair row = first->first;
  graph::TimeMs latest = graph::kNoTime;
  for (auto at = first; at != last; ++at) {
    for (const Deletion& deletion : at->second.deletions) latest = std::max(latest, deletion.time);
  }
  const auto prefix = encode_edge_prefix(row.type, row.from);
  rocksdb::ReadOptions read = scan_options(kOutgoing);
  read.prefix_same_as_start = true;
  const std::unique_ptr<rocksdb::Iterator> scan(impl_.db->NewIterator(read, impl_.family(kOutgoing)));
  // Newest first: from the first edge that is not newer than all deletions.
  const auto from = encode_edge_key({row.type, row.from, latest, ~graph::NodeId{0}, ~graph::EventId{0}});
  for (scan->Seek(slice(from)); scan->Valid() && scan->key().starts_with(slice(prefix)); scan->Next()) {
    const auto key = decode_edge_key({scan->key().data(), scan->key().size()});
    if (!key) impl_.damaged("an edge of the store is damaged");
    const auto pair = pairs_.find(pair_of(*key));
    if (pair != pairs_.end() && !pair->second.deletions.empty()) pair->second.stored.push_back(*key);
  }
  impl_.check(scan->status(), "read the store");
}

// Plays edges and deletions of one pair in the order in which they came, so that the counts do not depend on
// how the stream is cut into batches.
void BatchDeletions::settle_pair(const EdgePair& key, Pair& pair) {
  const bool timed = is_timed(key.type);
  const graph::TimeMs before = pair.until;
  std::multimap<graph::TimeMs, std::size_t> standing;  // positions in stored, behind them in pending_
  for (std::size_t i = 0; i < pair.stored.size(); ++i) standing.emplace(pair.stored[i].time, i);
  const auto arrive = [&](std::size_t at) {
    const graph::TimeMs time = pending_[at].key.time;
    if (timed && (time <= pair.until || pair.at.contains(time))) {
      drop(pending_[at], timed);
    } else {
      standing.emplace(time, pair.stored.size() + at);
    }
  };
  auto edge = pair.pending.begin();
  for (const Deletion& deletion : pair.deletions) {
    for (; edge != pair.pending.end() && pending_[*edge].sequence < deletion.sequence; ++edge) arrive(*edge);
    const bool up_to = deletion.reach == Reach::kUpTo;
    const auto first = up_to ? standing.begin() : standing.lower_bound(deletion.time);
    const auto last = standing.upper_bound(deletion.time);
    if (first == last && deletion.half == Half::kFirst) ++out_.without_effect;
    for (auto at = first; at != last; ++at) {
      if (at->second < pair.stored.size()) {
        remove(pair.stored[at->second], timed);
      } else {
        drop(pending_[at->second - pair.stored.size()], timed);
      }
    }
    standing.erase(first, last);
    if (up_to) pair.until = std::max(pair.until, deletion.time);
    if (!up_to && pair.at.insert(deletion.time).second) pair.new_at.insert(deletion.time);
  }
  for (; edge != pair.pending.end(); ++edge) arrive(*edge);
  if (!timed) out_.deletions[key.type] += pair.deletions.size();
  for (const graph::TimeMs time : pair.new_at) out_.at.emplace_back(key, time);
  out_.deletions[key.type] += pair.new_at.size();
  if (!timed || pair.until == before) return;
  out_.until.emplace_back(key, pair.until);
  if (!pair.has_entry) ++out_.deletions[key.type];
}

void BatchDeletions::remove(const EdgeKey& key, bool keep_in_mind) {
  if (!removed_.insert(key).second) return;
  out_.removed.push_back(key);
  ++out_.taken_back[key.type];
  if (!keep_in_mind) return;
  out_.deleted.push_back(key);
  events_.insert(key.event);
}

void BatchDeletions::drop(Pending& edge, bool keep_in_mind) {
  edge.gone = true;
  ++out_.taken_back[edge.key.type];
  ++out_.never_stood[edge.key.type];
  if (!keep_in_mind) return;
  out_.deleted.push_back(edge.key);
  events_.insert(edge.key.event);
}

// Nodes that rows made whose edge does not stand: their edges go with it.
void BatchDeletions::take_event_nodes() {
  const auto& from_event = impl_.schema.from_event;
  if (std::find(from_event.begin(), from_event.end(), 1) == from_event.end()) return;
  const std::vector<graph::EventId> events(events_.begin(), events_.end());
  for (std::size_t i = 0; i < from_event.size(); ++i) {
    if (from_event[i] == 0) continue;
    const auto type = static_cast<graph::NodeTypeId>(i);
    for (const graph::EventId event : events) {
      const std::string name = to_hex(event);
      std::optional<IdValue> value;
      if (const IdValue* known = impl_.cache->find(type, name); known != nullptr) {
        value = *known;
      } else if (const auto bytes = impl_.get(kIds, id_key(type, name))) {
        value = decode_id_value(*bytes);
        if (!value) impl_.damaged("an id of the store is damaged");
      }
      if (value && value->event == event) take_edges_of({type, value->node}, event);
    }
  }
  for (Pending& edge : pending_) {
    const graph::EdgeType& type = impl_.schema.graph.edge_type(edge.key.type);
    if (edge.gone || (from_event[type.from] == 0 && from_event[type.to] == 0)) continue;
    if (events_.contains(edge.key.event)) drop(edge, true);
  }
}

void BatchDeletions::take_edges_of(graph::NodeRef node, graph::EventId event) {
  out_.emptied.push_back(node);
  if (node.id >= first_new_[node.type]) return;
  const graph::Schema& schema = impl_.schema.graph;
  const auto take = [&](graph::EdgeTypeId type, Family family) {
    const auto prefix = encode_edge_prefix(type, node.id);
    PrefixScan scan(impl_, family, std::string(prefix.data(), prefix.size()));
    for (; scan.valid(); scan.next()) {
      const auto key = decode_edge_key(scan.key());
      if (!key) impl_.damaged("an edge of the store is damaged");
      if (key->event == event) remove(family == kOutgoing ? *key : key->reversed(), true);
    }
    scan.check();
  };
  for (std::size_t i = 0; i < schema.edge_types().size(); ++i) {
    const auto type = static_cast<graph::EdgeTypeId>(i);
    if (impl_.schema.attribute[type] != 0) continue;
    if (schema.edge_type(type).from == node.type) take(type, kOutgoing);
    if (schema.edge_type(type).to == node.type) take(type, kIncoming);
  }
}

// Of events that are taken for the second time: edges that were not deleted with the first one are there, and
// those that were deleted before it are known to be.
void BatchDeletions::drop_those_there(Times times) {
  if (std::none_of(pending_.begin(), pending_.end(),
                   [](const Pending& edge) { return edge.stored == Stored::kMayBe; }))
    return;
  std::vector<std::pair<std::string, std::size_t>> standing, deleted;
  std::set<EdgeKey> earlier;  // in the batch
  for (std::size_t i = 0; i < pending_.size(); ++i) {
    Pending& edge = pending_[i];
    if (edge.gone || is_timed(edge.key.type) != (times == Times::kTimed)) continue;
    if (!earlier.insert(edge.key).second) edge.gone = edge.stored == Stored::kMayBe;
    if (edge.gone || edge.stored == Stored::kNot || removed_.contains(edge.key)) continue;
    const auto bytes = encode_edge_key(edge.key);
    standing.emplace_back(std::string(bytes.data(), bytes.size()), i);
    deleted.emplace_back(deleted_key(edge.key), i);
  }
  const auto drop_found = [&](Family family, std::vector<std::pair<std::string, std::size_t>>& wanted) {
    std::sort(wanted.begin(), wanted.end());
    std::vector<std::string> keys;
    for (const auto& [key, at] : wanted) keys.push_back(key);
    look_up(impl_, family, keys,
            [&](std::size_t at, std::string_view) { pending_[wanted[at].second].gone = true; });
  };
  drop_found(kOutgoing, standing);
  drop_found(kMeta, deleted);
}

}  // namespace weft::storage
