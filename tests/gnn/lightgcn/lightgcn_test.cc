#include "gnn/lightgcn/lightgcn.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/gnn/evaluation/random_pairs.h"

namespace weft::gnn {
namespace {

constexpr std::size_t kUsers = 13, kItems = 17, kNodes = kUsers + kItems, kDim = 5;

// The model in dense double arithmetic, straight from the paper.
struct Dense {
  Pairs pairs;
  std::size_t layers;
  double l2;
  EmbeddingRegularization regularization;

  std::vector<double> embeddings(const std::vector<double>& x0) const {
    std::vector<double> degree(kNodes, 0);
    for (const auto& [u, i] : pairs) {
      degree[u] += 1;
      degree[kUsers + i] += 1;
    }
    std::vector<double> sum = x0, x = x0;
    for (std::size_t layer = 0; layer < layers; ++layer) {
      std::vector<double> next(x.size(), 0.0);
      for (const auto& [u, i] : pairs) {
        const std::size_t v = kUsers + i;
        for (std::size_t d = 0; d < kDim; ++d) {
          next[u * kDim + d] += x[v * kDim + d] / std::sqrt(degree[u] * degree[v]);
          next[v * kDim + d] += x[u * kDim + d] / std::sqrt(degree[u] * degree[v]);
        }
      }
      x = next;
      for (std::size_t k = 0; k < sum.size(); ++k) sum[k] += x[k];
    }
    for (double& value : sum) value /= static_cast<double>(layers + 1);
    return sum;
  }

