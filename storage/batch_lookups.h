// What a batch of events has to know of the store before it is written, read in one sorted pass over each
// column family: keys of one block are looked up in it together, and none twice.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "storage/store_impl.h"

namespace weft::storage {

// Afterwards the dictionary cache holds every id of the events that the store has: one that it lacks is new.
// Throws Error on damage.
void load_ids(GraphStore::Impl& impl, const std::vector<graph::Event>& events);

// The first edge that the event adds and that is not of an as_node field: by it an event that came before is
// known. Null if none.
const graph::EdgeEvent* first_edge(const StoreSchema& schema, const graph::Event& event);

// [event] 1 if its first edge is in the store, or was and is known to be deleted. After load_ids.
std::vector<char> find_stored(GraphStore::Impl& impl, const std::vector<graph::Event>& events);

// Calls visit(position, value) for each key that is there. `keys` ascend.
void look_up(const GraphStore::Impl& impl, Family family, const std::vector<std::string>& keys,
             const std::function<void(std::size_t, std::string_view)>& visit);

}  // namespace weft::storage
