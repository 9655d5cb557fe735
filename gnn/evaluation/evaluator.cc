#include "gnn/evaluation/evaluator.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/files.h"
#include "gnn/retrieval/top_k.h"

namespace weft::gnn {

namespace {

using graph::NodeId;

enum class ItemClass { kAny, kWarm, kCold };
enum class UserClass { kAny, kWarm, kCold };

struct GroupRule {
  const char* name;
  ItemClass items;
  UserClass users;
};

std::vector<GroupRule> group_rules(const RankingTask& task) {
  std::vector<GroupRule> rules = {{"all", ItemClass::kAny, UserClass::kAny}};
  if (!task.item_warm.empty()) {
    rules.push_back({"warm items", ItemClass::kWarm, UserClass::kAny});
    rules.push_back({"cold items", ItemClass::kCold, UserClass::kAny});
  }
  if (!task.user_warm.empty()) {
    rules.push_back({"warm users", ItemClass::kAny, UserClass::kWarm});
    rules.push_back({"cold users", ItemClass::kAny, UserClass::kCold});
  }
  return rules;
}

// Sums over the users of one block. Blocks are added in their order, so that the result does not depend on
// threads.
struct GroupSums {
  std::uint64_t users = 0;
  std::uint64_t pairs = 0;
  std::uint64_t auc_users = 0;
  double auc = 0;
  std::vector<RankMetrics> at;
};

struct MeanSum {
  double sum = 0;
  std::uint64_t count = 0;
  void add(double value) {
    if (value < 0) return;  // undefined for this user
    sum += value;
    ++count;
  }
  void add(const MeanSum& other) {
    sum += other.sum;
    count += other.count;
  }
  double mean() const { return count == 0 ? -1 : sum / static_cast<double>(count); }
};

struct ListSums {
  MeanSum diversity, category_diversity, novelty, popularity;
};

struct BlockResult {
  std::vector<GroupSums> groups;
  std::vector<ListSums> lists;
  std::string tsv;
};

// One evaluation: what all blocks share, and the work on one block.
class Ranking {
 public:
  Ranking(const Scorer& scorer, const RankingTask& task, const EvaluationOptions& options);

  const std::vector<NodeId>& users() const { return users_; }
  std::uint64_t candidate_count() const { return candidate_count_; }
  const std::vector<GroupRule>& rules() const { return rules_; }
  BlockResult block(std::size_t begin, std::size_t end) const;
  // Distinct items that stood at rank k or better in any list.
  std::uint64_t items_shown(std::size_t k) const;

 private:
  void check_targets(NodeId user, std::span<const NodeId> relevant) const;
  std::vector<float> other_scores(std::span<const float> scores, std::span<const NodeId> relevant,
                                  std::span<const NodeId> masked) const;
  void add_user(NodeId user, std::span<const float> scores, BlockResult& result) const;
  void add_group(std::span<const std::uint32_t> ranks, std::span<const float> scores,
                 std::span<const float> others, GroupSums& sums) const;
  void add_lists(std::span<const ScoredItem> list, BlockResult& result) const;
  void add_lines(NodeId user, std::span<const ScoredItem> list, std::string& tsv) const;
  bool in_class(NodeId item, ItemClass item_class) const;

