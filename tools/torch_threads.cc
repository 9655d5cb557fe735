#include "tools/torch_threads.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <malloc.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace weft::tools {
namespace {

// Memory of tensors up to this size is kept when they are freed, rather than given back to the system and
// faulted in again, page by page, in the next step.
constexpr int kKeptBytes = 256 << 20;

constexpr const char* kWaitPolicy = "OMP_WAIT_POLICY";

// Between pieces of work the threads of libgomp spin. Where another program wants the cores too, they burn
// what the working thread needs, and a training takes many times as long. They sleep if a variable says so
// that libgomp reads as it is loaded, so the program starts itself once more with it. Somebody who set one of
// the variables has chosen.
void start_with_sleeping_threads() {
  // NOLINTBEGIN(concurrency-mt-unsafe): there is one thread yet
  if (std::getenv(kWaitPolicy) != nullptr || std::getenv("GOMP_SPINCOUNT") != nullptr) return;
  std::ifstream file("/proc/self/cmdline", std::ios::binary);
  std::string words((std::istreambuf_iterator<char>(file)), {});
  std::vector<char*> arguments;
  for (std::size_t at = 0; at < words.size(); at = words.find('\0', at) + 1) {
    arguments.push_back(words.data() + at);
    if (words.find('\0', at) == std::string::npos) break;
  }
  if (arguments.empty() || ::setenv(kWaitPolicy, "passive", 1) != 0) return;
  arguments.push_back(nullptr);
  ::execv("/proc/self/exe", arguments.data());
  // Not possible: then with threads that spin.
  // NOLINTEND(concurrency-mt-unsafe)
}

}  // namespace

void set_up_torch(const Cli& cli) {
  start_with_sleeping_threads();
  at::set_num_threads(static_cast<int>(cli.threads()));
  at::globalContext().setDeterministicAlgorithms(true, /*warn_only=*/false);
  // With deterministic algorithms Torch also fills fresh memory with NaN, to show who reads it unwritten.
  at::globalContext().setDeterministicFillUninitializedMemory(false);
  ::mallopt(M_MMAP_THRESHOLD, kKeptBytes);
  ::mallopt(M_TRIM_THRESHOLD, kKeptBytes);
}

}  // namespace weft::tools
