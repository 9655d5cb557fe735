// What main() of every program here does that is not a Google Benchmark.
#pragma once

#include <cstdio>
#include <exception>

namespace weft::benchmarks {

// run(argc, argv) with an exception's message on stderr and exit status 1.
template <typename Run>
int run_program(int argc, char** argv, const Run& run) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}

}  // namespace weft::benchmarks
