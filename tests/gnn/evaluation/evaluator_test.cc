#include "gnn/evaluation/evaluator.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/error.h"
#include "tests/gnn/evaluation/random_pairs.h"
#include "tests/support/temp_folder.h"

namespace weft::gnn {
namespace {

using graph::NodeId;

class TableScorer final : public Scorer {
 public:
  TableScorer(std::vector<float> table, std::size_t items) : table_(std::move(table)), items_(items) {}
  std::size_t items() const override { return items_; }
  void score(std::span<const NodeId> users, std::span<float> out) const override {
    for (std::size_t u = 0; u < users.size(); ++u) {
      std::copy_n(table_.begin() + static_cast<std::ptrdiff_t>(users[u] * items_), items_,
                  out.begin() + static_cast<std::ptrdiff_t>(u * items_));
    }
  }
  std::vector<float> table_;
  std::size_t items_;
};

// A random problem with many tied scores, and all its figures from plain loops over a full sort.
struct Case {
  static constexpr std::size_t kUsers = 45, kItems = 60, kDim = 4;
  Pairs targets, mask;
  graph::PositiveIndex target_index, mask_index;
  std::vector<std::uint8_t> candidates, item_warm, user_warm;
  std::vector<std::uint64_t> counts;
  std::vector<float> vectors, table;
  std::vector<std::uint32_t> categories;

  explicit Case(std::uint32_t seed) {
    std::mt19937 random(seed);
    mask = random_pairs(random, kUsers, kItems, 0.1);
    targets = random_pairs(random, kUsers, kItems, 0.06, mask);
    for (std::size_t i = 0; i < kItems; ++i) {
      candidates.push_back(random() % 6 != 0);
      item_warm.push_back(random() % 3 != 0);
      counts.push_back(random() % 20);
      categories.push_back(random() % 4);
    }
    for (const auto& [user, item] : targets) candidates[item] = 1;
    for (std::size_t u = 0; u < kUsers; ++u) user_warm.push_back(random() % 4 != 0);
    for (std::size_t i = 0; i < kItems * kDim; ++i) vectors.push_back(static_cast<float>(random() % 7) - 2);
    for (std::size_t i = 0; i < kUsers * kItems; ++i) table.push_back(static_cast<float>(random() % 25));
    target_index = index_of(targets, kUsers);
    mask_index = index_of(mask, kUsers);
  }

  RankingTask task() const {
    return {.targets = &target_index,
            .mask = &mask_index,
            .candidates = candidates,
            .item_warm = item_warm,
            .user_warm = user_warm,
            .item_counts = counts,
            .item_vectors = vectors,
            .item_dim = kDim,
            .item_categories = categories};
  }

