#include "storage/bulk/older_nodes.h"

#include <algorithm>
#include <string>

#include "storage/batch_lookups.h"

namespace weft::storage {
namespace {

constexpr std::size_t kTogether = 4096;

}  // namespace

void OlderNodes::add(graph::NodeId node, graph::TimeMs seen) {
  if (!waiting_.empty() && waiting_.back().first == node) {
    waiting_.back().second = earlier(waiting_.back().second, seen);
    return;
  }
  if (waiting_.size() == kTogether) write();
  waiting_.emplace_back(node, seen);
}

void OlderNodes::write() {
  std::vector<std::string> keys;
  keys.reserve(waiting_.size());
  for (const auto& [node, seen] : waiting_) keys.push_back(node_key({type_, node}));
  std::vector<std::pair<std::string, std::size_t>> ids;  // key, position in waiting_
  look_up(store_, kNames, keys,
          [&](std::size_t at, std::string_view name) { ids.emplace_back(id_key(type_, name), at); });
  if (ids.size() != waiting_.size()) store_.damaged("a name of the store is gone");
  std::sort(ids.begin(), ids.end());
  keys.clear();
  for (const auto& [key, at] : ids) keys.push_back(key);
  std::size_t found = 0;
  look_up(store_, kIds, keys, [&](std::size_t i, std::string_view bytes) {
    const auto& [node, seen] = waiting_[ids[i].second];
    auto value = decode_id_value(bytes);
    if (!value || value->node != node) store_.damaged("an id of the store is damaged");
    ++found;
    const graph::TimeMs first_seen = earlier(value->first_seen, seen);
    if (first_seen == value->first_seen) return;
    value->first_seen = first_seen;
    put_(std::string_view(keys[i]).substr(sizeof(graph::NodeTypeId)), *value);
  });
  if (found != waiting_.size()) store_.damaged("an id of the store is gone");
  waiting_.clear();
}

}  // namespace weft::storage
