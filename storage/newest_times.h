// The newest time of each edge type that a store may hold, so that an event which is newer than all before it
// is known to be new without looking for it.
//
// Each table file of outgoing edges carries its own newest times as a property. A file without it (of an
// older weft) may hold any time: then all events are looked for, until compactions have written it anew.
#pragma once

#include <rocksdb/table_properties.h>

#include <map>
#include <memory>
#include <optional>

#include "graph/ids.h"

namespace rocksdb {
class ColumnFamilyHandle;
class DB;
}  // namespace rocksdb

namespace weft::storage {

using NewestTimes = std::map<graph::EdgeTypeId, graph::TimeMs>;  // types without edges are absent

// Collects the property in files of the family of outgoing edges.
std::shared_ptr<rocksdb::TablePropertiesCollectorFactory> newest_times_collector();

// Of all the family's files: nothing if one has no property or cannot be read. Edges that are in memory and
// in the log only are not counted, so this is for a database that was just opened (which leaves none) or
// whose writer adds to it what it writes.
std::optional<NewestTimes> newest_times(rocksdb::DB& db, rocksdb::ColumnFamilyHandle* outgoing);

// False if an edge of this type and time is surely not there.
inline bool may_hold(const std::optional<NewestTimes>& newest, graph::EdgeTypeId type, graph::TimeMs time) {
  if (!newest) return true;
  const auto found = newest->find(type);
  return found != newest->end() && time <= found->second;
}

inline void add_time(NewestTimes& newest, graph::EdgeTypeId type, graph::TimeMs time) {
  // Once an edge: emplace() would make an entry each time.
  if (const auto at = newest.find(type); at == newest.end()) {
    newest.emplace(type, time);
  } else if (at->second < time) {
    at->second = time;
  }
}

}  // namespace weft::storage
