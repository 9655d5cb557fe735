#include <algorithm>
#include <random>

#include "base/stopwatch.h"
#include "gnn/retrieval/top_k.h"
#include "graph/positive_index.h"
#include "tools/bench/bench.h"
#include "tools/loaded_model.h"

namespace weft::tools::bench {

std::vector<Measurement> measure_queries(Cli& cli, std::shared_ptr<const ProjectContext> context,
                                         const std::filesystem::path& model, const Limits& limits) {
  constexpr std::size_t kCount = 10;
  constexpr std::size_t kLeast = 100, kMost = 100'000;
  const LoadedModel loaded = LoadedModel::load(cli, context, model);
  const Stopwatch embedding;
  const gnn::ModelScorer scorer = loaded.scorer(gnn::EmbedView{}, cli.progress());
  const double embed_seconds = embedding.wall_seconds();
  const std::size_t users = scorer.user_vectors().rows;
  const std::size_t nodes = users + scorer.items();
  std::vector<Measurement> found{{"query",
                                  "vectors of all users and items",
                                  embed_seconds > 0 ? static_cast<double>(nodes) / embed_seconds : 0,
                                  "nodes/s",
                                  {{"nodes", nodes}, {"seconds", embed_seconds}}}};
  if (users == 0 || scorer.items() == 0) return found;
  const graph::PositiveIndex known(context->snapshot.outgoing(context->target), {});
  std::vector<float> scores(scorer.items());
  std::vector<double> milliseconds;
  std::mt19937_64 random(1);
  const Stopwatch all;
  while (milliseconds.size() < kLeast ||
         (milliseconds.size() < kMost && all.wall_seconds() < limits.seconds)) {
    const auto user = static_cast<graph::NodeId>(random() % users);
    const Stopwatch one;
    scorer.score(std::span(&user, 1), scores);
    const auto best = gnn::top_k(scores, kCount, {}, known.targets(user));
    milliseconds.push_back(1e3 * one.wall_seconds());
  }
  std::sort(milliseconds.begin(), milliseconds.end());
  const auto quantile = [&](double share) {
    return milliseconds[static_cast<std::size_t>(share * static_cast<double>(milliseconds.size() - 1))];
  };
  const Json details = {
      {"queries", milliseconds.size()}, {"items", scorer.items()}, {"k", kCount}, {"threads", 1}};
  found.push_back({"query", "best 10 items of a user, median", quantile(0.5), "ms", details});
  found.push_back({"query", "best 10 items of a user, 99th percentile", quantile(0.99), "ms", details});
  return found;
}

}  // namespace weft::tools::bench
