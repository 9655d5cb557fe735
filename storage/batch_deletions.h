// What deletions make of a batch's edges and of those that are in the store (storage/deletions.h). Used by
// GraphStore::apply in place of writing edges at once, where the batch or the store has deletions.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "storage/deletions.h"
#include "storage/store_impl.h"

namespace weft::storage {

// Not thread-safe. `impl` must outlive it.
class BatchDeletions {
 public:
  // `first_new`: [node type] ids from here on are not in the database yet.
  BatchDeletions(const GraphStore::Impl& impl, std::vector<std::uint32_t> first_new);

  // In the order in which they come; `sequence` is the event's. `key` is as the edge's source sees it.
  // kMayBe: the same edge may be in the store, as its event is taken for the second time.
  enum class Stored { kNot, kMayBe };
  void add_edge(const EdgeKey& key, const EdgeValue& value, std::uint64_t sequence, Stored stored);
  // kSecondHalf: of a symmetric pair; it is not counted.
  enum class Half { kFirst, kSecond };
  enum class Reach { kUpTo, kAt };
  void add_deletion(const EdgePair& pair, graph::TimeMs time, Reach reach, std::uint64_t sequence, Half half);
  // Of untimed types: a deletion of the pair came in this batch, and this was the last one's sequence.
  std::optional<std::uint64_t> last_untimed(const EdgePair& pair) const;

  struct Outcome {
    std::vector<EdgeKey> removed = {};                           // that stood in the store: to be erased
    std::vector<std::pair<EdgeKey, EdgeValue>> standing = {};    // of the batch, in order: to be written
    std::vector<EdgeKey> deleted = {};                           // of both, to be kept in mind as deleted
    std::vector<std::pair<EdgePair, graph::TimeMs>> until = {};  // deletions that are new or reach further
    std::vector<std::pair<EdgePair, graph::TimeMs>> at = {};     // new deletions of edges at one time
    std::vector<graph::NodeRef> emptied = {};     // nodes of deleted events: their as_node edges go
    std::vector<std::uint64_t> deletions = {};    // [edge type] entries that these add; untimed: all
    std::vector<std::uint64_t> taken_back = {};   // [edge type] edges that went, never_stood among them
    std::vector<std::uint64_t> never_stood = {};  // [edge type] of the batch's own edges
    std::uint64_t without_effect = 0;             // deletions that found nothing when they came
  };
  // Once, after all were added. Throws Error on damage.
  Outcome settle();

 private:
  struct Pending {
    EdgeKey key = {};
    EdgeValue value = {};
    std::uint64_t sequence = 0;
    Stored stored = Stored::kNot;
    bool gone = false;
  };
  struct Deletion {
    graph::TimeMs time = graph::kNoTime;
    Reach reach = Reach::kUpTo;
    std::uint64_t sequence = 0;
    Half half = Half::kFirst;
  };
  struct Pair {
    std::vector<Deletion> deletions = {};   // of this batch
    std::vector<EdgeKey> stored = {};       // that stand before it
    std::vector<std::size_t> pending = {};  // positions in pending_
    graph::TimeMs until = graph::kNoTime;   // as stored, then as of the batch's end
    bool has_entry = false;                 // in the store
    std::set<graph::TimeMs> at = {};        // times of deletions at one time: as far as they matter here
    std::set<graph::TimeMs> new_at = {};    // that the store does not have
  };

  bool is_timed(graph::EdgeTypeId type) const { return impl_.schema.graph.edge_type(type).timed; }
  bool is_new(const EdgePair& pair) const;
  void find_entries();
  void find_entries_at();
  void find_stored_edges();
  void read_row(std::map<EdgePair, Pair>::iterator first, std::map<EdgePair, Pair>::iterator last);
  void read_times(std::map<EdgePair, Pair>::iterator first, std::map<EdgePair, Pair>::iterator last);
  void settle_pair(const EdgePair& key, Pair& pair);
  void remove(const EdgeKey& key, bool keep_in_mind);
  void drop(Pending& edge, bool keep_in_mind);
  void take_event_nodes();
  void take_edges_of(graph::NodeRef node, graph::EventId event);
  enum class Times { kTimed, kUntimed };
  void drop_those_there(Times times);

  const GraphStore::Impl& impl_;
  std::vector<std::uint32_t> first_new_;
  std::vector<Pending> pending_;
  std::map<EdgePair, Pair> pairs_;  // that deletions touch
  std::set<EdgeKey> removed_;
  std::set<graph::EventId> events_;  // of timed edges that do not stand
  Outcome out_;
};

}  // namespace weft::storage
