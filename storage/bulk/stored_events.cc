#include "storage/bulk/stored_events.h"

#include <algorithm>
#include <numeric>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/hash_sort.h"
#include "storage/batch_lookups.h"
#include "storage/deletions.h"

namespace weft::storage {
namespace {

// An event whose first edge may be in the store.
struct Candidate {
  std::uint32_t event = 0;  // of its chunk
  graph::EventId id = 0;
  EdgeHead edge = {};
};

struct WantedName {
  Hash128 hash = {};
  std::uint32_t chunk = 0, name = 0;
  bool operator<(const WantedName& other) const { return hash < other.hash; }
};

void skip_nodes(EventBytes& bytes, const EventHead& event) {
  for (std::uint32_t n = 0; n < event.nodes; ++n) {
    const auto node = bytes.take<NodeHead>();
    for (std::uint16_t i = 0; i < node.fields; ++i) bytes.skip(bytes.take<FieldHead>().size);
  }
}

std::vector<Candidate> candidates_of(const Chunk& chunk, const GraphStore::Impl& store) {
  std::vector<Candidate> out;
  EventBytes bytes(chunk.events);
  for (std::uint32_t e = 0; !bytes.finished(); ++e) {
    const auto event = bytes.take<EventHead>();
    skip_nodes(bytes, event);
    bool first = chunk.ids[e] != graph::kNoEvent && chunk.dropped[e] == 0;
    for (std::uint32_t i = 0; i < event.edges; ++i) {
      const auto edge = bytes.take<EdgeHead>();
      if (!first || edge.deletes != 0 || store.schema.attribute[edge.type] != 0) continue;
      first = false;
      // An edge that was deleted as it arrived is in no table file, however new it is.
      if (may_hold(store.newest, edge.type, edge.time) || store.deletions.deleted[edge.type] > 0)
        out.push_back({e, event.id, edge});
    }
  }
  return out;
}

// The store's ids of the candidates' ends, in place of Chunk::nodes, which are not known yet.
std::vector<std::vector<graph::NodeId>> stored_ends(std::span<const Chunk> chunks,
                                                    const std::vector<std::vector<Candidate>>& candidates,
                                                    const StoreNames& names, ThreadPool& pool) {
  std::vector<std::vector<graph::NodeId>> nodes(chunks.size());
  std::vector<WantedName> wanted;
  for (std::size_t c = 0; c < chunks.size(); ++c) {
    if (candidates[c].empty()) continue;
    std::vector<char> named(chunks[c].names.size(), 0);
    for (const Candidate& each : candidates[c]) {
      for (const std::uint32_t end : {each.edge.from, each.edge.to}) {
        named[end] = 1;
        // No other event has this name, and its hash is not there yet.
        if (chunks[c].names[end].of_event)
          wanted.push_back(
              {name_hash(chunks[c].names[end].type, to_hex(each.id)), static_cast<std::uint32_t>(c), end});
      }
    }
    for (std::size_t i = 0; i < named.size(); ++i) {
      if (named[i] != 0 && !chunks[c].names[i].of_event)
        wanted.push_back(
            {chunks[c].names[i].hash, static_cast<std::uint32_t>(c), static_cast<std::uint32_t>(i)});
    }
    nodes[c].assign(named.size(), graph::kNoNode);
  }
  sort_by_hash(wanted, &pool, [](const WantedName& name) { return name.hash.high; });
  names.find(std::span<const WantedName>(wanted), [&](std::size_t i, const StoreName& found) {
    nodes[wanted[i].chunk][wanted[i].name] = found.node;
  });
  return nodes;
}

// How many of the chunk's candidates the store has, or had and keeps in mind as deleted.
std::uint64_t drop_stored(Chunk& chunk, const std::vector<Candidate>& candidates,
                          const std::vector<graph::NodeId>& nodes, const GraphStore::Impl& store) {
  std::vector<std::pair<EdgeKey, std::uint32_t>> wanted;
  for (const Candidate& each : candidates) {
    const graph::NodeId from = nodes[each.edge.from], to = nodes[each.edge.to];
    if (from == graph::kNoNode || to == graph::kNoNode) continue;
    wanted.emplace_back(EdgeKey{each.edge.type, from, each.edge.time, to, each.id}, each.event);
  }
  std::uint64_t dropped = 0;
  const auto drop_found = [&](Family family, const auto& key_of) {
    std::vector<std::pair<std::string, std::uint32_t>> events;
    for (const auto& [edge, event] : wanted) {
      if (auto key = key_of(edge)) events.emplace_back(std::move(*key), event);
    }
    std::sort(events.begin(), events.end());
    std::vector<std::string> keys;
    keys.reserve(events.size());
    for (auto& [key, event] : events) keys.push_back(std::move(key));
    look_up(store, family, keys, [&](std::size_t at, std::string_view) {
      chunk.dropped[events[at].second] = 1;
      ++dropped;
    });
  };
  using Key = std::optional<std::string>;
  drop_found(kOutgoing, [&](const EdgeKey& edge) -> Key {
    if (!may_hold(store.newest, edge.type, edge.time)) return std::nullopt;
    const EdgeKeyBytes bytes = encode_edge_key(edge);
    return std::string(bytes.data(), bytes.size());
  });
  drop_found(kMeta, [&](const EdgeKey& edge) -> Key {
    if (store.deletions.deleted[edge.type] == 0) return std::nullopt;
    return deleted_key(edge);
  });
  if (dropped > 0) mark_unused_names(chunk);
  return dropped;
}

}  // namespace

std::uint64_t StoredEvents::drop(std::span<Chunk> chunks) const {
  std::vector<std::vector<Candidate>> candidates(chunks.size());
  pool_.parallel_for(chunks.size(), 1, [&](std::size_t from, std::size_t to) {
    for (std::size_t c = from; c < to; ++c) candidates[c] = candidates_of(chunks[c], store_);
  });
  if (std::all_of(candidates.begin(), candidates.end(), [](const auto& each) { return each.empty(); }))
    return 0;
  const auto nodes = stored_ends(chunks, candidates, names_, pool_);
  std::vector<std::uint64_t> dropped(chunks.size(), 0);
  pool_.parallel_for(chunks.size(), 1, [&](std::size_t from, std::size_t to) {
    for (std::size_t c = from; c < to; ++c)
      dropped[c] = drop_stored(chunks[c], candidates[c], nodes[c], store_);
  });
  return std::accumulate(dropped.begin(), dropped.end(), std::uint64_t{0});
}

}  // namespace weft::storage
