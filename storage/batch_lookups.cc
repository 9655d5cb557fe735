#include "storage/batch_lookups.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <utility>

namespace weft::storage {
namespace {

// Looked up together. Their blocks stay pinned meanwhile, beyond the cache's bound if need be.
constexpr std::size_t kTogether = 256;

// Calls visit(position, value) for each key that is there. `keys` ascend.
template <typename Keys, typename Visit>
void get_sorted(const GraphStore::Impl& impl, Family family, const Keys& keys, Visit&& visit) {
  std::array<rocksdb::Slice, kTogether> slices;
  std::array<rocksdb::PinnableSlice, kTogether> values;
  std::array<rocksdb::Status, kTogether> statuses;
  const rocksdb::ReadOptions read;
  for (std::size_t at = 0; at < keys.size(); at += kTogether) {
    const std::size_t count = std::min(kTogether, keys.size() - at);
    for (std::size_t i = 0; i < count; ++i) slices[i] = slice(keys[at + i]);
    impl.db->MultiGet(read, impl.family(family), count, slices.data(), values.data(), statuses.data(), true);
    for (std::size_t i = 0; i < count; ++i) {
      if (!statuses[i].IsNotFound()) {
        impl.check(statuses[i], "read the store");
        visit(at + i, std::string_view(values[i].data(), values[i].size()));
      }
      values[i].Reset();
    }
  }
}

}  // namespace

void load_ids(GraphStore::Impl& impl, const std::vector<graph::Event>& events) {
  if (impl.cache_complete && !impl.cache->dropped()) return;
  const graph::Schema& schema = impl.schema.graph;
  std::vector<std::string> keys;
  const auto want = [&](graph::NodeTypeId type, std::string_view external_id) {
    if (impl.cache->find(type, external_id) == nullptr) keys.push_back(id_key(type, external_id));
  };
  for (const graph::Event& event : events) {
    for (const graph::NodeEvent& node : event.nodes) want(node.type, node.external_id);
    for (const graph::EdgeEvent& edge : event.edges) {
      want(schema.edge_type(edge.type).from, edge.from);
      want(schema.edge_type(edge.type).to, edge.to);
    }
  }
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  get_sorted(impl, kIds, keys, [&](std::size_t at, std::string_view bytes) {
    const auto value = decode_id_value(bytes);
    if (!value) impl.damaged("an id of the store is damaged");
    const std::string_view key = keys[at];
    impl.cache->put(get_big<graph::NodeTypeId>(key, 0), key.substr(sizeof(graph::NodeTypeId)), *value);
  });
}

const graph::EdgeEvent* first_edge(const StoreSchema& schema, const graph::Event& event) {
  const auto found = std::find_if(event.edges.begin(), event.edges.end(), [&](const graph::EdgeEvent& edge) {
    return !edge.deletes && schema.attribute[edge.type] == 0;
  });
  return found == event.edges.end() ? nullptr : &*found;
}

namespace {

// Events by the keys of their first edges, as their sources see them.
struct FirstEdges {
  std::vector<std::pair<EdgeKeyBytes, std::size_t>> stored = {};  // key, event: may be in the store
  std::vector<std::pair<std::string, std::size_t>> deleted = {};  // may have been deleted
};

FirstEdges first_edges(GraphStore::Impl& impl, const std::vector<graph::Event>& events) {
  const graph::Schema& schema = impl.schema.graph;
  FirstEdges out;
  for (std::size_t i = 0; i < events.size(); ++i) {
    const graph::EdgeEvent* first = first_edge(impl.schema, events[i]);
    if (first == nullptr) continue;
    // An edge that was deleted as it arrived is in no table file, however new it is.
    const bool may_stand = may_hold(impl.newest, first->type, first->time);
    const bool may_be_deleted = impl.deletions.deleted[first->type] > 0;
    if (!may_stand && !may_be_deleted) continue;
    const graph::EdgeType& type = schema.edge_type(first->type);
    const IdValue* from = impl.cache->find(type.from, first->from);
    if (from == nullptr) continue;
    const graph::NodeId from_id = from->node;
    const IdValue* to = impl.cache->find(type.to, first->to);
    if (to == nullptr) continue;
    const EdgeKey key{first->type, from_id, first->time, to->node, events[i].id};
    if (may_stand) out.stored.emplace_back(encode_edge_key(key), i);
    if (may_be_deleted) out.deleted.emplace_back(deleted_key(key), i);
  }
  std::sort(out.stored.begin(), out.stored.end(), [](const auto& a, const auto& b) {
    return std::memcmp(a.first.data(), b.first.data(), kEdgeKeyBytes) < 0;
  });
  std::sort(out.deleted.begin(), out.deleted.end());
  return out;
}

}  // namespace

std::vector<char> find_stored(GraphStore::Impl& impl, const std::vector<graph::Event>& events) {
  const FirstEdges wanted = first_edges(impl, events);
  std::vector<char> out(events.size(), 0);
  std::vector<EdgeKeyBytes> keys;
  keys.reserve(wanted.stored.size());
  for (const auto& [key, event] : wanted.stored) keys.push_back(key);
  get_sorted(impl, kOutgoing, keys,
             [&](std::size_t at, std::string_view) { out[wanted.stored[at].second] = 1; });
  std::vector<std::string> deleted;
  deleted.reserve(wanted.deleted.size());
  for (const auto& [key, event] : wanted.deleted) deleted.push_back(key);
  get_sorted(impl, kMeta, deleted,
             [&](std::size_t at, std::string_view) { out[wanted.deleted[at].second] = 1; });
  return out;
}

void look_up(const GraphStore::Impl& impl, Family family, const std::vector<std::string>& keys,
             const std::function<void(std::size_t, std::string_view)>& visit) {
  get_sorted(impl, family, keys, visit);
}

}  // namespace weft::storage
