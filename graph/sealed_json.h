// JSON files that end in their own checksum: the manifests of snapshots and deltas (docs/format.md). Internal
// to graph/.
#pragma once

#include <string>
#include <string_view>

#include "graph/json_fields.h"

namespace weft::graph {

// The object as indented text whose last entry, "manifest_checksum", is the xxh3 of all before it. Throws
// nlohmann's exception on text that is not UTF-8.
std::string seal_json(const Json& object);
// The object without its checksum, which must be right. Throws Error naming `file`, with `hint`: what to do
// then.
Json read_sealed_json(std::string_view text, const std::string& file, const std::string& hint);

}  // namespace weft::graph
