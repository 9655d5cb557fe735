#include "graph/close_ids.h"

#include <algorithm>
#include <utility>

#include "base/strings.h"

namespace weft::graph {
namespace {

constexpr std::size_t kLongestCompared = 256;  // bytes; the comparison is quadratic

}  // namespace

std::vector<std::string> close_ids(const Snapshot& snapshot, NodeTypeId type, std::string_view text,
                                   std::size_t count) {
  const std::size_t most = std::max<std::size_t>(2, text.size() / 3);
  std::vector<std::pair<std::size_t, std::string_view>> near;  // the nearest so far, ascending
  if (text.empty() || count == 0) return {};
  for (NodeId node = 0; node < snapshot.node_count(type); ++node) {
    const std::string_view id = snapshot.external_id({type, node});
    const std::size_t longer = std::max(id.size(), text.size());
    const std::size_t difference = longer - std::min(id.size(), text.size());
    std::size_t distance = longer;
    if (difference <= most && longer <= kLongestCompared) distance = edit_distance(text, id);
    const bool alike = distance <= most && distance < longer;
    if (!alike && id.find(text) == std::string_view::npos) continue;
    const std::pair entry(alike ? distance : difference, id);
    if (near.size() == count && !(entry < near.back())) continue;
    if (near.size() == count) near.pop_back();
    near.insert(std::lower_bound(near.begin(), near.end(), entry), entry);
  }
  std::vector<std::string> ids;
  for (const auto& [distance, id] : near) ids.emplace_back(id);
  return ids;
}

}  // namespace weft::graph
