// Chi-square tests with a stated false-alarm rate. Seeds are fixed, so a test that passes once always passes;
// the rate says how likely a correct sampler would have been to fail when the seed was chosen.
#pragma once

#include <cmath>
#include <cstddef>
#include <vector>

namespace weft::sampling::testing {

// Upper tail point of the standard normal law for a false-alarm rate of one in a million.
inline constexpr double kOneInAMillion = 4.753;

// The value that chi-square with `degrees` degrees of freedom passes with the probability that the normal law
// passes `z` (Wilson, Hilferty 1931).
inline double chi_square_limit(double degrees, double z = kOneInAMillion) {
  const double a = 2.0 / (9.0 * degrees);
  const double root = 1.0 - a + z * std::sqrt(a);
  return degrees * root * root * root;
}

template <typename Count>
double chi_square(const std::vector<Count>& seen, const std::vector<double>& expected) {
  double sum = 0;
  for (std::size_t i = 0; i < seen.size(); ++i) {
    const double gap = static_cast<double>(seen[i]) - expected[i];
    sum += gap * gap / expected[i];
  }
  return sum;
}

template <typename Count>
double chi_square_uniform(const std::vector<Count>& seen) {
  double total = 0;
  for (const Count count : seen) total += static_cast<double>(count);
  return chi_square(seen, std::vector<double>(seen.size(), total / static_cast<double>(seen.size())));
}

}  // namespace weft::sampling::testing
