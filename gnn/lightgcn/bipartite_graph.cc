#include "gnn/lightgcn/bipartite_graph.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "base/error.h"

namespace weft::gnn {

using graph::NodeId;

BipartiteGraph::BipartiteGraph(const graph::PositiveIndex& pairs, std::size_t user_count,
                               std::size_t item_count)
    : users(user_count), items(item_count) {
  if (users + items > std::numeric_limits<std::uint32_t>::max()) {
    throw Error(fmt::format("{} users and {} items are too many for one graph", users, items),
                {.expected = "at most 4,294,967,295 together"});
  }
  WEFT_CHECK(pairs.rows() <= users);
  offsets.assign(nodes() + 1, 0);
  for (NodeId user = 0; user < pairs.rows(); ++user) {
    offsets[user + 1] = pairs.targets(user).size();
    for (const NodeId item : pairs.targets(user)) {
      WEFT_CHECK(item < items);
      ++offsets[users + item + 1];
    }
  }
  for (std::size_t n = 0; n < nodes(); ++n) offsets[n + 1] += offsets[n];
  columns.resize(offsets.back());
  std::vector<std::uint64_t> next(offsets.begin(), offsets.end() - 1);
  for (NodeId user = 0; user < pairs.rows(); ++user) {
    for (const NodeId item : pairs.targets(user)) {
      columns[next[user]++] = static_cast<std::uint32_t>(users + item);
      columns[next[users + item]++] = user;
    }
  }
  inverse_degree.assign(nodes(), 0);
  inverse_root.assign(nodes(), 0);
  root.assign(nodes(), 0);
  for (std::size_t n = 0; n < nodes(); ++n) {
    if (degree(n) == 0) continue;
    const auto d = static_cast<double>(degree(n));
    inverse_degree[n] = static_cast<float>(1 / d);
    inverse_root[n] = static_cast<float>(1 / std::sqrt(d));
    root[n] = static_cast<float>(std::sqrt(d));
  }
}

}  // namespace weft::gnn
