// Scores of a few users against all items: the inner loop of full ranking.
#pragma once

#include <cstddef>
#include <span>

namespace weft::gnn {

// out[u, i] = users[u] . items[i] + bias[i], for users given as pointers to rows of `dim` floats; items [n,
// dim] row-major; bias [n] or empty; out [users.size(), n]. A score does not depend on which other users or
// items are in the call. Thread-safe.
void dot_scores(std::span<const float* const> users, std::span<const float> items, std::size_t dim,
                std::span<const float> bias, std::span<float> out);

}  // namespace weft::gnn