  const Scorer& scorer_;
  const RankingTask& task_;
  const EvaluationOptions& options_;
  std::vector<GroupRule> rules_;
  std::vector<NodeId> users_;
  std::vector<double> information_;  // [items], -log2 of the item's share of events
  std::size_t longest_ = 0;
  std::uint64_t candidate_count_ = 0;
  mutable std::vector<std::atomic<std::uint32_t>>
      best_rank_;  // [items]; the smallest of all: any order gives the same
};

Ranking::Ranking(const Scorer& scorer, const RankingTask& task, const EvaluationOptions& options)
    : scorer_(scorer), task_(task), options_(options), rules_(group_rules(task)), best_rank_(scorer.items()) {
  const std::size_t items = scorer.items();
  WEFT_CHECK(task.targets != nullptr && !options.ks.empty() && options.block > 0);
  for (const std::size_t k : options.ks) WEFT_CHECK(k > 0);
  WEFT_CHECK(task.candidates.empty() || task.candidates.size() == items);
  WEFT_CHECK(task.item_warm.empty() || task.item_warm.size() == items);
  WEFT_CHECK(task.item_counts.empty() || task.item_counts.size() == items);
  WEFT_CHECK(task.item_categories.empty() || task.item_categories.size() == items);
  WEFT_CHECK(task.item_vectors.size() == (task.item_vectors.empty() ? 0 : items * task.item_dim));
  longest_ = *std::max_element(options.ks.begin(), options.ks.end());
  candidate_count_ =
      task.candidates.empty()
          ? items
          : static_cast<std::uint64_t>(std::count(task.candidates.begin(), task.candidates.end(), 1));
  for (std::size_t user = 0; user < task.targets->rows(); ++user) {
    if (!task.targets->targets(static_cast<NodeId>(user)).empty())
      users_.push_back(static_cast<NodeId>(user));
  }
  if (users_.empty()) {
    throw Error("there is nothing to evaluate: no user has a relevant item in this part",
                {.hint = "give the part a larger share in [task.split]"});
  }
  for (auto& rank : best_rank_)
    rank.store(std::numeric_limits<std::uint32_t>::max(), std::memory_order_relaxed);
  if (!task.item_counts.empty()) {
    double total = 0;
    for (const std::uint64_t count : task.item_counts) total += static_cast<double>(count);
    const double smoothed = total + static_cast<double>(items);
    for (const std::uint64_t count : task.item_counts) {
      information_.push_back(-std::log2((static_cast<double>(count) + 1) / smoothed));
    }
  }
}

bool Ranking::in_class(NodeId item, ItemClass item_class) const {
  if (item_class == ItemClass::kAny) return true;
  return (task_.item_warm[item] != 0) == (item_class == ItemClass::kWarm);
}

void Ranking::check_targets(NodeId user, std::span<const NodeId> relevant) const {
  for (const NodeId item : relevant) {
    if (item >= scorer_.items()) {
      throw Error(fmt::format("item {} of user {} is unknown to the model, which scores {} items", item, user,
                              scorer_.items()));
    }
    if (!task_.candidates.empty() && task_.candidates[item] == 0) {
      throw Error(fmt::format("item {} is relevant to user {} but no candidate", item, user));
    }
    if (task_.mask != nullptr && task_.mask->contains(user, item)) {
      throw Error(fmt::format("item {} is relevant to user {} but masked from the ranking", item, user));
    }
  }
}

BlockResult Ranking::block(std::size_t begin, std::size_t end) const {
  BlockResult result;
  result.groups.resize(rules_.size());
  for (GroupSums& group : result.groups) group.at.resize(options_.ks.size());
  result.lists.resize(options_.ks.size());
  const std::size_t items = scorer_.items();
  std::vector<float> scores((end - begin) * items);
  scorer_.score(std::span(users_).subspan(begin, end - begin), scores);
  for (std::size_t i = begin; i < end; ++i) {
    add_user(users_[i], std::span(scores).subspan((i - begin) * items, items), result);
  }
  return result;
}

// Scores of the candidates that are neither masked nor relevant.
std::vector<float> Ranking::other_scores(std::span<const float> scores, std::span<const NodeId> relevant,
                                         std::span<const NodeId> masked) const {
  std::vector<float> others;
  others.reserve(scores.size());
  auto next_masked = masked.begin();
  auto next_relevant = relevant.begin();
  for (NodeId item = 0; item < scores.size(); ++item) {
    const bool is_masked = next_masked != masked.end() && *next_masked == item;
    const bool is_relevant = next_relevant != relevant.end() && *next_relevant == item;
    if (is_masked) ++next_masked;
    if (is_relevant) ++next_relevant;
    if (is_masked || is_relevant || (!task_.candidates.empty() && task_.candidates[item] == 0)) continue;
    others.push_back(scores[item]);
  }
  return others;
}

void Ranking::add_user(NodeId user, std::span<const float> scores, BlockResult& result) const {
  const std::span<const NodeId> relevant = task_.targets->targets(user);
  check_targets(user, relevant);
  const std::span<const NodeId> masked = task_.mask == nullptr || user >= task_.mask->rows()
                                             ? std::span<const NodeId>{}
                                             : task_.mask->targets(user);
  const std::vector<ScoredItem> list = top_k(scores, longest_, task_.candidates, masked);
  const std::vector<float> others =
      options_.auc ? other_scores(scores, relevant, masked) : std::vector<float>{};
  std::vector<std::uint32_t> ranks;
  std::vector<float> relevant_scores;
  for (std::size_t g = 0; g < rules_.size(); ++g) {
    const GroupRule& rule = rules_[g];
    if (rule.users != UserClass::kAny && (task_.user_warm[user] != 0) != (rule.users == UserClass::kWarm))
      continue;
    relevant_scores.clear();
    for (const NodeId item : relevant) {
      if (in_class(item, rule.items)) relevant_scores.push_back(scores[item]);
    }
    if (relevant_scores.empty()) continue;
    ranks.clear();
    for (std::size_t place = 0; place < list.size(); ++place) {
      const NodeId item = list[place].item;
      if (in_class(item, rule.items) && task_.targets->contains(user, item)) {
        ranks.push_back(static_cast<std::uint32_t>(place + 1));
      }
    }
    add_group(ranks, relevant_scores, others, result.groups[g]);
  }
  add_lists(list, result);
  if (!options_.lists.path.empty()) add_lines(user, list, result.tsv);
}

// `ranks`: where relevant items of the group stand; `scores`: theirs; `others`: of the candidates that are
// not relevant.
void Ranking::add_group(std::span<const std::uint32_t> ranks, std::span<const float> scores,
                        std::span<const float> others, GroupSums& sums) const {
  ++sums.users;
  sums.pairs += scores.size();
  for (std::size_t k = 0; k < options_.ks.size(); ++k) {
    sums.at[k] += rank_metrics(ranks, scores.size(), options_.ks[k]);
  }
  if (!options_.auc) return;
  const double auc = area_under_curve(scores, others);
  if (auc < 0) return;
  sums.auc += auc;
  ++sums.auc_users;
}

void Ranking::add_lists(std::span<const ScoredItem> list, BlockResult& result) const {
  for (std::size_t place = 0; place < list.size(); ++place) {
    std::atomic<std::uint32_t>& best = best_rank_[list[place].item];
    const auto rank = static_cast<std::uint32_t>(place + 1);
    std::uint32_t seen = best.load(std::memory_order_relaxed);
    while (rank < seen && !best.compare_exchange_weak(seen, rank, std::memory_order_relaxed)) {
    }
  }
  std::vector<float> vectors;
  std::vector<std::uint32_t> categories;
  for (std::size_t k = 0; k < options_.ks.size(); ++k) {
    const auto shown = list.first(std::min(options_.ks[k], list.size()));
    if (shown.empty()) continue;
    ListSums& sums = result.lists[k];
    if (!task_.item_vectors.empty()) {
      vectors.clear();
      for (const ScoredItem& entry : shown) {
        const auto row = task_.item_vectors.subspan(entry.item * task_.item_dim, task_.item_dim);
        vectors.insert(vectors.end(), row.begin(), row.end());
      }
      const double diversity = intra_list_diversity(vectors, task_.item_dim);
      // Rounding may take a list of equal vectors a hair below 0, which would read as undefined.
      if (diversity != -1) sums.diversity.add(std::max(0.0, diversity));
    }
    if (!task_.item_categories.empty()) {
      categories.clear();
      for (const ScoredItem& entry : shown) categories.push_back(task_.item_categories[entry.item]);
      sums.category_diversity.add(category_diversity(categories));
    }
    if (!information_.empty()) {
      double novelty = 0;
      double popularity = 0;
      for (const ScoredItem& entry : shown) {
        novelty += information_[entry.item];
        popularity += static_cast<double>(task_.item_counts[entry.item]);
      }
      sums.novelty.add(novelty / static_cast<double>(shown.size()));
      sums.popularity.add(popularity / static_cast<double>(shown.size()));
    }
  }
}

void Ranking::add_lines(NodeId user, std::span<const ScoredItem> list, std::string& tsv) const {
  const RankedListOutput& lists = options_.lists;
  const auto name = [](const auto& names, NodeId id) { return names ? names(id) : fmt::format("{}", id); };
  const std::string start =
      fmt::format("{}\t{}\t", name(lists.user_name, user), task_.targets->targets(user).size());
  for (std::size_t place = 0; place < list.size(); ++place) {
    fmt::format_to(std::back_inserter(tsv), "{}{}\t{}\t{:.9g}\t{}\n", start, place + 1,
                   name(lists.item_name, list[place].item), list[place].score,
                   task_.targets->contains(user, list[place].item) ? 1 : 0);
  }
}

std::uint64_t Ranking::items_shown(std::size_t k) const {
  return static_cast<std::uint64_t>(
      std::count_if(best_rank_.begin(), best_rank_.end(),
                    [k](const auto& rank) { return rank.load(std::memory_order_relaxed) <= k; }));
}

void add_block(const BlockResult& block, BlockResult& total) {
  for (std::size_t g = 0; g < total.groups.size(); ++g) {
    GroupSums& sums = total.groups[g];
    const GroupSums& more = block.groups[g];
    sums.users += more.users;
    sums.pairs += more.pairs;
    sums.auc += more.auc;
    sums.auc_users += more.auc_users;
    for (std::size_t k = 0; k < sums.at.size(); ++k) sums.at[k] += more.at[k];
  }
  for (std::size_t k = 0; k < total.lists.size(); ++k) {
    total.lists[k].diversity.add(block.lists[k].diversity);
    total.lists[k].category_diversity.add(block.lists[k].category_diversity);
    total.lists[k].novelty.add(block.lists[k].novelty);
    total.lists[k].popularity.add(block.lists[k].popularity);
  }
}

Evaluation result_of(const Ranking& ranking, const BlockResult& total, const EvaluationOptions& options) {
  Evaluation result{.ks = options.ks, .candidates = ranking.candidate_count()};
  for (std::size_t g = 0; g < total.groups.size(); ++g) {
    const GroupSums& sums = total.groups[g];
    EvaluationGroup group{.name = ranking.rules()[g].name, .users = sums.users, .pairs = sums.pairs};
    for (const RankMetrics& at : sums.at) {
      group.at.push_back(sums.users == 0 ? RankMetrics{} : at / static_cast<double>(sums.users));
    }
    group.auc_users = sums.auc_users;
    if (sums.auc_users > 0) group.auc = sums.auc / static_cast<double>(sums.auc_users);
    result.groups.push_back(std::move(group));
  }
  for (std::size_t k = 0; k < options.ks.size(); ++k) {
    const ListSums& sums = total.lists[k];
    result.lists.push_back({.coverage = static_cast<double>(ranking.items_shown(options.ks[k])) /
                                        static_cast<double>(ranking.candidate_count()),
                            .diversity = sums.diversity.mean(),
                            .category_diversity = sums.category_diversity.mean(),
                            .novelty = sums.novelty.mean(),
                            .popularity = sums.popularity.mean()});
  }
  return result;
}

}  // namespace

const EvaluationGroup& Evaluation::group(std::string_view name) const {
  for (const EvaluationGroup& candidate : groups) {
    if (candidate.name == name) return candidate;
  }
  throw Error(fmt::format("the evaluation has no group \"{}\"", name));
}

const RankMetrics& Evaluation::at(std::size_t k, std::string_view group_name) const {
  const auto place = std::find(ks.begin(), ks.end(), k);
  if (place == ks.end()) throw Error(fmt::format("the evaluation has no figures at k = {}", k));
  return group(group_name).at[static_cast<std::size_t>(place - ks.begin())];
}

std::string Evaluation::to_json() const {
  nlohmann::ordered_json json;
  json["ks"] = ks;
  json["candidates"] = candidates;
  for (const EvaluationGroup& group : groups) {
    nlohmann::ordered_json entry = {{"users", group.users}, {"pairs", group.pairs}};
    for (std::size_t i = 0; i < ks.size() && group.users > 0; ++i) {
      const RankMetrics& m = group.at[i];
      entry[fmt::format("recall@{}", ks[i])] = m.recall;
      entry[fmt::format("precision@{}", ks[i])] = m.precision;
      entry[fmt::format("ndcg@{}", ks[i])] = m.ndcg;
      entry[fmt::format("mrr@{}", ks[i])] = m.mrr;
      entry[fmt::format("map@{}", ks[i])] = m.map;
      entry[fmt::format("hit_rate@{}", ks[i])] = m.hit_rate;
    }
    if (group.auc >= 0) {
      entry["auc"] = group.auc;
      entry["auc_users"] = group.auc_users;
    }
    json["groups"][group.name] = entry;
  }
  nlohmann::ordered_json figures;
  const auto put = [&](const char* name, std::size_t k, double value) {
    if (value >= 0) figures[fmt::format("{}@{}", name, k)] = value;
  };
  for (std::size_t i = 0; i < ks.size(); ++i) {
    put("coverage", ks[i], lists[i].coverage);
    put("diversity", ks[i], lists[i].diversity);
    put("category_diversity", ks[i], lists[i].category_diversity);
    put("novelty", ks[i], lists[i].novelty);
    put("popularity", ks[i], lists[i].popularity);
  }
  json["lists"] = figures;
  return json.dump();
}

Evaluation evaluate(const Scorer& scorer, const RankingTask& task, const EvaluationOptions& options,
                    ThreadPool& pool, ProgressSink& progress) {
  const auto started = std::chrono::steady_clock::now();
  const Ranking ranking(scorer, task, options);
  BlockResult total;
  total.groups.resize(ranking.rules().size());
  for (GroupSums& group : total.groups) group.at.resize(options.ks.size());
  total.lists.resize(options.ks.size());

  Files& files = real_files();
  std::unique_ptr<WritableFile> lists;
  std::filesystem::path unfinished = options.lists.path;
  if (!unfinished.empty()) {
    unfinished += ".part";
    lists = files.create(unfinished);
    lists->append("user\trelevant\trank\titem\tscore\thit\n");
  }
  const std::size_t count = ranking.users().size();
  const std::size_t blocks = (count + options.block - 1) / options.block;
  // Rounds of a few blocks a thread bound what waits to be added in order.
  const std::size_t round = pool.size() * 4;
  progress.begin("evaluate", count, "users");
  for (std::size_t first = 0; first < blocks; first += round) {
    const std::size_t here = std::min(round, blocks - first);
    std::vector<BlockResult> results(here);
    pool.parallel_for(here, 1, [&](std::size_t begin, std::size_t end) {
      for (std::size_t b = begin; b < end; ++b) {
        const std::size_t from = (first + b) * options.block;
        results[b] = ranking.block(from, std::min(count, from + options.block));
      }
    });
    for (const BlockResult& result : results) {
      add_block(result, total);
      if (lists) lists->append(result.tsv);
    }
    progress.advance(std::min(count, (first + here) * options.block));
  }
  progress.end();
  if (lists) {
    lists->close();
    files.rename(unfinished, options.lists.path);
  }
  Evaluation result = result_of(ranking, total, options);
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  return result;
}

}  // namespace weft::gnn