  std::vector<NodeId> ranking(NodeId user) const {
    std::vector<NodeId> order;
    for (NodeId i = 0; i < kItems; ++i) {
      if (candidates[i] != 0 && !mask.contains({user, i})) order.push_back(i);
    }
    std::stable_sort(order.begin(), order.end(),
                     [&](NodeId a, NodeId b) { return table[user * kItems + a] > table[user * kItems + b]; });
    return order;
  }
};

double mean_of(double sum, std::size_t n) {
  return n == 0 ? 0 : sum / static_cast<double>(n);
}

TEST(Evaluator, EqualsPlainLoops) {
  for (std::uint32_t seed = 1; seed <= 10; ++seed) {
    SCOPED_TRACE(seed);
    const Case c(seed);
    ThreadPool pool(2);
    const Evaluation got =
        evaluate(TableScorer(c.table, Case::kItems), c.task(), {.ks = {3, 10}, .block = 4}, pool);
    const struct {
      const char* name;
      int item_class, user_class;  // -1 any, 1 warm, 0 cold
    } groups[] = {{"all", -1, -1},
                  {"warm items", 1, -1},
                  {"cold items", 0, -1},
                  {"warm users", -1, 1},
                  {"cold users", -1, 0}};
    for (const auto& group : groups) {
      SCOPED_TRACE(group.name);
      for (const std::size_t k : {3U, 10U}) {
        double recall = 0, precision = 0, ndcg = 0, mrr = 0, map = 0, hit = 0, auc = 0;
        std::size_t users = 0, pairs = 0, auc_users = 0;
        for (NodeId u = 0; u < Case::kUsers; ++u) {
          if (group.user_class >= 0 && c.user_warm[u] != group.user_class) continue;
          std::set<NodeId> relevant;
          for (NodeId i = 0; i < Case::kItems; ++i) {
            if (c.targets.contains({u, i}) && (group.item_class < 0 || c.item_warm[i] == group.item_class))
              relevant.insert(i);
          }
          if (relevant.empty()) continue;
          ++users;
          pairs += relevant.size();
          const auto order = c.ranking(u);
          double hits = 0, gain = 0, ideal = 0, ap = 0, first = 0;
          for (std::size_t r = 1; r <= std::min(k, order.size()); ++r) {
            if (!relevant.contains(order[r - 1])) continue;
            hits += 1;
            gain += 1 / std::log2(static_cast<double>(r) + 1);
            ap += hits / static_cast<double>(r);
            if (first == 0) first = 1 / static_cast<double>(r);
          }
          for (std::size_t r = 1; r <= std::min(k, relevant.size()); ++r)
            ideal += 1 / std::log2(static_cast<double>(r) + 1);
          recall += hits / static_cast<double>(relevant.size());
          precision += hits / static_cast<double>(k);
          ndcg += gain / ideal;
          mrr += first;
          map += ap / static_cast<double>(std::min(k, relevant.size()));
          hit += hits > 0 ? 1 : 0;
          double wins = 0, others = 0;
          for (const NodeId i : relevant) {
            for (const NodeId j : order) {
              if (c.targets.contains({u, j})) continue;
              const float a = c.table[u * Case::kItems + i], b = c.table[u * Case::kItems + j];
              wins += a > b ? 1 : a == b ? 0.5 : 0;
              others += 1;
            }
          }
          if (others > 0) {
            auc += wins / others;
            ++auc_users;
          }
        }
        EXPECT_EQ(got.group(group.name).users, users);
        EXPECT_EQ(got.group(group.name).pairs, pairs);
        const RankMetrics& m = got.at(k, group.name);
        EXPECT_NEAR(m.recall, mean_of(recall, users), 1e-12);
        EXPECT_NEAR(m.precision, mean_of(precision, users), 1e-12);
        EXPECT_NEAR(m.ndcg, mean_of(ndcg, users), 1e-12);
        EXPECT_NEAR(m.mrr, mean_of(mrr, users), 1e-12);
        EXPECT_NEAR(m.map, mean_of(map, users), 1e-12);
        EXPECT_NEAR(m.hit_rate, mean_of(hit, users), 1e-12);
        EXPECT_NEAR(got.group(group.name).auc, auc_users == 0 ? -1 : mean_of(auc, auc_users), 1e-12);
      }
    }
  }
}

TEST(Evaluator, ListFiguresEqualPlainLoops) {
  const Case c(21);
  ThreadPool pool(2);
  const Evaluation got =
      evaluate(TableScorer(c.table, Case::kItems), c.task(), {.ks = {5, 8}, .block = 7}, pool);
  double total = 0;
  for (const auto count : c.counts) total += static_cast<double>(count);
  for (std::size_t at = 0; at < 2; ++at) {
    const std::size_t k = got.ks[at];
    std::set<NodeId> shown;
    double diversity = 0, by_category = 0, novelty = 0, popularity = 0;
    std::size_t users = 0;
    for (NodeId u = 0; u < Case::kUsers; ++u) {
      if (c.target_index.targets(u).empty()) continue;
      ++users;
      auto order = c.ranking(u);
      order.resize(k);
      shown.insert(order.begin(), order.end());
      double cosines = 0, differ = 0, cosine_pairs = 0, pairs = 0;
      for (std::size_t a = 0; a < k; ++a) {
        const double share = (static_cast<double>(c.counts[order[a]]) + 1) / (total + Case::kItems);
        novelty -= std::log2(share) / static_cast<double>(k);
        popularity += static_cast<double>(c.counts[order[a]]) / static_cast<double>(k);
        for (std::size_t b = a + 1; b < k; ++b) {
          pairs += 1;
          differ += c.categories[order[a]] != c.categories[order[b]] ? 1 : 0;
          double dot = 0, aa = 0, bb = 0;
          for (std::size_t d = 0; d < Case::kDim; ++d) {
            const double x = c.vectors[order[a] * Case::kDim + d], y = c.vectors[order[b] * Case::kDim + d];
            dot += x * y;
            aa += x * x;
            bb += y * y;
          }
          if (aa == 0 || bb == 0) continue;
          cosines += dot / std::sqrt(aa * bb);
          cosine_pairs += 1;
        }
      }
      diversity += 1 - cosines / cosine_pairs;
      by_category += differ / pairs;
    }
    std::size_t candidate_count = 0;
    for (const auto flag : c.candidates) candidate_count += flag;
    EXPECT_EQ(got.candidates, candidate_count);
    EXPECT_NEAR(got.lists[at].coverage, mean_of(static_cast<double>(shown.size()), candidate_count), 1e-12);
    EXPECT_NEAR(got.lists[at].diversity, mean_of(diversity, users), 1e-9);
    EXPECT_NEAR(got.lists[at].category_diversity, mean_of(by_category, users), 1e-12);
    EXPECT_NEAR(got.lists[at].novelty, mean_of(novelty, users), 1e-12);
    EXPECT_NEAR(got.lists[at].popularity, mean_of(popularity, users), 1e-9);
  }
}

TEST(Evaluator, SameBitsForAnyNumberOfThreads) {
  const Case c(31);
  std::string first;
  for (const std::size_t threads : {1, 2, 3, 7}) {
    ThreadPool pool(threads);
    const Evaluation got =
        evaluate(TableScorer(c.table, Case::kItems), c.task(), {.ks = {5, 20}, .block = 3}, pool);
    // nlohmann prints doubles so that they read back to the same bits.
    if (first.empty()) first = got.to_json();
    EXPECT_EQ(got.to_json(), first) << threads;
  }
}

TEST(Evaluator, RankedListsGiveTheFiguresAgain) {
  const Case c(41);
  ThreadPool pool(2);
  const test::TempFolder folder;
  const std::filesystem::path path = folder.path() / "lists.tsv";
  std::vector<std::string> names;
  for (std::size_t u = 0; u < Case::kUsers; ++u) names.push_back("user-" + std::to_string(u));
  const Evaluation got = evaluate(
      TableScorer(c.table, Case::kItems), c.task(),
      {.ks = {10}, .block = 4, .lists = {.path = path, .user_name = [&](NodeId u) { return names[u]; }}},
      pool);
  std::ifstream in(path);
  std::string header;
  std::getline(in, header);
  EXPECT_EQ(header, "user\trelevant\trank\titem\tscore\thit");
  std::map<std::string, std::pair<double, double>> by_user;  // hits, relevant
  std::string user;
  double relevant = 0, rank = 0, item = 0, score = 0, hit = 0;
  std::size_t lines = 0;
  while (in >> user >> relevant >> rank >> item >> score >> hit) {
    ++lines;
    by_user[user].first += hit;
    by_user[user].second = relevant;
    const auto u = static_cast<std::size_t>(std::stoul(user.substr(5)));
    EXPECT_EQ(score, c.table[u * Case::kItems + static_cast<std::size_t>(item)]);
  }
  double recall = 0;
  for (const auto& [name, counts] : by_user) recall += counts.first / counts.second;
  EXPECT_EQ(lines, by_user.size() * 10);
  EXPECT_EQ(by_user.size(), got.group("all").users);
  EXPECT_NEAR(recall / static_cast<double>(by_user.size()), got.at(10).recall, 1e-12);
  EXPECT_FALSE(std::filesystem::exists(path.string() + ".part"));
}

TEST(Evaluator, Errors) {
  Case c(51);
  ThreadPool pool(2);
  const TableScorer scorer(c.table, Case::kItems);
  RankingTask task = c.task();
  const graph::PositiveIndex none = index_of({}, Case::kUsers);
  task.targets = &none;
  EXPECT_THROW(evaluate(scorer, task, {}, pool), Error);  // nothing to evaluate
  task = c.task();
  task.mask = &c.target_index;
  EXPECT_THROW(evaluate(scorer, task, {}, pool), Error);  // a target is masked
  const NodeId target = c.targets.begin()->second;
  c.candidates[target] = 0;
  EXPECT_THROW(evaluate(scorer, c.task(), {}, pool), Error);  // a target is no candidate
  c.candidates[target] = 1;
  TableScorer bad = scorer;
  bad.table_[c.targets.begin()->first * Case::kItems + target] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_THROW(evaluate(bad, c.task(), {}, pool), Error);  // NaN
}

TEST(Evaluator, JsonNamesEveryFigure) {
  const Case c(61);
  ThreadPool pool(1);
  const Evaluation got = evaluate(TableScorer(c.table, Case::kItems), c.task(), {.ks = {20}}, pool);
  const auto json = nlohmann::json::parse(got.to_json());
  EXPECT_DOUBLE_EQ(json["groups"]["all"]["recall@20"].get<double>(), got.at(20).recall);
  EXPECT_EQ(json["groups"]["cold items"]["users"].get<std::uint64_t>(), got.group("cold items").users);
  EXPECT_DOUBLE_EQ(json["lists"]["coverage@20"].get<double>(), got.lists[0].coverage);
  EXPECT_THROW(got.at(7), Error);
  EXPECT_THROW(got.group("lukewarm items"), Error);
}

}  // namespace
}  // namespace weft::gnn
