// Field values as bytes: one byte for the kind (the position in FieldValue), then the payload. The store's
// fields and a delta's hold them (docs/format.md, "Field values").
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "graph/event.h"

namespace weft::graph {

std::string field_bytes(const FieldValue& value);  // not of a missing value
// Nothing if the bytes are not what field_bytes wrote.
std::optional<FieldValue> field_of_bytes(std::string_view bytes);

}  // namespace weft::graph
