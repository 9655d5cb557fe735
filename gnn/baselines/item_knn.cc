#include "gnn/baselines/item_knn.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace weft::gnn {

using graph::NodeId;

namespace {

// Rows of users per item: the pairs the other way round.
struct ItemUsers {
  std::vector<std::uint64_t> offsets;
  std::vector<NodeId> users;
};

ItemUsers users_by_item(const graph::PositiveIndex& pairs, std::size_t items) {
  ItemUsers result;
  result.offsets.assign(items + 1, 0);
  for (const NodeId item : pairs.all_targets()) {
    WEFT_CHECK(item < items);
    ++result.offsets[item + 1];
  }
  for (std::size_t i = 0; i < items; ++i) result.offsets[i + 1] += result.offsets[i];
  result.users.resize(pairs.pairs());
  std::vector<std::uint64_t> next(result.offsets.begin(), result.offsets.end() - 1);
  for (NodeId user = 0; user < pairs.rows(); ++user) {
    for (const NodeId item : pairs.targets(user)) result.users[next[item]++] = user;
  }
  return result;
}

struct Neighbour {
  NodeId item;
  float similarity;
};

// The most similar items of `item`. `common` [items] is zero before and after.
std::vector<Neighbour> nearest(NodeId item, const graph::PositiveIndex& pairs, const ItemUsers& by_item,
                               const ItemKnnOptions& options, std::vector<std::uint32_t>& common) {
  std::vector<NodeId> touched;
  for (std::uint64_t p = by_item.offsets[item]; p < by_item.offsets[item + 1]; ++p) {
    for (const NodeId other : pairs.targets(by_item.users[p])) {
      if (common[other]++ == 0) touched.push_back(other);
    }
  }
  const auto degree = [&](NodeId i) {
    return static_cast<double>(by_item.offsets[i + 1] - by_item.offsets[i]);
  };
  std::vector<Neighbour> neighbours;
  neighbours.reserve(touched.size());
  for (const NodeId other : touched) {
    const double both = common[other];
    common[other] = 0;
    if (other == item) continue;
    const double similarity = both / (std::sqrt(degree(item) * degree(other)) + options.shrinkage);
    neighbours.push_back({other, static_cast<float>(similarity)});
  }
  const auto before = [](const Neighbour& a, const Neighbour& b) {
    return a.similarity > b.similarity || (a.similarity == b.similarity && a.item < b.item);
  };
  const std::size_t kept = std::min(options.neighbours, neighbours.size());
  std::partial_sort(neighbours.begin(), neighbours.begin() + static_cast<std::ptrdiff_t>(kept),
                    neighbours.end(), before);
  neighbours.resize(kept);
  return neighbours;
}

}  // namespace

ItemKnnScorer::ItemKnnScorer(const graph::PositiveIndex& pairs, std::size_t items,
                             const ItemKnnOptions& options, ThreadPool& pool)
    : pairs_(pairs), items_(items) {
  const ItemUsers by_item = users_by_item(pairs, items);
  std::vector<std::vector<Neighbour>> all(items);
  pool.parallel_for(items, std::max<std::size_t>(64, items / (pool.size() * 16) + 1),
                    [&](std::size_t begin, std::size_t end) {
                      std::vector<std::uint32_t> common(items, 0);
                      for (std::size_t i = begin; i < end; ++i)
                        all[i] = nearest(static_cast<NodeId>(i), pairs, by_item, options, common);
                    });
  offsets_.assign(items + 1, 0);
  for (const auto& neighbours : all) {
    for (const Neighbour& n : neighbours) ++offsets_[n.item + 1];
  }
  for (std::size_t i = 0; i < items; ++i) offsets_[i + 1] += offsets_[i];
  entries_.resize(offsets_.back());
  std::vector<std::uint64_t> next(offsets_.begin(), offsets_.end() - 1);
  for (std::size_t i = 0; i < items; ++i) {
    for (const Neighbour& n : all[i]) entries_[next[n.item]++] = {static_cast<NodeId>(i), n.similarity};
  }
}

void ItemKnnScorer::score(std::span<const NodeId> users, std::span<float> out) const {
  std::fill(out.begin(), out.end(), 0.0F);
  for (std::size_t u = 0; u < users.size(); ++u) {
    if (users[u] >= pairs_.rows()) continue;
    float* const row = out.data() + u * items_;
    for (const NodeId item : pairs_.targets(users[u])) {
      for (std::uint64_t p = offsets_[item]; p < offsets_[item + 1]; ++p)
        row[entries_[p].item] += entries_[p].similarity;
    }
  }
}

}  // namespace weft::gnn
