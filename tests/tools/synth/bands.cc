#include "tests/tools/synth/bands.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <numeric>
#include <stdexcept>
#include <string>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "tests/tools/synth/read_shop.h"

namespace weft::synth {
namespace {

using Matrix = std::vector<float>;  // row-major

struct Purchase {
  long long time = 0;
  std::size_t user = 0, item = 0;
};

struct Task {
  std::size_t users = 0, items = 0;
  Matrix known{}, wanted{};  // [users, items], 0 or 1: train and validation pairs; new test pairs
  std::vector<char> cold{};  // [items]
  std::size_t purchases = 0;
};

std::unordered_map<std::string, std::size_t> numbered(const std::vector<std::string>& ids) {
  std::unordered_map<std::string, std::size_t> out;
  for (const std::string& id : ids) out.emplace(id, out.size());
  return out;
}

std::vector<Purchase> read_purchases(const std::filesystem::path& shop,
                                     const std::unordered_map<std::string, std::size_t>& users,
                                     const std::unordered_map<std::string, std::size_t>& items) {
  std::vector<Purchase> out;
  std::unordered_set<std::string> seen;
  for (const std::string& line : read_lines(shop / "events.csv")) {
    const std::vector<std::string> cells = split_row(line);
    if (cells.size() != 6 || cells[3] != "purchase" || !seen.insert(line).second) continue;
    Purchase p;
    const auto [end, error] = std::from_chars(cells[0].data(), cells[0].data() + cells[0].size(), p.time);
    if (error != std::errc() || end != cells[0].data() + cells[0].size()) continue;
    p.user = users.at(cells[1]);
    p.item = items.at(cells[2]);
    out.push_back(p);
  }
  std::stable_sort(out.begin(), out.end(),
                   [](const Purchase& a, const Purchase& b) { return a.time < b.time; });
  return out;
}

Task read_task(const std::filesystem::path& shop) {
  const auto users = numbered(read_lines(shop / "truth" / "users.txt"));
  const auto items = numbered(read_lines(shop / "truth" / "items.txt"));
  const std::vector<Purchase> purchases = read_purchases(shop, users, items);
  Task task{.users = users.size(), .items = items.size(), .purchases = purchases.size()};
  task.known.assign(task.users * task.items, 0);
  task.wanted = task.known;
  task.cold.assign(task.items, 1);
  const std::size_t train = purchases.size() * 8 / 10, before_test = purchases.size() * 9 / 10;
  for (std::size_t p = 0; p < purchases.size(); ++p) {
    const std::size_t pair = purchases[p].user * task.items + purchases[p].item;
    if (p < train) task.cold[purchases[p].item] = 0;
    if (p < before_test) {
      task.known[pair] = 1;
    } else if (task.known[pair] == 0) {
      task.wanted[pair] = 1;
    }
  }
  return task;
}

Recall recall(const Task& task, const Matrix& scores) {
  constexpr std::size_t kTop = 20;
  double sums[3] = {}, users[3] = {};
  std::vector<std::size_t> order(task.items);
  for (std::size_t u = 0; u < task.users; ++u) {
    const float* score = scores.data() + u * task.items;
    const float* known = task.known.data() + u * task.items;
    const float* wanted = task.wanted.data() + u * task.items;
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::partial_sort(order.begin(), order.begin() + kTop, order.end(), [&](std::size_t a, std::size_t b) {
      return std::tuple(known[a], -score[a], a) < std::tuple(known[b], -score[b], b);
    });
    double found[3] = {}, all[3] = {};
    const auto count = [&](std::size_t i, double(&into)[3]) {
      if (wanted[i] == 0) return;
      into[0] += 1;
      into[task.cold[i] != 0 ? 2 : 1] += 1;
    };
    for (std::size_t i = 0; i < task.items; ++i) count(i, all);
    for (std::size_t k = 0; k < kTop; ++k) count(order[k], found);
    for (int part = 0; part < 3; ++part) {
      if (all[part] == 0) continue;
      sums[part] += found[part] / all[part];
      users[part] += 1;
    }
  }
  const auto mean = [&](int part) { return users[part] > 0 ? sums[part] / users[part] : 0; };
  return {.all = mean(0), .warm = mean(1), .cold = mean(2)};
}

Matrix popularity_scores(const Task& task) {
  std::vector<float> counts(task.items);
  for (std::size_t u = 0; u < task.users; ++u) {
    for (std::size_t i = 0; i < task.items; ++i) counts[i] += task.known[u * task.items + i];
  }
  Matrix out;
  for (std::size_t u = 0; u < task.users; ++u) out.insert(out.end(), counts.begin(), counts.end());
  return out;
}

// Inverse of a positive definite matrix [n, n] in place, by Gauss and Jordan without pivoting.
void invert(std::vector<double>& a, std::size_t n) {
  for (std::size_t k = 0; k < n; ++k) {
    double* pivot_row = a.data() + k * n;
    const double pivot = 1 / pivot_row[k];
    pivot_row[k] = 1;
    for (std::size_t j = 0; j < n; ++j) pivot_row[j] *= pivot;
    for (std::size_t i = 0; i < n; ++i) {
      if (i == k) continue;
      double* row = a.data() + i * n;
      const double factor = row[k];
      row[k] = 0;
      for (std::size_t j = 0; j < n; ++j) row[j] -= factor * pivot_row[j];
    }
  }
}

Matrix ease_scores(const Task& task, double lambda) {
  const std::size_t n = task.items;
  std::vector<std::vector<std::size_t>> owned(task.users);
  for (std::size_t u = 0; u < task.users; ++u) {
    for (std::size_t i = 0; i < n; ++i) {
      if (task.known[u * n + i] != 0) owned[u].push_back(i);
    }
  }
  std::vector<double> gram(n * n);
  for (const auto& basket : owned) {
    for (const std::size_t i : basket) {
      for (const std::size_t j : basket) gram[i * n + j] += 1;
    }
  }
  for (std::size_t i = 0; i < n; ++i) gram[i * n + i] += lambda;
  invert(gram, n);
  std::vector<double> diagonal(n);
  for (std::size_t i = 0; i < n; ++i) diagonal[i] = gram[i * n + i];
  Matrix out(task.users * n);
  for (std::size_t u = 0; u < task.users; ++u) {
    for (const std::size_t i : owned[u]) {
      for (std::size_t j = 0; j < n; ++j) {
        if (j != i) out[u * n + j] += static_cast<float>(-gram[i * n + j] / diagonal[j]);
      }
    }
  }
  return out;
}

}  // namespace

Bands measure_bands(const std::filesystem::path& shop, std::span<const double> ease_lambdas) {
  const Task task = read_task(shop);
  const NpyMatrix truth = read_npy(shop / "truth" / "affinity.npy");
  if (truth.rows != task.users || truth.columns != task.items)
    throw std::runtime_error("truth does not fit the ids");
  Bands out;
  out.oracle = recall(task, truth.values);
  out.popularity = recall(task, popularity_scores(task));
  for (const double lambda : ease_lambdas) {
    const Recall ease = recall(task, ease_scores(task, lambda));
    if (ease.all <= out.ease.all) continue;
    out.ease = ease;
    out.ease_lambda = lambda;
  }
  out.purchases = task.purchases;
  for (std::size_t u = 0; u < task.users; ++u) {
    std::size_t pairs = 0;
    for (std::size_t i = 0; i < task.items; ++i) {
      if (task.wanted[u * task.items + i] == 0) continue;
      ++pairs;
      if (task.cold[i] != 0) ++out.cold_pairs;
    }
    out.test_pairs += pairs;
    if (pairs > 0) ++out.test_users;
  }
  out.cold_items = static_cast<std::size_t>(std::count(task.cold.begin(), task.cold.end(), char{1}));
  return out;
}

}  // namespace weft::synth
