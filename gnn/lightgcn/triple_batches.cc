#include "gnn/lightgcn/triple_batches.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <numeric>

#include "base/error.h"
#include "sampling/philox.h"

namespace weft::gnn {

using graph::NodeId;

namespace {

constexpr std::uint32_t kShufflePurpose = 0x4C475300;  // apart from the samplers' purposes

// Fisher and Yates, drawn by (seed, epoch, place).
void shuffle(std::vector<std::uint32_t>& order, std::uint64_t seed, std::uint32_t epoch) {
  std::iota(order.begin(), order.end(), 0U);
  const sampling::PhiloxKey key{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)};
  for (std::size_t i = order.size(); i > 1; --i) {
    const auto bits = sampling::philox4x32(key, {{static_cast<std::uint32_t>(i), kShufflePurpose, epoch, 0}});
    const std::uint64_t word = std::uint64_t{bits.word[0]} << 32 | bits.word[1];
    std::swap(order[i - 1], order[word % i]);  // 64 bits for at most 2^32 places: bias below 2^-32
  }
}

}  // namespace

TripleBatches::TripleBatches(const graph::PositiveIndex& pairs, std::size_t items, std::size_t batch_size,
                             std::uint64_t seed)
    : pairs_(pairs),
      batch_size_(batch_size),
      seed_(seed),
      counts_(items, 0),
      negatives_(pairs, counts_, {}, {.seed = seed}) {
  WEFT_CHECK(batch_size > 0);
  if (pairs.pairs() == 0) throw Error("there is nothing to train on: the training part has no pair");
  if (pairs.pairs() > std::numeric_limits<std::uint32_t>::max()) {
    throw Error(fmt::format("{} pairs are too many for one model", pairs.pairs()));
  }
  users_.resize(pairs.pairs());
  order_.resize(pairs.pairs());
  for (NodeId user = 0; user < pairs.rows(); ++user) {
    std::fill(users_.begin() + static_cast<std::ptrdiff_t>(pairs.offsets()[user]),
              users_.begin() + static_cast<std::ptrdiff_t>(pairs.offsets()[user + 1]), user);
  }
  begin_epoch(0);
}

void TripleBatches::begin_epoch(std::uint64_t epoch) {
  epoch_ = epoch;
  shuffle(order_, seed_, static_cast<std::uint32_t>(epoch));
}

const std::vector<Triple>& TripleBatches::triples(std::uint64_t batch) {
  const std::size_t begin = batch * batch_size_;
  const std::size_t end = std::min<std::size_t>(order_.size(), begin + batch_size_);
  WEFT_CHECK(begin < end);
  rows_.clear();
  keys_.clear();
  for (std::size_t i = begin; i < end; ++i) {
    rows_.push_back(users_[order_[i]]);
    keys_.push_back(static_cast<std::uint32_t>(i));
  }
  drawn_.resize(rows_.size());
  negatives_.draw(rows_, keys_, {}, static_cast<std::uint32_t>(epoch_), 1, drawn_);
  triples_.clear();
  for (std::size_t i = begin; i < end; ++i) {
    if (drawn_[i - begin] == graph::kNoNode) continue;
    triples_.push_back({rows_[i - begin], pairs_.all_targets()[order_[i]], drawn_[i - begin]});
  }
  return triples_;
}

}  // namespace weft::gnn
