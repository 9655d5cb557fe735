// Changes of a graph's schema in JSON (graph/schema.h) that leave it one.
#pragma once

#include <random>
#include <string_view>

#include "tests/fuzz/json_changes.h"

namespace weft::fuzz {

// One change: a name, a field or its kind, a type more or less, an end or a trait of an edge type. False if
// `schema` is none to begin with.
bool change_schema(OrderedJson& schema, std::mt19937_64& random);

// How many node or edge types it has.
std::size_t node_types_of(const OrderedJson& schema);
std::size_t edge_types_of(const OrderedJson& schema);

// As long as there are types: a list that says something of each, a member of `object`.
void fit_list(OrderedJson& object, std::string_view key, std::size_t size, const OrderedJson& filler);

}  // namespace weft::fuzz
