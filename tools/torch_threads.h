// How Torch computes in this program: its threads, and results that are the same every time.
#pragma once

#include "tools/cli.h"

namespace weft::tools {

// Sets Torch's threads from --threads for the rest of the program and asks it for deterministic algorithms.
void set_up_torch(const Cli& cli);

}  // namespace weft::tools
