#include "gnn/lightgcn/lightgcn.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "gnn/kernels/gather.h"
#include "gnn/normal_draws.h"

namespace weft::gnn {

namespace {

constexpr std::uint32_t kNoSlot = std::numeric_limits<std::uint32_t>::max();
constexpr std::uint32_t kInitPurpose = 0x4C474E00;  // apart from the samplers' purposes

GatherJob<std::uint64_t> job_over(const BipartiteGraph& graph, std::size_t dim) {
  return {.offsets = graph.offsets.data(),
          .columns = graph.columns.data(),
          .edges = graph.columns.size(),
          .dim = dim};
}

}  // namespace

LightGcn::LightGcn(const graph::PositiveIndex& pairs, std::size_t users, std::size_t items,
                   const LightGcnOptions& options, ThreadPool& pool)
    : options_(options), graph_(pairs, users, items), pool_(pool) {
  WEFT_CHECK(options.dim > 0 && graph_.nodes() > 0);
  const std::size_t size = graph_.nodes() * options.dim;
  state_.parameters.resize(size);
  state_.mean.assign(size, 0.0F);
  state_.variance.assign(size, 0.0F);
  scaled_.resize(size);
  layer_a_.resize(size);
  layer_b_.resize(size);
  slot_.assign(graph_.nodes(), kNoSlot);
  fill_normal(state_.parameters, options.init_deviation, options.seed, kInitPurpose);
  refresh_scaled();
}

void LightGcn::set_parameters(std::span<const float> parameters) {
  WEFT_CHECK(parameters.size() == state_.parameters.size());
  std::copy(parameters.begin(), parameters.end(), state_.parameters.begin());
  refresh_scaled();
}

void LightGcn::set_state(LightGcnState state) {
  WEFT_CHECK(state.parameters.size() == state_.parameters.size() && state.mean.size() == state_.mean.size() &&
             state.variance.size() == state_.variance.size());
  state_ = std::move(state);
  refresh_scaled();
}

void LightGcn::refresh_scaled() {
  for (std::size_t n = 0; n < graph_.nodes(); ++n) {
    for (std::size_t d = n * options_.dim; d < (n + 1) * options_.dim; ++d) {
      scaled_[d] = graph_.inverse_root[n] * state_.parameters[d];
    }
  }
}

// to = D^-1 Adj from: with from = D^-1/2 x this is D^-1/2 (A x), so that no edge needs a weight.
void LightGcn::propagate(const Matrix& from, Matrix& to) const {
  auto job = job_over(graph_, options_.dim);
  job.scale = graph_.inverse_degree.data();
  job.x = from.data();
  job.out = to.data();
  for_rows_by_edges(std::span<const std::uint64_t>(graph_.offsets), &pool_,
                    [&](std::size_t begin, std::size_t end) { gather_rows(job, begin, end); });
}

void LightGcn::collect_nodes(std::span<const Triple> triples) {
  WEFT_CHECK(!triples.empty());
  for (const std::uint32_t node : batch_nodes_) slot_[node] = kNoSlot;
  batch_nodes_.clear();
  const auto take = [&](std::size_t node) {
    if (slot_[node] != kNoSlot) return;
    slot_[node] = static_cast<std::uint32_t>(batch_nodes_.size());
    batch_nodes_.push_back(static_cast<std::uint32_t>(node));
  };
  for (const Triple& t : triples) {
    WEFT_CHECK(t.user < graph_.users && t.positive < graph_.items && t.negative < graph_.items);
    take(t.user);
    take(graph_.users + t.positive);
    take(graph_.users + t.negative);
  }
  batch_offsets_.assign(1, 0);
  for (const std::uint32_t node : batch_nodes_)
    batch_offsets_.push_back(batch_offsets_.back() + graph_.degree(node));
}

// final_ = mean over layers of the batch's nodes.
void LightGcn::forward() {
  const std::size_t dim = options_.dim;
  const std::size_t count = batch_nodes_.size();
  final_.resize(count * dim);
  for (std::size_t i = 0; i < count; ++i) {
    std::copy_n(state_.parameters.data() + batch_nodes_[i] * dim, dim, final_.data() + i * dim);
  }
  const auto add_layer = [&](std::size_t i, const float* layer) {  // layer = D^-1/2 x
    add_scaled(final_.data() + i * dim, layer, graph_.root[batch_nodes_[i]], dim);
  };
  const Matrix* from = &scaled_;
  for (std::size_t layer = 1; layer < options_.layers; ++layer) {
    Matrix& to = from == &layer_a_ ? layer_b_ : layer_a_;
    propagate(*from, to);
    for (std::size_t i = 0; i < count; ++i) add_layer(i, to.data() + batch_nodes_[i] * dim);
    from = &to;
  }
  if (options_.layers > 0) {
    std::vector<float> last(count * dim);
    auto job = job_over(graph_, dim);
    job.rows = batch_nodes_.data();
    job.scale = graph_.inverse_degree.data();
    job.x = from->data();
    job.out = last.data();
    for_rows_by_edges(std::span<const std::uint64_t>(batch_offsets_), &pool_,
                      [&](std::size_t begin, std::size_t end) {
                        gather_rows(job, begin, end);
                        for (std::size_t i = begin; i < end; ++i) add_layer(i, last.data() + i * dim);
                      });
  }
  const float share = 1.0F / static_cast<float>(options_.layers + 1);
  for (float& value : final_) value *= share;
}

// The mean BPR loss; fills seeds_.
double LightGcn::loss_rows(std::span<const Triple> triples) {
  const std::size_t dim = options_.dim;
  seeds_.assign(final_.size(), 0.0F);
  const double scale = 1.0 / (static_cast<double>(triples.size()) * static_cast<double>(options_.layers + 1));
  double loss = 0;
  std::vector<float> difference(dim);
  for (const Triple& t : triples) {
    const std::size_t u = slot_[t.user] * dim;
    const std::size_t p = slot_[graph_.users + t.positive] * dim;
    const std::size_t n = slot_[graph_.users + t.negative] * dim;
    for (std::size_t d = 0; d < dim; ++d) difference[d] = final_[p + d] - final_[n + d];
    const double margin = dot(final_.data() + u, difference.data(), dim);
    // -log sigmoid(margin) and its slope -sigmoid(-margin), without overflow.
    loss += margin > 0 ? std::log1p(std::exp(-margin)) : std::log1p(std::exp(margin)) - margin;
    const auto slope = static_cast<float>(-scale / (1 + std::exp(margin)));
    add_scaled(seeds_.data() + u, difference.data(), slope, dim);
    add_scaled(seeds_.data() + p, final_.data() + u, slope, dim);
    add_scaled(seeds_.data() + n, final_.data() + u, -slope, dim);
  }
  return loss / static_cast<double>(triples.size());
}

// The penalty on the free vectors; fills penalty_.
double LightGcn::add_penalty(std::span<const Triple> triples) {
  const std::size_t dim = options_.dim;
  penalty_.assign(batch_nodes_.size(), 0.0F);
  std::vector<double> factors(batch_nodes_.size(), 0.0);  // of the squared norm in the loss
  const double l2 = options_.l2 / static_cast<double>(triples.size());
  if (options_.regularization == EmbeddingRegularization::kDistinctNodes) {
    std::fill(factors.begin(), factors.end(), l2);
  } else {
    for (const Triple& t : triples) {
      factors[slot_[t.user]] += l2 / 2;
      factors[slot_[graph_.users + t.positive]] += l2 / 2;
      factors[slot_[graph_.users + t.negative]] += l2 / 2;
    }
  }
  double sum = 0;
  for (std::size_t i = 0; i < batch_nodes_.size(); ++i) {
    const float* const row = state_.parameters.data() + batch_nodes_[i] * dim;
    sum += factors[i] * dot(row, row, dim);
    penalty_[i] = static_cast<float>(2 * factors[i]);
  }
  return sum;
}

// With G the gradient of the mean over layers, divided by L + 1, the gradient is G + A (G + A (... + A G))
// with L products. As forward, rows are held divided by sqrt(degree). This does all products but the last;
// the first one only sees the batch's rows: each row's neighbours are narrowed down to those before they are
// added.
void LightGcn::backward_to_last_layer() {
  const std::size_t dim = options_.dim;
  if (options_.layers < 2) return;
  Matrix scaled_seeds(seeds_.size());
  for (std::size_t i = 0; i < batch_nodes_.size(); ++i) {
    const float scale = graph_.inverse_root[batch_nodes_[i]];
    for (std::size_t d = i * dim; d < (i + 1) * dim; ++d) scaled_seeds[d] = scale * seeds_[d];
  }
  const auto add_seeds = [&](Matrix& layer) {
    for (std::size_t i = 0; i < batch_nodes_.size(); ++i) {
      add_scaled(layer.data() + batch_nodes_[i] * dim, scaled_seeds.data() + i * dim, 1.0F, dim);
    }
  };
  for_rows_by_edges(std::span<const std::uint64_t>(graph_.offsets), &pool_,
                    [&](std::size_t begin, std::size_t end) {
                      std::vector<std::uint32_t> columns(graph_.offsets[end] - graph_.offsets[begin] + 1);
                      std::vector<std::uint64_t> offsets(end - begin + 1, 0);
                      std::size_t found = 0;
                      for (std::size_t row = begin; row < end; ++row) {
                        for (std::uint64_t e = graph_.offsets[row]; e < graph_.offsets[row + 1]; ++e) {
                          const std::uint32_t slot = slot_[graph_.columns[e]];
                          columns[found] = slot;
                          found += slot != kNoSlot ? 1 : 0;
                        }
                        offsets[row - begin + 1] = found;
                      }
                      const GatherJob<std::uint64_t> job{.offsets = offsets.data(),
                                                         .columns = columns.data(),
                                                         .edges = found,
                                                         .scale = graph_.inverse_degree.data() + begin,
                                                         .x = scaled_seeds.data(),
                                                         .dim = dim,
                                                         .out = layer_a_.data() + begin * dim};
                      gather_rows(job, 0, end - begin);
                    });
  add_seeds(layer_a_);
  for (std::size_t product = 2; product < options_.layers; ++product) {
    propagate(layer_a_, layer_b_);
    add_seeds(layer_b_);
    std::swap(layer_a_, layer_b_);
  }
}

void LightGcn::finish_gradient(
    const std::function<void(std::size_t, std::size_t, std::span<float>)>& finish) {
  const std::size_t dim = options_.dim;
  if (options_.layers == 1) {  // the only product is of the batch's rows themselves
    std::fill(layer_a_.begin(), layer_a_.end(), 0.0F);
    for (std::size_t i = 0; i < batch_nodes_.size(); ++i) {
      add_scaled(layer_a_.data() + batch_nodes_[i] * dim, seeds_.data() + i * dim,
                 graph_.inverse_root[batch_nodes_[i]], dim);
    }
  }
  for_rows_by_edges(std::span<const std::uint64_t>(graph_.offsets), &pool_,
                    [&](std::size_t begin, std::size_t end) {
                      constexpr std::size_t kRows =
                          64;  // a chunk's gradient stays in the first-level cache until it is used
                      std::vector<float> gradient(std::min(kRows, end - begin) * dim);
                      for (std::size_t first = begin; first < end; first += kRows) {
                        const std::size_t last = std::min(end, first + kRows);
                        const std::span<float> rows = std::span(gradient).first((last - first) * dim);
                        if (options_.layers == 0) {
                          std::fill(rows.begin(), rows.end(), 0.0F);
                        } else {
                          auto job = job_over(graph_, dim);
                          job.offsets += first;
                          job.scale = graph_.inverse_root.data() + first;
                          job.x = layer_a_.data();
                          job.out = rows.data();
                          gather_rows(job, 0, last - first);
                        }
                        for (std::size_t node = first; node < last; ++node) {
                          const std::uint32_t slot = slot_[node];
                          if (slot == kNoSlot) continue;
                          float* const row = rows.data() + (node - first) * dim;
                          add_scaled(row, seeds_.data() + slot * dim, 1.0F, dim);
                          add_scaled(row, state_.parameters.data() + node * dim, penalty_[slot], dim);
                        }
                        finish(first, last, rows);
                      }
                    });
}

double LightGcn::step(std::span<const Triple> triples) {
  collect_nodes(triples);
  forward();
  const double loss = loss_rows(triples) + add_penalty(triples);
  backward_to_last_layer();
  const AdamStep adam(options_.adam, ++state_.step);
  const std::size_t dim = options_.dim;
  finish_gradient([&](std::size_t first, std::size_t last, std::span<float> gradient) {
    const auto part = [&](std::vector<float>& all) {
      return std::span(all).subspan(first * dim, (last - first) * dim);
    };
    adam_update(adam, gradient, part(state_.parameters), part(state_.mean), part(state_.variance));
    for (std::size_t node = first; node < last; ++node) {
      const float scale = graph_.inverse_root[node];
      for (std::size_t d = node * dim; d < (node + 1) * dim; ++d) scaled_[d] = scale * state_.parameters[d];
    }
  });
  return loss;
}

LightGcn::LossGradient LightGcn::loss_gradient(std::span<const Triple> triples) {
  collect_nodes(triples);
  forward();
  LossGradient result;
  result.loss = loss_rows(triples) + add_penalty(triples);
  result.gradient.resize(state_.parameters.size());
  backward_to_last_layer();
  finish_gradient([&](std::size_t first, std::size_t, std::span<float> gradient) {
    std::copy(gradient.begin(), gradient.end(),
              result.gradient.begin() + static_cast<std::ptrdiff_t>(first * options_.dim));
  });
  return result;
}

std::vector<float> LightGcn::embeddings() const {
  const std::size_t dim = options_.dim;
  std::vector<float> mean = state_.parameters;
  Matrix from = scaled_;
  Matrix to(from.size());
  for (std::size_t layer = 1; layer <= options_.layers; ++layer) {
    propagate(from, to);
    for (std::size_t n = 0; n < graph_.nodes(); ++n) {
      add_scaled(mean.data() + n * dim, to.data() + n * dim, graph_.root[n], dim);
    }
    std::swap(from, to);
  }
  const float share = 1.0F / static_cast<float>(options_.layers + 1);
  for (float& value : mean) value *= share;
  return mean;
}

EmbeddingScorer LightGcn::scorer() const {
  const std::vector<float> all = embeddings();
  const auto cut = all.begin() + static_cast<std::ptrdiff_t>(graph_.users * options_.dim);
  return {{all.begin(), cut}, {cut, all.end()}, options_.dim};
}

}  // namespace weft::gnn
