#include "tools/torch_threads.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>

namespace weft::tools {

void set_up_torch(const Cli& cli) {
  at::set_num_threads(static_cast<int>(cli.threads()));
  at::globalContext().setDeterministicAlgorithms(true, /*warn_only=*/false);
}

}  // namespace weft::tools
