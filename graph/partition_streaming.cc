// Linear deterministic greedy (Stanton & Kliot, KDD 2012, section 3) with several loads, streamed over
// several times as in Nishimura & Ugander (KDD 2013, "restreaming"): a node goes where most of its neighbours
// are, the less so the fuller that part is, and never into one that its loads would overfill, if there is
// another.
#include <algorithm>
#include <limits>
#include <numeric>

#include "base/error.h"
#include "graph/partition_methods.h"

namespace weft::graph {
namespace {

constexpr std::uint32_t kNoPart = std::numeric_limits<std::uint32_t>::max();
constexpr int kMostPasses = 12;

// A fixed shuffle of [0, n) that needs no memory: i -> (start + i x step) mod n, step coprime to n. So node
// types take turns: a stream of all users first would place them without knowing a neighbour.
class Order {
 public:
  Order(std::uint64_t n, std::uint64_t seed) : n_(n) {
    // About the golden section of n: neighbouring vertices lie far apart in the stream.
    step_ = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(static_cast<double>(n) * 0.6180339887));
    while (std::gcd(step_, n) != 1) ++step_;
    step_ %= n;
    at_ = (seed * 0x9e3779b97f4a7c15ULL) % n;
  }
  std::uint64_t next() {
    const std::uint64_t result = at_;
    at_ = at_ >= n_ - step_ ? at_ - (n_ - step_) : at_ + step_;
    return result;
  }

 private:
  std::uint64_t n_, step_ = 1, at_ = 0;
};

class Streamer {
 public:
  Streamer(const UndirectedGraph& graph, const PartitionOptions& options)
      : graph_(graph),
        options_(options),
        loads_(vertex_loads(graph, options)),
        part_of_(graph.vertices(), kNoPart),
        fill_(options.parts * loads_.kinds),
        neighbours_(options.parts) {
    for (const std::uint64_t total : loads_.totals) {
      capacity_.push_back(std::max(1.0, options.imbalance * static_cast<double>(total) / options.parts));
    }
  }

  void pass() {
    std::fill(fill_.begin(), fill_.end(), 0.0);
    Order order(graph_.vertices(), options_.seed);
    for (std::uint64_t i = 0; i < graph_.vertices(); ++i) place(order.next());
  }
  // What the edges between parts cost, each seen from both ends.
  std::uint64_t cost() const {
    std::uint64_t sum = 0;
    for (std::uint64_t v = 0; v < graph_.vertices(); ++v) {
      for_neighbours(v, [&](std::uint64_t other, std::uint32_t weight) {
        sum += part_of_[v] != part_of_[other] ? weight : 0;
      });
    }
    return sum;
  }
  // The fullest part's load, as a share of what it may have; of the worst load.
  double fullest() const {
    double most = 0;
    for (std::size_t i = 0; i < fill_.size(); ++i)
      most = std::max(most, fill_[i] / capacity_[i % loads_.kinds]);
    return most;
  }
  const std::vector<std::uint32_t>& part_of() const { return part_of_; }

 private:
  template <typename Visit>
  void for_neighbours(std::uint64_t vertex, Visit visit) const {
    const NodeRef node = graph_.node(vertex);
    for (const UndirectedGraph::Leg& leg : graph_.legs(node.type)) {
      const std::uint32_t weight = edge_weight(leg, options_);
      if (weight == 0) continue;
      for (const NodeId target : leg.csr.neighbours(node.id)) {
        if (leg.target_start + target != vertex) visit(leg.target_start + target, weight);
      }
    }
  }

  // How full the part would be with the vertex in it, 1 at its capacity; of the worst load that the vertex
  // has.
  double fullness(std::uint32_t part, std::uint64_t vertex) const {
    double most = 0;
    for (std::size_t k = 0; k < loads_.kinds; ++k) {
      const auto amount = static_cast<double>(loads_.amounts[vertex * loads_.kinds + k]);
      if (amount > 0) most = std::max(most, (fill_[part * loads_.kinds + k] + amount) / capacity_[k]);
    }
    return most;
  }

  // The part that would be the least full; of equals the one with the least of everything, then the first.
  std::uint32_t emptiest(std::uint64_t vertex) const {
    const auto all = [&](std::uint32_t part) {
      double sum = 0;
      for (std::size_t k = 0; k < loads_.kinds; ++k) sum += fill_[part * loads_.kinds + k] / capacity_[k];
      return sum;
    };
    std::uint32_t best = 0;
    std::pair<double, double> least{fullness(0, vertex), all(0)};
    for (std::uint32_t part = 1; part < options_.parts; ++part) {
      const std::pair<double, double> found{fullness(part, vertex), all(part)};
      if (found < least) least = found, best = part;
    }
    return best;
  }

  void place(std::uint64_t vertex) {
    touched_.clear();
    for_neighbours(vertex, [&](std::uint64_t other, std::uint32_t weight) {
      const std::uint32_t part = part_of_[other];
      if (part == kNoPart) return;
      if (neighbours_[part] == 0) touched_.push_back(part);
      neighbours_[part] += weight;
    });
    std::uint32_t best = kNoPart;
    double most = 0;
    for (const std::uint32_t part : touched_) {
      const double full = fullness(part, vertex);
      const double score = static_cast<double>(neighbours_[part]) * (1 - full);
      neighbours_[part] = 0;
      if (full > 1) continue;
      if (best == kNoPart || score > most || (score == most && part < best)) best = part, most = score;
    }
    if (best == kNoPart) best = emptiest(vertex);
    part_of_[vertex] = best;
    for (std::size_t k = 0; k < loads_.kinds; ++k)
      fill_[best * loads_.kinds + k] += static_cast<double>(loads_.amounts[vertex * loads_.kinds + k]);
  }

  const UndirectedGraph& graph_;
  const PartitionOptions& options_;
  VertexLoads loads_;
  std::vector<std::uint32_t> part_of_;     // [vertices]: of this pass, or still of the one before
  std::vector<double> fill_;               // [parts, kinds], of this pass
  std::vector<double> capacity_;           // [kinds]
  std::vector<std::uint64_t> neighbours_;  // [parts], all 0 between vertices
  std::vector<std::uint32_t> touched_;
};

}  // namespace

std::vector<std::uint32_t> streaming_parts(const UndirectedGraph& graph, const PartitionOptions& options) {
  Streamer streamer(graph, options);
  std::vector<std::uint32_t> best;
  std::pair<double, std::uint64_t> least{};  // overfull by, cost
  for (int pass = 0; pass < kMostPasses; ++pass) {
    streamer.pass();
    const std::pair<double, std::uint64_t> found{std::max(1.0, streamer.fullest()), streamer.cost()};
    if (best.empty() || found < least) {
      // A pass that gains less than a hundredth is the last: the next ones cost as much and gain less.
      const bool last = !best.empty() && found.first == least.first &&
                        static_cast<double>(found.second) > 0.99 * static_cast<double>(least.second);
      best = streamer.part_of();
      least = found;
      if (last) break;
    }
  }
  return best;
}

}  // namespace weft::graph
