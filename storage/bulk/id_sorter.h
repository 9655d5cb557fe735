// Dictionary entries of one node type into the order of their external ids, for more than fits into memory.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/spool.h"
#include "graph/ids.h"
#include "storage/keys.h"

namespace weft::storage {

using VisitId = std::function<void(std::string_view id, const IdValue& value)>;

// Any ids, sorted in pieces that fit `memory`.
class IdSorter {
 public:
  IdSorter(Scratch& scratch, std::size_t memory) : scratch_(scratch), memory_(memory) {}

  void add(std::string_view id, const IdValue& value);
  // Calls visit(id, value) in ascending order of ids.
  void finish(const VisitId& visit);

 private:
  struct Entry {
    std::uint64_t prefix = 0;  // the first eight bytes as a number
    std::size_t begin = 0;
    std::uint32_t size = 0;
    IdValue value = {};
  };
  std::string_view text(const Entry& entry) const {
    return std::string_view(bytes_).substr(entry.begin, entry.size);
  }
  void sort();
  void spill(Keep keep);

  Scratch& scratch_;
  std::size_t memory_;
  std::string bytes_;
  std::vector<Entry> entries_;
  std::vector<Spool> runs_;
};

// The same for nodes that their events name: their ids are the events' in hexadecimal digits, which sort as
// the numbers do.
class EventIdSorter {
 public:
  EventIdSorter(Scratch& scratch, std::size_t memory) : scratch_(scratch), memory_(memory) {}

  void add(const IdValue& value);
  void finish(const VisitId& visit);

 private:
  struct Entry {
    graph::EventId event = 0;
    graph::TimeMs first_seen = graph::kNoTime;
    graph::NodeId node = 0;
    std::uint32_t unused = 0;
    bool operator<(const Entry& other) const { return event < other.event; }
  };
  static void visit_entry(const Entry& entry, const VisitId& visit);
  void sort();
  void spill(Keep keep);

  Scratch& scratch_;
  std::size_t memory_;
  std::vector<Entry> entries_;
  std::vector<Spool> runs_;
};

}  // namespace weft::storage
