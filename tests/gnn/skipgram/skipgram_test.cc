#include "gnn/skipgram/skipgram.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <set>

namespace weft::gnn {
namespace {

constexpr std::size_t kNodes = 40, kDim = 10;

SkipGramPairs random_pairs(std::uint32_t seed, std::size_t count, std::size_t negatives) {
  std::mt19937 random(seed);
  SkipGramPairs pairs{.negatives = negatives};
  for (std::size_t p = 0; p < count; ++p) {
    // The last ten nodes stay out of it.
    const auto draw = [&] { return static_cast<std::uint32_t>(random() % (kNodes - 10)); };
    pairs.centres.push_back(draw());
    for (std::size_t j = 0; j <= negatives; ++j) {
      std::uint32_t other = draw();
      if (other == pairs.centres.back()) other = j == 0 ? (other + 1) % (kNodes - 10) : kNoPlace;
      pairs.others.push_back(other);
    }
  }
  return pairs;
}

// The formula in doubles.
double loss_of(const SkipGramPairs& pairs, const std::vector<float>& vectors) {
  double sum = 0;
  for (std::size_t p = 0; p < pairs.size(); ++p) {
    for (std::size_t j = 0; j <= pairs.negatives; ++j) {
      const std::uint32_t other = pairs.others[p * (1 + pairs.negatives) + j];
      if (other == kNoPlace) continue;
      double product = 0;
      for (std::size_t d = 0; d < kDim; ++d)
        product += double{vectors[pairs.centres[p] * kDim + d]} * vectors[other * kDim + d];
      sum += std::log(1 + std::exp(j == 0 ? -product : product));
    }
  }
  return sum / static_cast<double>(pairs.size());
}

TEST(SkipGram, LossAndGradientAreThoseOfTheFormula) {
  ThreadPool pool(2);
  for (const std::size_t negatives : {0, 1, 5}) {
    SkipGram model(kNodes, {.dim = kDim, .init_deviation = 0.7}, pool);
    const SkipGramPairs pairs = random_pairs(static_cast<std::uint32_t>(negatives), 60, negatives);
    const SkipGram::LossGradient got = model.loss_gradient(pairs);
    std::vector<float> vectors = model.state().parameters;
    EXPECT_NEAR(got.loss, loss_of(pairs, vectors), 1e-5);
    for (std::size_t i = 0; i < vectors.size(); ++i) {
      constexpr float kStep = 1.0F / 64;
      const float before = vectors[i];
      vectors[i] = before + kStep;
      const double above = loss_of(pairs, vectors);
      vectors[i] = before - kStep;
      const double below = loss_of(pairs, vectors);
      vectors[i] = before;
      EXPECT_NEAR(got.gradient[i], (above - below) / (2 * kStep), 1e-4) << "element " << i;
    }
  }
}

TEST(SkipGram, AStepMovesTheNamedRowsByAdamAndNoOthers) {
  ThreadPool pool(2);
  SkipGram model(kNodes, {.dim = kDim, .adam = {.learning_rate = 0.05}}, pool);
  VectorState expected = model.state();
  for (std::uint32_t s = 1; s <= 4; ++s) {
    const SkipGramPairs pairs = random_pairs(s, 3, 2);
    const std::vector<float> gradient = model.loss_gradient(pairs).gradient;
    std::set<std::uint32_t> named(pairs.centres.begin(), pairs.centres.end());
    for (const std::uint32_t other : pairs.others)
      if (other != kNoPlace) named.insert(other);
    for (const std::uint32_t row : named) {
      const std::size_t at = row * kDim;
      adam_update(AdamStep({.learning_rate = 0.05}, s), std::span(gradient).subspan(at, kDim),
                  std::span(expected.parameters).subspan(at, kDim),
                  std::span(expected.mean).subspan(at, kDim), std::span(expected.variance).subspan(at, kDim));
    }
    model.step(pairs);
    EXPECT_EQ(model.state().parameters, expected.parameters);
    EXPECT_EQ(model.state().mean, expected.mean);
    EXPECT_EQ(model.state().variance, expected.variance);
    EXPECT_EQ(model.state().step, s);
  }
  model.step(SkipGramPairs{.negatives = 2});
  EXPECT_EQ(model.state().parameters, expected.parameters);
  EXPECT_EQ(model.state().step, 5U);
}

TEST(SkipGram, ThreadsDoNotChangeABit) {
  std::vector<std::vector<float>> results;
  for (const std::size_t threads : {1, 2, 3}) {
    ThreadPool pool(threads);
    SkipGram model(kNodes, {.dim = kDim}, pool);
    for (std::uint32_t s = 0; s < 3; ++s) model.step(random_pairs(s, 2000, 5));
    results.push_back(model.state().parameters);
  }
  EXPECT_EQ(results[0], results[1]);
  EXPECT_EQ(results[0], results[2]);
}

}  // namespace
}  // namespace weft::gnn