  double loss(const std::vector<double>& x0, const std::vector<Triple>& triples) const {
    const auto e = embeddings(x0);
    const auto norm = [&](std::size_t node) {
      double sum = 0;
      for (std::size_t d = 0; d < kDim; ++d) sum += x0[node * kDim + d] * x0[node * kDim + d];
      return sum;
    };
    double bpr = 0, penalty = 0;
    std::set<std::size_t> nodes;
    for (const Triple& t : triples) {
      double margin = 0;
      for (std::size_t d = 0; d < kDim; ++d) {
        margin += e[t.user * kDim + d] *
                  (e[(kUsers + t.positive) * kDim + d] - e[(kUsers + t.negative) * kDim + d]);
      }
      bpr -= std::log(1 / (1 + std::exp(-margin)));
      for (const std::size_t node : {std::size_t{t.user}, kUsers + t.positive, kUsers + t.negative}) {
        if (regularization == EmbeddingRegularization::kPerTriple)
          penalty += l2 / 2 * norm(node);
        else if (nodes.insert(node).second)
          penalty += l2 * norm(node);
      }
    }
    return (bpr + penalty) / static_cast<double>(triples.size());
  }
};

std::vector<Triple> random_triples(std::mt19937& random, std::size_t count) {
  std::vector<Triple> triples;
  for (std::size_t i = 0; i < count; ++i) {
    triples.push_back({static_cast<graph::NodeId>(random() % kUsers),
                       static_cast<graph::NodeId>(random() % kItems),
                       static_cast<graph::NodeId>(random() % kItems)});
  }
  return triples;
}

// User 0 and item 0 keep no edge: isolated nodes must not divide by zero.
Pairs sparse_pairs(std::mt19937& random) {
  Pairs pairs = random_pairs(random, kUsers, kItems, 0.2);
  std::erase_if(pairs, [](const auto& pair) { return pair.first == 0 || pair.second == 0; });
  return pairs;
}

class LightGcnTest : public testing::TestWithParam<std::size_t> {};

TEST_P(LightGcnTest, LossGradientAndEmbeddingsEqualDenseArithmetic) {
  for (const auto regularization :
       {EmbeddingRegularization::kPerTriple, EmbeddingRegularization::kDistinctNodes}) {
    std::mt19937 random(7);
    const Dense dense{sparse_pairs(random), GetParam(), 0.3, regularization};
    const auto triples = random_triples(random, 11);
    ThreadPool pool(2);
    const LightGcnOptions options{.dim = kDim,
                                  .layers = GetParam(),
                                  .l2 = 0.3,
                                  .regularization = regularization,
                                  .init_deviation = 0.8};
    LightGcn model(index_of(dense.pairs, kUsers), kUsers, kItems, options, pool);
    std::vector<double> x(model.state().parameters.begin(), model.state().parameters.end());
    const auto embeddings = model.embeddings();
    const auto expected = dense.embeddings(x);
    for (std::size_t i = 0; i < expected.size(); ++i) ASSERT_NEAR(embeddings[i], expected[i], 1e-5);
    const auto got = model.loss_gradient(triples);
    EXPECT_NEAR(got.loss, dense.loss(x, triples), 1e-6);
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double kept = x[i];
      x[i] = kept + 1e-5;
      const double up = dense.loss(x, triples);
      x[i] = kept - 1e-5;
      const double down = dense.loss(x, triples);
      x[i] = kept;
      ASSERT_NEAR(got.gradient[i], (up - down) / 2e-5, 1e-5) << i;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Layers, LightGcnTest, testing::Values(0, 1, 2, 3, 4));

TEST(LightGcn, StepIsAdamOnTheGradient) {
  std::mt19937 random(9);
  const Pairs pairs = sparse_pairs(random);
  ThreadPool pool(2);
  const LightGcnOptions options{.dim = kDim, .l2 = 0.01, .adam = {.learning_rate = 0.02}};
  LightGcn model(index_of(pairs, kUsers), kUsers, kItems, options, pool);
  LightGcn twin(index_of(pairs, kUsers), kUsers, kItems, options, pool);
  LightGcnState expected = twin.state();
  for (std::uint64_t step = 1; step <= 5; ++step) {
    const auto triples = random_triples(random, 8);
    const auto reference = twin.loss_gradient(triples);
    adam_update(AdamStep(options.adam, step), reference.gradient, expected.parameters, expected.mean,
                expected.variance);
    expected.step = step;
    twin.set_state(expected);
    EXPECT_EQ(model.step(triples), reference.loss);
    EXPECT_EQ(model.state().step, step);
    for (std::size_t i = 0; i < expected.parameters.size(); ++i) {
      ASSERT_NEAR(model.state().parameters[i], expected.parameters[i], 1e-6);
    }
  }
}

TEST(LightGcn, SameBitsForAnyNumberOfThreads) {
  std::mt19937 random(11);
  const std::size_t users = 700, items = 900;
  Pairs pairs;
  for (int i = 0; i < 12000; ++i) {
    pairs.insert({static_cast<graph::NodeId>(random() % users),
                  static_cast<graph::NodeId>(random() % items * (random() % items) / items)});
  }
  std::vector<std::vector<Triple>> batches(4);
  for (auto& batch : batches) {
    for (int i = 0; i < 64; ++i) {
      batch.push_back({static_cast<graph::NodeId>(random() % users),
                       static_cast<graph::NodeId>(random() % items),
                       static_cast<graph::NodeId>(random() % items)});
    }
  }
  std::vector<float> first;
  for (const std::size_t threads : {1, 2, 5}) {
    ThreadPool pool(threads);
    LightGcn model(index_of(pairs, users), users, items, {.dim = 24}, pool);
    for (const auto& batch : batches) model.step(batch);
    if (first.empty()) first = model.state().parameters;
    EXPECT_EQ(model.state().parameters, first) << threads;
  }
}

TEST(LightGcn, InitialValuesAreNormalAndDependOnTheSeed) {
  ThreadPool pool(1);
  const graph::PositiveIndex none = index_of({}, 500);
  const LightGcn a(none, 500, 500, {.init_deviation = 0.1, .seed = 3}, pool);
  const LightGcn b(none, 500, 500, {.init_deviation = 0.1, .seed = 3}, pool);
  const LightGcn c(none, 500, 500, {.init_deviation = 0.1, .seed = 4}, pool);
  EXPECT_EQ(a.state().parameters, b.state().parameters);
  EXPECT_NE(a.state().parameters, c.state().parameters);
  double sum = 0, squares = 0, within = 0;
  for (const float value : a.state().parameters) {
    sum += value;
    squares += static_cast<double>(value) * value;
    within += std::abs(value) < 0.1 ? 1 : 0;
  }
  const double n = 64000;  // bounds of six standard errors: a false alarm in 5e8 runs of another generator
  EXPECT_NEAR(sum / n, 0, 6 * 0.1 / std::sqrt(n));
  EXPECT_NEAR(squares / n, 0.01, 6 * 0.01 * std::sqrt(2 / n));
  EXPECT_NEAR(within / n, 0.682689, 6 * std::sqrt(0.25 / n));
}

}  // namespace
}  // namespace weft::gnn
