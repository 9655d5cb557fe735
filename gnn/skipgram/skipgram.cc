#include "gnn/skipgram/skipgram.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "base/error.h"
#include "gnn/kernels/gather.h"
#include "gnn/normal_draws.h"

namespace weft::gnn {
namespace {

constexpr std::size_t kPairChunk = 256;  // fixed: losses are summed chunk by chunk
constexpr std::size_t kRowChunk = 1024;
constexpr std::uint32_t kInitPurpose = 0x53474D00;  // apart from the samplers' purposes

void for_chunks(std::size_t count, std::size_t chunk, ThreadPool& pool,
                const std::function<void(std::size_t, std::size_t, std::size_t)>& body) {
  const std::size_t chunks = (count + chunk - 1) / chunk;
  pool.parallel_for(chunks, 1, [&](std::size_t first, std::size_t last) {
    for (std::size_t c = first; c < last; ++c) body(c, c * chunk, std::min((c + 1) * chunk, count));
  });
}

// -log sigmoid(x), without overflow.
double softplus_of_minus(double x) {
  return x > 0 ? std::log1p(std::exp(-x)) : std::log1p(std::exp(x)) - x;
}
double sigmoid(double x) {
  return 1 / (1 + std::exp(-x));
}

}  // namespace

SkipGram::SkipGram(std::size_t nodes, const SkipGramOptions& options, ThreadPool& pool)
    : options_(options), pool_(pool), slot_(nodes, kNoPlace) {
  WEFT_CHECK(options.dim > 0 && nodes > 0 && nodes < kNoPlace);
  state_.parameters.resize(nodes * options.dim);
  state_.mean.assign(nodes * options.dim, 0.0F);
  state_.variance.assign(nodes * options.dim, 0.0F);
  fill_normal(state_.parameters, options.init_deviation, options.seed, kInitPurpose);
}

void SkipGram::set_state(VectorState state) {
  WEFT_CHECK(state.parameters.size() == state_.parameters.size() && state.mean.size() == state_.mean.size() &&
             state.variance.size() == state_.variance.size());
  state_ = std::move(state);
}

// The mean loss; fills slopes_.
double SkipGram::score(const SkipGramPairs& pairs) {
  const std::size_t width = 1 + pairs.negatives, dim = options_.dim;
  WEFT_CHECK(pairs.others.size() == pairs.size() * width);
  slopes_.resize(pairs.others.size());
  std::vector<double> losses((pairs.size() + kPairChunk - 1) / kPairChunk, 0.0);
  const float* const vectors = state_.parameters.data();
  const double share = 1.0 / static_cast<double>(pairs.size());
  for_chunks(pairs.size(), kPairChunk, pool_, [&](std::size_t chunk, std::size_t begin, std::size_t end) {
    double loss = 0;
    for (std::size_t p = begin; p < end; ++p) {
      const float* const centre = vectors + pairs.centres[p] * dim;
      for (std::size_t j = 0; j < width; ++j) {
        const std::uint32_t other = pairs.others[p * width + j];
        if (other == kNoPlace) continue;
        const double product = dot(centre, vectors + other * dim, dim);
        loss += softplus_of_minus(j == 0 ? product : -product);
        slopes_[p * width + j] = static_cast<float>(share * (j == 0 ? -sigmoid(-product) : sigmoid(product)));
      }
    }
    losses[chunk] = loss;
  });
  double total = 0;
  for (const double loss : losses) total += loss;
  return total * share;
}

// The gradient is a sparse symmetric product: each pair of nodes that was scored is an entry in both rows.
void SkipGram::collect_rows(const SkipGramPairs& pairs) {
  const std::size_t width = 1 + pairs.negatives;
  rows_.clear();
  offsets_.assign(1, 0);
  const auto count = [&](std::uint32_t node) {
    WEFT_CHECK(node < slot_.size());
    if (slot_[node] == kNoPlace) {
      slot_[node] = static_cast<std::uint32_t>(rows_.size());
      rows_.push_back(node);
      offsets_.push_back(0);
    }
    ++offsets_[slot_[node] + 1];
  };
  const auto for_entries = [&](const auto& take) {
    for (std::size_t e = 0; e < pairs.others.size(); ++e)
      if (pairs.others[e] != kNoPlace) take(pairs.centres[e / width], pairs.others[e], e);
  };
  WEFT_CHECK(pairs.others.size() < kNoPlace / 2);
  for_entries([&](std::uint32_t centre, std::uint32_t other, std::size_t) { count(centre), count(other); });
  for (std::size_t r = 0; r < rows_.size(); ++r) offsets_[r + 1] += offsets_[r];
  columns_.resize(offsets_.back());
  weights_.resize(offsets_.back());
  std::vector<std::uint32_t> next(offsets_.begin(), offsets_.end() - 1);
  const auto put = [&](std::uint32_t row, std::uint32_t column, float weight) {
    const std::uint32_t at = next[slot_[row]]++;
    columns_[at] = column;
    weights_[at] = weight;
  };
  for_entries([&](std::uint32_t centre, std::uint32_t other, std::size_t e) {
    put(centre, other, slopes_[e]);
    put(other, centre, slopes_[e]);
  });
  for (const std::uint32_t node : rows_) slot_[node] = kNoPlace;
}

void SkipGram::sum_gradients() {
  gradient_.resize(rows_.size() * options_.dim);
  const GatherJob<std::uint32_t> job{.offsets = offsets_.data(),
                                     .columns = columns_.data(),
                                     .edges = columns_.size(),
                                     .weights = weights_.data(),
                                     .x = state_.parameters.data(),
                                     .dim = options_.dim,
                                     .out = gradient_.data()};
  for_rows_by_edges(std::span<const std::uint32_t>(offsets_), &pool_,
                    [&](std::size_t begin, std::size_t end) { gather_rows(job, begin, end); });
}

double SkipGram::step(const SkipGramPairs& pairs) {
  ++state_.step;
  if (pairs.size() == 0) return 0;
  const double loss = score(pairs);
  collect_rows(pairs);
  sum_gradients();
  const AdamStep adam(options_.adam, state_.step);
  const std::size_t dim = options_.dim;
  for_chunks(rows_.size(), kRowChunk, pool_, [&](std::size_t, std::size_t begin, std::size_t end) {
    adam_update_rows(adam, std::span(rows_).subspan(begin, end - begin), dim,
                     std::span<const float>(gradient_).subspan(begin * dim, (end - begin) * dim),
                     state_.parameters, state_.mean, state_.variance);
  });
  return loss;
}

SkipGram::LossGradient SkipGram::loss_gradient(const SkipGramPairs& pairs) {
  LossGradient result{.gradient = std::vector<float>(state_.parameters.size(), 0.0F)};
  if (pairs.size() == 0) return result;
  result.loss = score(pairs);
  collect_rows(pairs);
  sum_gradients();
  for (std::size_t r = 0; r < rows_.size(); ++r)
    std::copy_n(gradient_.begin() + static_cast<std::ptrdiff_t>(r * options_.dim), options_.dim,
                result.gradient.begin() + static_cast<std::ptrdiff_t>(rows_[r] * options_.dim));
  return result;
}

}  // namespace weft::gnn
