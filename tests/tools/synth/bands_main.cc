// synth_bands SEED...: makes the default shop for each seed in a temporary folder and prints the table of
// docs/synth.md.
#include <fmt/format.h>

#include <array>
#include <cstdio>
#include <exception>
#include <string>

#include "tests/support/temp_folder.h"
#include "tests/tools/synth/bands.h"
#include "tools/synth/synth.h"

int main(int argc, char** argv) try {
  using namespace weft::synth;
  constexpr std::array kLambdas = {10.0, 30.0, 100.0, 300.0, 1000.0};
  fmt::print(
      "| seed | purchases | test users | cold items | oracle | popularity | EASE (lambda) | popularity / "
      "oracle | EASE / oracle | warm: oracle | warm: EASE | cold: oracle |\n");
  fmt::print("|---|---|---|---|---|---|---|---|---|---|---|---|\n");
  for (int a = 1; a < argc; ++a) {
    const weft::test::TempFolder folder;
    SynthOptions options;
    options.seed = std::stoull(argv[a]);
    options.media = false;
    generate(options, folder.path() / "shop", weft::no_progress());
    const Bands b = measure_bands(folder.path() / "shop", kLambdas);
    fmt::print(
        "| {} | {} | {} | {} | {:.3f} | {:.3f} | {:.3f} ({}) | {:.2f} | {:.2f} | {:.3f} | {:.3f} | {:.3f} "
        "|\n",
        options.seed, b.purchases, b.test_users, b.cold_items, b.oracle.all, b.popularity.all, b.ease.all,
        b.ease_lambda, b.popularity.all / b.oracle.all, b.ease.all / b.oracle.all, b.oracle.warm, b.ease.warm,
        b.oracle.cold);
    std::fflush(stdout);
  }
  return 0;
} catch (const std::exception& error) {
  fmt::print(stderr, "{}\n", error.what());
  return 1;
}
