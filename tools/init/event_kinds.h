// Logs that hold several kinds of events in one table, as view, cart and buy: one edge type a kind.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tools/init/groups.h"

namespace weft::init {

struct EventKind {
  std::string value = {};
  std::uint64_t rows = 0;  // of the sample
};

struct EventKinds {
  std::size_t column = Group::kNone;  // kNone: the table holds events of one kind
  std::vector<EventKind> kinds = {};  // by value, in byte order
  std::size_t target =
      0;  // of `kinds`, the one to predict: a purchase if there is one, else the most frequent
};

// A column that every row has, whose name says that it tells the kind of an event and whose two to eight
// values are known as such (or, where the name is clear, numbers).
EventKinds find_event_kinds(const Group& group);

}  // namespace weft::init
