#include "gnn/skipgram/walk_batches.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <set>

#include "base/error.h"
#include "gnn/random.h"
#include "sampling/weighted_picks.h"

namespace weft::gnn {

using graph::NodeId;
using graph::NodeTypeId;

namespace {

constexpr std::uint64_t kWalkSeed = 0x53474D01;
constexpr std::uint32_t kNoisePurpose = 0x53474D02;  // apart from the samplers' purposes
constexpr std::size_t kStartChunk = 16;

// Running sums of counts^power, as whole numbers: weights of different nodes keep nine digits or so.
std::vector<std::uint64_t> running_sums(const std::vector<std::uint64_t>& counts, double power) {
  std::vector<std::uint64_t> sums;
  const std::uint64_t most = counts.empty() ? 0 : *std::max_element(counts.begin(), counts.end());
  const double largest = std::pow(static_cast<double>(std::max<std::uint64_t>(1, most)), power);
  std::uint64_t sum = 0;
  for (const std::uint64_t count : counts) {
    if (count > 0) {
      const double share = std::pow(static_cast<double>(count), power) / largest;
      sum += std::max<std::uint64_t>(1, static_cast<std::uint64_t>(share * 1073741824.0));  // 2^30
    }
    sums.push_back(sum);
  }
  return sums;
}

}  // namespace

WalkBatches::WalkBatches(graph::GraphView graph, std::vector<WalkSet> sets, const WalkBatchOptions& options,
                         ThreadPool& pool)
    : sets_(std::move(sets)), options_(options), pool_(pool) {
  WEFT_CHECK(options.window > 0 && options.batch > 0 && !sets_.empty());
  for (std::size_t s = 0; s < sets_.size(); ++s) {
    WEFT_CHECK(sets_[s].length > 0 && sets_[s].walks > 0);
    walkers_.emplace_back(graph, sampling::WalkOptions{.seed = mix64(options.seed, kWalkSeed, s),
                                                       .path = sets_[s].path,
                                                       .weighted = sets_[s].weighted,
                                                       .p = sets_[s].p,
                                                       .q = sets_[s].q});
  }
  count_edges(graph);
  for (std::size_t s = 0; s < sets_.size(); ++s) {
    const graph::CsrView& rows = graph.relation(sets_[s].path[0]);
    for (NodeId node = 0; node < rows.rows(); ++node)
      if (rows.degree(node) > 0) starts_.push_back({static_cast<std::uint32_t>(s), node});
  }
  if (starts_.empty()) throw Error("there is nothing to train on: no walk has an edge to begin with");
  if (starts_.size() > std::numeric_limits<std::uint32_t>::max())
    throw Error(fmt::format("{} starts of walks are too many for one model", starts_.size()));
  order_.resize(starts_.size());
  begin_epoch(0);
}

void WalkBatches::count_edges(const graph::GraphView& graph) {
  const std::size_t types = graph.schema->node_types().size();
  counts_.resize(types);
  noise_.resize(types);
  first_.resize(types);
  std::set<graph::RelationId> relations;
  for (const WalkSet& set : sets_) relations.insert(set.path.begin(), set.path.end());
  for (const graph::RelationId relation : relations) {
    const NodeTypeId from = graph.schema->row_type(relation), to = graph.schema->target_type(relation);
    counts_[from].resize(graph.node_counts[from], 0);
    counts_[to].resize(graph.node_counts[to], 0);
    const graph::CsrView& rows = graph.relation(relation);
    for (NodeId node = 0; node < rows.rows(); ++node) {
      counts_[from][node] += rows.degree(node);
      for (std::uint64_t e = rows.offsets[node]; e < rows.offsets[node + 1]; ++e)
        ++counts_[to][rows.targets[e]];
    }
  }
  for (std::size_t type = 0; type < types; ++type) {
    if (counts_[type].empty()) continue;
    first_[type] = places_;
    places_ += counts_[type].size();
    noise_[type] = running_sums(counts_[type], options_.negative_power);
  }
  if (places_ >= kNoPlace)
    throw Error(fmt::format("{} nodes on walks are too many for one model", places_),
                {.expected = "fewer than 4,294,967,295"});
}

std::optional<std::size_t> WalkBatches::first_place(NodeTypeId type) const {
  return first_[type];
}

void WalkBatches::begin_epoch(std::uint64_t epoch) {
  WEFT_CHECK(epoch < std::numeric_limits<std::uint32_t>::max());
  epoch_ = static_cast<std::uint32_t>(epoch);
  std::iota(order_.begin(), order_.end(), 0U);
  shuffle(order_, mix64(options_.seed, Purpose::kShuffle, epoch));
}

// A node by its share of the type's noise; the top of a 64-bit word: bias below 2^-32 for fewer than 2^32
// nodes.
std::uint32_t WalkBatches::draw(NodeTypeId type, std::uint64_t word) const {
  const std::vector<std::uint64_t>& sums = noise_[type];
  const std::uint32_t node = sampling::edge_at_weight(sums.data(), static_cast<std::uint32_t>(sums.size()),
                                                      sampling::multiply_high(word, sums.back()));
  return static_cast<std::uint32_t>(*first_[type]) + node;
}

bool WalkBatches::is_left_out(NodeTypeId centre, NodeTypeId near) const {
  return options_.one_way && centre == options_.one_way->second && near == options_.one_way->first &&
         centre != near;
}

// The pairs of the walks from one start, which is number `number` of the epoch.
void WalkBatches::add_pairs(const Start& start, std::uint32_t number, SkipGramPairs& out) const {
  const WalkSet& set = sets_[start.set];
  const sampling::RandomWalker& walker = walkers_[start.set];
  std::vector<NodeId> nodes(set.walks * (set.length + 1));
  walker.walk({&start.node, 1}, {}, epoch_ + 1, set.walks, set.length, nodes);  // step 0 is inference
  const sampling::PhiloxKey key = sampling::pick_key(options_.seed, epoch_);
  std::uint32_t block = 0;
  sampling::PhiloxBlock words;
  std::size_t used = 2;
  const auto next_word = [&] {
    if (used == 2) {
      words = sampling::philox4x32(key, {{number, kNoisePurpose, block++, 0}});
      used = 0;
    }
    const std::uint64_t word = std::uint64_t{words.word[2 * used]} << 32 | words.word[2 * used + 1];
    ++used;
    return word;
  };
  std::vector<std::uint32_t> places;
  for (std::size_t w = 0; w < set.walks; ++w) {
    places.clear();
    for (std::size_t s = 0; s <= set.length; ++s) {
      const NodeId node = nodes[w * (set.length + 1) + s];
      if (node == graph::kNoNode) break;
      places.push_back(static_cast<std::uint32_t>(*first_[walker.type_at(s)]) + node);
    }
    for (std::size_t a = 0; a < places.size(); ++a) {
      const std::size_t first = a < options_.window ? 0 : a - options_.window;
      const std::size_t last = std::min(places.size(), a + options_.window + 1);
      for (std::size_t b = first; b < last; ++b) {
        if (places[a] == places[b] || is_left_out(walker.type_at(a), walker.type_at(b))) continue;
        out.centres.push_back(places[a]);
        out.others.push_back(places[b]);
        for (std::size_t j = 0; j < options_.negatives; ++j) {
          const std::uint32_t drawn = draw(walker.type_at(b), next_word());
          out.others.push_back(drawn == places[a] || drawn == places[b] ? kNoPlace : drawn);
        }
      }
    }
  }
}

const SkipGramPairs& WalkBatches::pairs(std::uint64_t batch) {
  const std::size_t begin = batch * options_.batch;
  WEFT_CHECK(begin < order_.size());
  const std::size_t count = std::min(order_.size() - begin, options_.batch);
  const std::size_t chunks = (count + kStartChunk - 1) / kStartChunk;
  std::vector<SkipGramPairs> made(chunks);
  pool_.parallel_for(chunks, 1, [&](std::size_t first, std::size_t last) {
    for (std::size_t i = first * kStartChunk; i < std::min(last * kStartChunk, count); ++i)
      add_pairs(starts_[order_[begin + i]], static_cast<std::uint32_t>(begin + i), made[i / kStartChunk]);
  });
  pairs_.negatives = options_.negatives;
  pairs_.centres.clear();
  pairs_.others.clear();
  for (const SkipGramPairs& some : made) {
    pairs_.centres.insert(pairs_.centres.end(), some.centres.begin(), some.centres.end());
    pairs_.others.insert(pairs_.others.end(), some.others.begin(), some.others.end());
  }
  return pairs_;
}

}  // namespace weft::gnn
