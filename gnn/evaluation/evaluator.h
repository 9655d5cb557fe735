// Streamed full ranking: every user with a relevant item, all candidates, masked pairs left out, in memory of
// (threads x block x items) floats whatever the number of users.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/progress.h"
#include "base/thread_pool.h"
#include "gnn/evaluation/metrics.h"
#include "gnn/evaluation/scorer.h"
#include "graph/positive_index.h"

namespace weft::gnn {

// What is ranked against what. Spans are [items] or [users]; where one is empty its rows or columns are left
// out of the result. All must outlive the call.
struct RankingTask {
  const graph::PositiveIndex* targets = nullptr;  // relevant pairs: must be candidates and not masked
  const graph::PositiveIndex* mask = nullptr;     // pairs left out of the ranking; null: none
  std::span<const std::uint8_t> candidates = {};  // 1: is ranked; empty: all items
  std::span<const std::uint8_t> item_warm = {};
  std::span<const std::uint8_t> user_warm = {};
  std::span<const std::uint64_t> item_counts = {};  // for novelty and popularity
  std::span<const float> item_vectors = {};         // [items, item_dim], for diversity
  std::size_t item_dim = 0;
  std::span<const std::uint32_t> item_categories = {};  // for diversity by category
};

// Where the ranked lists go, as TSV with a header: user, relevant, rank, item, score, hit; one line for each
// place of each list, users in id order. Enough to compute every figure again.
struct RankedListOutput {
  std::filesystem::path path = {};  // empty: not written
  // External ids, written as they are: without tabs and line ends. Empty: dense ids are written. Called from
  // several threads.
  std::function<std::string(graph::NodeId)> user_name = {};
  std::function<std::string(graph::NodeId)> item_name = {};
};

struct EvaluationOptions {
  std::vector<std::size_t> ks = {5, 10, 20};
  std::size_t block = 64;  // users scored at a time
  bool auc = true;
  RankedListOutput lists = {};
};

// Figures for one class of users or targets. The ranking is always over all candidates.
struct EvaluationGroup {
  std::string name = {};  // "all", "warm items", "cold items", "warm users", "cold users"
  std::uint64_t users =
      0;  // users with at least one relevant item of the class: the figures are means over them
  std::uint64_t pairs = 0;           // relevant pairs of the class
  std::vector<RankMetrics> at = {};  // [k]
  double auc = -1;                   // -1: not asked for, or undefined
  std::uint64_t auc_users = 0;
};

// What the lists look like, whether right or wrong. -1: not asked for or undefined.
struct ListFigures {
  double coverage = -1;            // distinct items shown / candidates
  double diversity = -1;           // mean over users of intra_list_diversity
  double category_diversity = -1;  // mean over users
  double novelty = -1;     // mean over users and places of -log2((count + 1) / (sum of counts + items))
  double popularity = -1;  // mean over users and places of the item's count
};

struct Evaluation {
  std::vector<std::size_t> ks = {};
  std::uint64_t candidates = 0;
  std::vector<EvaluationGroup> groups = {};  // "all" first
  std::vector<ListFigures> lists = {};       // [k]
  double seconds = 0;                        // wall time; not part of the figures

  const EvaluationGroup& group(std::string_view name) const;  // throws Error if it was not evaluated
  // The figures of group "all" at `k`, which must be one of ks.
  const RankMetrics& at(std::size_t k, std::string_view group_name = "all") const;
  // One JSON object: ks, candidates, groups (metrics keyed "recall@20"), lists.
  std::string to_json() const;
};

// Ranks ties by item id, lower first. The result is the same to the last bit for any number of threads.
// Throws Error on a NaN score, on a target that is masked or no candidate, and if there is no target at all.
Evaluation evaluate(const Scorer& scorer, const RankingTask& task, const EvaluationOptions& options,
                    ThreadPool& pool, ProgressSink& progress = no_progress());

}  // namespace weft::gnn
