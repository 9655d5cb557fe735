// Measures a written shop: how well the oracle, popularity and EASE (Steck: Embarrassingly shallow
// autoencoders for sparse data, WWW 2019) find the purchases of the test period. Plain loops over the logs
// themselves, independent of the engine.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>

namespace weft::synth {

// recall@20 averaged over the users with a counted test pair.
struct Recall {
  double all = 0;
  double warm = 0;  // counted on items with a purchase in train
  double cold = 0;  // counted on the other items
};

struct Bands {
  Recall oracle, popularity, ease;
  double ease_lambda = 0;     // the best of those given
  std::size_t purchases = 0;  // distinct rows
  std::size_t test_users = 0, test_pairs = 0, cold_items = 0, cold_pairs = 0;
};

// Purchases in order of time: 80 % train, 10 % validation, 10 % test. Train and validation pairs are masked
// from the ranking and are what popularity and EASE learn from. Broken and repeated rows are skipped.
Bands measure_bands(const std::filesystem::path& shop, std::span<const double> ease_lambdas);

}  // namespace weft::synth
