// Which events are repeats, and the dense ids of nodes, for a load that is larger than memory: each batch is
// sorted by hash and merged with the sorted hashes of all batches before it.
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "base/spool.h"
#include "base/thread_pool.h"
#include "storage/bulk/chunk.h"
#include "storage/bulk/store_names.h"

namespace weft::storage {

class Numbering {
 public:
  // New nodes are numbered from `node_counts` on, [node type]: those of the store, whose names are `stored`
  // (null: it has none).
  Numbering(Scratch& scratch, ThreadPool& pool, std::vector<std::uint32_t> node_counts,
            const StoreNames* stored, std::size_t memory)
      : scratch_(scratch),
        pool_(pool),
        memory_(memory),
        node_counts_(std::move(node_counts)),
        stored_(stored) {}

  // Fills Chunk::dropped: an event with an edge of its own (one that no as_node field made) whose id an
  // earlier one had; and Chunk::unused. Returns how many.
  std::uint64_t drop_repeats(std::span<Chunk> chunks, Keep keep);

  // Where a name of the batch was found first. Positions count through all chunks' names.
  struct Batch {
    std::vector<std::uint32_t> first = {};        // [name] the first position with the same name
    std::vector<std::uint8_t> is_new = {};        // [name] of first ones: the node was not there before
    std::vector<std::uint32_t> chunk_begin = {};  // [chunk + 1] position of its first name
    // [name] of first ones that the store has: its first-seen time of the node. Empty: it has none.
    std::vector<graph::TimeMs> stored_seen = {};
  };
  // Fills Chunk::nodes: dense ids by first appearance. Throws Error past 2^32 - 2 nodes of a type; `types`
  // name them.
  Batch number(std::span<Chunk> chunks, std::span<const graph::NodeType> types, Keep keep);

  // What is kept of the batches before goes to disk.
  void move_to_disk();

  const std::vector<std::uint32_t>& node_counts() const { return node_counts_; }  // [node type]

 private:
  struct Known {  // of earlier batches
    Hash128 hash = {};
    graph::NodeId node = 0;
    std::uint32_t unused = 0;
    bool operator<(const Known& other) const { return hash < other.hash; }
  };
  struct Name {
    Hash128 hash = {};
    std::uint32_t position = 0;
    bool operator<(const Name& other) const {
      return hash != other.hash ? hash < other.hash : position < other.position;
    }
  };
  std::vector<Name> sorted_names(std::span<const Chunk> chunks, Batch& batch);
  void find_stored(std::span<const Name> names, Batch& batch, std::vector<graph::NodeId>& nodes) const;
  void assign_new(std::span<Chunk> chunks, std::span<const graph::NodeType> types, Batch& batch,
                  std::vector<graph::NodeId>& nodes);
  struct Runs {
    std::vector<Spool> spools = {};
    std::vector<int> levels = {};  // how often each was merged; never ascending
    void add(Spool spool) {
      spools.push_back(std::move(spool));
      levels.push_back(0);
    }
  };
  template <typename Record>
  Spool merge(std::span<const Spool> runs, std::string_view what, Keep keep);
  template <typename Record>
  void keep_few(Runs& runs, std::string_view what, Keep keep);
  template <typename Record>
  void merge_to_disk(Runs& runs, std::string_view what);

  Scratch& scratch_;
  ThreadPool& pool_;
  std::size_t memory_;
  std::vector<std::uint32_t> node_counts_;
  const StoreNames* stored_;
  Runs event_runs_, name_runs_;
};

}  // namespace weft::storage
