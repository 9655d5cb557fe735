// Random purchases and deletions of purchases among few users and items.
#pragma once

#include <fmt/format.h>

#include <random>
#include <vector>

#include "tests/storage/small_store.h"

namespace weft::storage {

inline graph::Event delete_buy(graph::EventId id, const std::string& user, const std::string& item,
                               graph::TimeMs time, bool at_time_only) {
  graph::Event out = buy(id, user, item, time);
  out.edges[0].deletes = true;
  out.edges[0].at_time_only = at_time_only;
  return out;
}

// `deletions` of ten events are deletions. The ids of two calls with different seeds differ.
inline std::vector<graph::Event> buys_and_deletions(std::size_t count, std::uint64_t seed,
                                                    std::uint64_t deletions) {
  std::mt19937_64 random(seed);
  std::vector<graph::Event> events;
  while (events.size() < count) {
    const std::string user = fmt::format("u{}", random() % 12), item = fmt::format("i{}", random() % 8);
    const auto time = static_cast<graph::TimeMs>(random() % 60);
    const graph::EventId id = random() | 1;
    events.push_back(random() % 10 < deletions
                         ? delete_buy(id, user, item, time, random() % 2 == 0)
                         : buy(id, user, item, time, static_cast<double>(random() % 5)));
  }
  return events;
}

}  // namespace weft::storage
