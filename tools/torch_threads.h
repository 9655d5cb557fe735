// How Torch computes in this program: its threads, and results that are the same every time.
#pragma once

#include "tools/cli.h"

namespace weft::tools {

// Sets Torch's threads from --threads for the rest of the program and asks it for deterministic algorithms.
// To be called before any work: the program may start anew with threads that sleep while they wait.
void set_up_torch(const Cli& cli);

}  // namespace weft::tools
