// Reads every entry of every array of a snapshot through its public interface: what must be safe for any
// snapshot that opened.
#pragma once

#include <cstdint>

#include "graph/snapshot.h"

namespace weft::graph {

// A number that depends on all of them, so that no read can be left out. Fails a WEFT_CHECK where an id does
// not lead back to its node.
std::uint64_t touch_everything(const Snapshot& snapshot);

}  // namespace weft::graph
