// What a batch of events has to know of the store before it is written, read in one sorted pass over each
// column family: keys of one block are looked up in it together, and none twice.
#pragma once

#include <vector>

#include "storage/store_impl.h"

namespace weft::storage {

// Afterwards the dictionary cache holds every id of the events that the store has: one that it lacks is new.
// Throws Error on damage.
void load_ids(GraphStore::Impl& impl, const std::vector<graph::Event>& events);

// The first edge that is not of an as_node field: by it an event that came before is known. Null if none.
const graph::EdgeEvent* first_edge(const StoreSchema& schema, const graph::Event& event);

// [event] 1 if its first edge is in the store. After load_ids.
std::vector<char> find_stored(GraphStore::Impl& impl, const std::vector<graph::Event>& events);

}  // namespace weft::storage
