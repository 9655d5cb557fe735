#include "gnn/kernels/dot_scores.h"

#include <algorithm>
#include <vector>

#include "base/error.h"
#include "base/instructions.h"

namespace weft::gnn {

namespace {

using Vector = float __attribute__((vector_size(64)));  // 16 floats; narrower processors take it in pieces
constexpr std::size_t kVector = 16;
constexpr std::size_t kPanel = 2 * kVector;  // items side by side
constexpr std::size_t kUsers = 8;            // users whose sums are in registers together

struct Panel {
  std::vector<float> values;  // [dim, kPanel], columns past the last item are zero
};

void pack(std::span<const float> items, std::size_t dim, std::size_t first, std::size_t count, Panel& panel) {
  for (std::size_t i = 0; i < count; ++i) {
    const float* const row = items.data() + (first + i) * dim;
    for (std::size_t d = 0; d < dim; ++d) panel.values[d * kPanel + i] = row[d];
  }
  for (std::size_t i = count; i < kPanel; ++i) {
    for (std::size_t d = 0; d < dim; ++d) panel.values[d * kPanel + i] = 0;
  }
}

template <std::size_t kCount>
[[gnu::always_inline]] inline void panel_users(const float* const* users, const float* panel, std::size_t dim,
                                               float* sums) {
  Vector low[kCount] = {};
  Vector high[kCount] = {};
  for (std::size_t d = 0; d < dim; ++d) {
    Vector a;
    Vector b;
    __builtin_memcpy(&a, panel + d * kPanel, sizeof a);
    __builtin_memcpy(&b, panel + d * kPanel + kVector, sizeof b);
    for (std::size_t u = 0; u < kCount; ++u) {
      const float x = users[u][d];
      low[u] += x * a;
      high[u] += x * b;
    }
  }
  for (std::size_t u = 0; u < kCount; ++u) {
    __builtin_memcpy(sums + u * kPanel, &low[u], sizeof low[u]);
    __builtin_memcpy(sums + u * kPanel + kVector, &high[u], sizeof high[u]);
  }
}

[[gnu::always_inline]] inline void panel_block(std::span<const float* const> users, const float* panel,
                                               std::size_t dim, float* sums) {
  std::size_t u = 0;
  for (; u + kUsers <= users.size(); u += kUsers)
    panel_users<kUsers>(users.data() + u, panel, dim, sums + u * kPanel);
  for (; u < users.size(); ++u) panel_users<1>(users.data() + u, panel, dim, sums + u * kPanel);
}

void panel_generic(std::span<const float* const> users, const float* panel, std::size_t dim, float* sums) {
  panel_block(users, panel, dim, sums);
}
WEFT_TARGET_AVX2 void panel_avx2(std::span<const float* const> users, const float* panel, std::size_t dim,
                                 float* sums) {
  panel_block(users, panel, dim, sums);
}
WEFT_TARGET_AVX512 void panel_avx512(std::span<const float* const> users, const float* panel, std::size_t dim,
                                     float* sums) {
  panel_block(users, panel, dim, sums);
}

}  // namespace

void dot_scores(std::span<const float* const> users, std::span<const float> items, std::size_t dim,
                std::span<const float> bias, std::span<float> out) {
  WEFT_CHECK(dim > 0 && items.size() % dim == 0);
  const std::size_t n = items.size() / dim;
  WEFT_CHECK(out.size() == users.size() * n && (bias.empty() || bias.size() == n));
  static const auto run = choose(panel_generic, panel_avx2, panel_avx512);
  Panel panel{.values = std::vector<float>(dim * kPanel)};
  std::vector<float> sums(users.size() * kPanel);
  for (std::size_t first = 0; first < n; first += kPanel) {
    const std::size_t count = std::min(kPanel, n - first);
    pack(items, dim, first, count, panel);
    run(users, panel.values.data(), dim, sums.data());
    for (std::size_t u = 0; u < users.size(); ++u) {
      float* const row = out.data() + u * n + first;
      for (std::size_t i = 0; i < count; ++i) {
        row[i] = sums[u * kPanel + i] + (bias.empty() ? 0.0F : bias[first + i]);
      }
    }
  }
}

}  // namespace weft::gnn
