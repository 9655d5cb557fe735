// Events as chunks of a bulk load: what storage/bulk/chunk.h says of a chunk's bytes, written and read a
// second time, so that the parts of the bulk path are tested without files of rows.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "storage/bulk/chunk.h"

namespace weft::storage {

// Events of one source.
Chunk chunk_of(const StoreSchema& schema, std::span<const graph::Event> events);

// A line for each event, names and values spelled out: equal for the events of a chunk and for those that it
// was made of.
std::string spelled(const StoreSchema& schema, const graph::Event& event);
std::vector<std::string> spelled(const StoreSchema& schema, const Chunk& chunk);

// Whether the event has an edge that makes it the only one of its id.
bool has_own_edge(const StoreSchema& schema, const graph::Event& event);

}  // namespace weft::storage
