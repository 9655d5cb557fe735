#include "gnn/kernels/pooled_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <limits>

#include "base/error.h"

namespace weft::gnn {
namespace {

constexpr std::size_t kChunk = 1024;  // rows; fixed, since gradients are summed chunk by chunk

std::size_t row_count(std::span<const PooledPart> parts) {
  WEFT_CHECK(!parts.empty());
  const std::size_t rows = parts[0].offsets.size() - 1;
  for (const PooledPart& part : parts) {
    const std::size_t edges = part.offsets.empty() ? 0 : part.offsets.back();
    WEFT_CHECK(part.offsets.size() == rows + 1 && edges <= part.sources.size());
    WEFT_CHECK(part.classes.empty() || part.classes.size() >= edges);
    WEFT_CHECK(part.weights.empty() || part.weights.size() >= edges);
    WEFT_CHECK(part.stands_for.empty() || part.stands_for.size() >= rows);
  }
  return rows;
}

// Where row r of the pooled rows begins: every part's offsets count from 0.
std::uint64_t row_begin(std::span<const PooledPart> parts, std::size_t row) {
  std::uint64_t begin = 0;
  for (const PooledPart& part : parts) begin += part.offsets[row];
  return begin;
}

// Calls visit(part number, row, edge of the part, edge of the pooled rows, edges) for each part's share of
// the rows [begin, end), in the pooled order.
template <typename Visit>
void for_runs(std::span<const PooledPart> parts, std::size_t begin, std::size_t end, const Visit& visit) {
  std::size_t at = row_begin(parts, begin);
  for (std::size_t row = begin; row < end; ++row) {
    for (std::size_t p = 0; p < parts.size(); ++p) {
      const std::size_t first = parts[p].offsets[row];
      const std::size_t count = parts[p].offsets[row + 1] - first;
      if (count > 0) visit(p, row, first, at, count);
      at += count;
    }
  }
}

// body(chunk, first row, last row)
void for_chunks(std::size_t rows, ThreadPool* pool,
                const std::function<void(std::size_t, std::size_t, std::size_t)>& body) {
  const std::size_t chunks = (rows + kChunk - 1) / kChunk;
  const auto run = [&](std::size_t first, std::size_t last) {
    for (std::size_t c = first; c < last; ++c) body(c, c * kChunk, std::min((c + 1) * kChunk, rows));
  };
  if (pool == nullptr || pool->size() < 2 || chunks < 2) return run(0, chunks);
  pool->parallel_for(chunks, 1, run);
}

// Of each part the position of its class factors; of one without classes none.
constexpr std::size_t kNoClasses = std::numeric_limits<std::size_t>::max();
std::vector<std::size_t> class_positions(std::span<const PooledPart> parts, const PooledFactors& factors) {
  std::vector<std::size_t> positions;
  std::size_t next = 0;
  for (const PooledPart& part : parts) {
    positions.push_back(part.classes.empty() ? kNoClasses : next);
    if (!part.classes.empty()) next += factors.class_count;
  }
  WEFT_CHECK(factors.shares.size() == parts.size() && factors.classes.size() == next);
  return positions;
}

float stands_for(const PooledPart& part, std::size_t row) {
  return part.stands_for.empty() ? 1.0F : part.stands_for[row];
}

float own_weight(const PooledPart& part, std::size_t edge) {
  return part.weights.empty() ? 1.0F : part.weights[edge];
}

}  // namespace

PooledRows pool_rows(std::span<const PooledPart> parts, ThreadPool* pool) {
  const std::size_t rows = row_count(parts);
  const std::uint64_t edges = row_begin(parts, rows);
  if (edges > std::numeric_limits<std::uint32_t>::max())
    throw Error(fmt::format("{} sampled edges into one node type are too many for one batch", edges),
                {.expected = "at most 4,294,967,295", .hint = "take smaller fan-outs or batches"});
  PooledRows made{.offsets = std::vector<std::uint32_t>(rows + 1),
                  .sources = std::vector<std::uint32_t>(edges)};
  made.offsets[rows] = static_cast<std::uint32_t>(edges);
  for_chunks(rows, pool, [&](std::size_t, std::size_t begin, std::size_t end) {
    for (std::size_t row = begin; row < end; ++row)
      made.offsets[row] = static_cast<std::uint32_t>(row_begin(parts, row));
    for_runs(parts, begin, end,
             [&](std::size_t p, std::size_t, std::size_t first, std::size_t at, std::size_t count) {
               std::copy_n(parts[p].sources.data() + first, count, made.sources.data() + at);
             });
  });
  return made;
}

void pooled_weights(std::span<const PooledPart> parts, const PooledFactors& factors, std::span<float> out,
                    ThreadPool* pool) {
  const std::size_t rows = row_count(parts);
  const std::vector<std::size_t> positions = class_positions(parts, factors);
  WEFT_CHECK(out.size() == row_begin(parts, rows));
  for_chunks(rows, pool, [&](std::size_t, std::size_t begin, std::size_t end) {
    for_runs(parts, begin, end,
             [&](std::size_t p, std::size_t row, std::size_t first, std::size_t at, std::size_t count) {
               const PooledPart& part = parts[p];
               const float all = factors.shares[p] * stands_for(part, row);
               const float* const of_class =
                   positions[p] == kNoClasses ? nullptr : factors.classes.data() + positions[p];
               for (std::size_t i = 0; i < count; ++i) {
                 const float weight = all * own_weight(part, first + i);
                 out[at + i] = of_class == nullptr ? weight : weight * of_class[part.classes[first + i]];
               }
             });
  });
}

void pooled_weights_grad(std::span<const PooledPart> parts, const PooledFactors& factors,
                         std::span<const float> grad, std::span<float> grad_shares,
                         std::span<float> grad_classes, ThreadPool* pool) {
  const std::size_t rows = row_count(parts);
  const std::vector<std::size_t> positions = class_positions(parts, factors);
  WEFT_CHECK(grad.size() == row_begin(parts, rows) && grad_shares.size() == parts.size() &&
             grad_classes.size() == factors.classes.size());
  // A chunk's sums: of the shares, then of the classes. Added up in the order of the chunks.
  const std::size_t width = parts.size() + factors.classes.size();
  std::vector<double> sums((rows + kChunk - 1) / kChunk * width, 0.0);
  for_chunks(rows, pool, [&](std::size_t chunk, std::size_t begin, std::size_t end) {
    double* const of_shares = sums.data() + chunk * width;
    double* const of_classes = of_shares + parts.size();
    for_runs(parts, begin, end,
             [&](std::size_t p, std::size_t row, std::size_t first, std::size_t at, std::size_t count) {
               const PooledPart& part = parts[p];
               const double picks = stands_for(part, row), share = factors.shares[p];
               double of_share = 0;
               for (std::size_t i = 0; i < count; ++i) {
                 const double g = picks * grad[at + i] * own_weight(part, first + i);
                 if (positions[p] == kNoClasses) {
                   of_share += g;
                   continue;
                 }
                 const std::size_t position =
                     positions[p] + static_cast<std::size_t>(part.classes[first + i]);
                 of_share += g * factors.classes[position];
                 of_classes[position] += g * share;
               }
               of_shares[p] += of_share;
             });
  });
  std::vector<double> total(width, 0.0);
  for (std::size_t i = 0; i < sums.size(); ++i) total[i % width] += sums[i];
  for (std::size_t p = 0; p < parts.size(); ++p) grad_shares[p] = static_cast<float>(total[p]);
  for (std::size_t c = 0; c < grad_classes.size(); ++c)
    grad_classes[c] = static_cast<float>(total[parts.size() + c]);
}

}  // namespace weft::gnn
