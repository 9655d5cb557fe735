// Splits of a graph's events into train, validation and test. What one event made (its edges, its review node
// and that node's edges) always falls into one part together.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/toml.h"
#include "graph/graph_view.h"
#include "graph/snapshot.h"

namespace weft::graph {

enum class Part : std::uint8_t { kTrain = 0, kValid = 1, kTest = 2 };
inline constexpr std::size_t kPartCount = 3;
std::string_view part_name(Part part);  // "train", "valid", "test"

enum class SplitKind {
  kTime,    // two cuts in global time: events of every timed type at or after a cut belong to the later part
  kLast,    // each user's last target event is test, the one before valid; not time-correct across users
  kRandom,  // by hash of (seed, event id): stable when data is appended
  kFiles,   // by the source file an event came from
};

struct SplitSpec {
  SplitKind kind = SplitKind::kTime;
  double valid = 0.1;  // shares of target events; for kFiles the share of train events held out by hash when
                       // no valid file is given
  double test = 0.1;
  std::uint64_t seed = 0;
  // kFiles: source names as in the project file. No train files: all that are in no other list.
  std::vector<std::string> train_files = {}, valid_files = {}, test_files = {};
};

// Reads [task.split]: kind = "time" | "last" | "random" | "files", valid, test, seed, train, valid_files,
// test_files. A table or just the kind as a string.
SplitSpec read_split_spec(const TomlSection& task);

struct Split {
  SplitSpec spec = {};
  EdgeTypeId target = 0;
  std::vector<std::vector<Part>> parts = {};  // [edge type][edge id]
  // kTime: valid begins at valid_start, test at test_start; kEndOfTime otherwise.
  TimeMs valid_start = kEndOfTime;
  TimeMs test_start = kEndOfTime;
  // Every timed train edge is earlier than every held-out target edge: a model trained on train never saw an
  // event later than one that it is tested on. Found by looking, whatever the kind of split.
  bool time_correct = false;
  std::string description = {};  // one line for people, as in "global time cut: ... (time-correct)"

  // keep masks for FilteredGraph: edges whose part is at most `last` (train; train and valid; all).
  std::vector<std::vector<std::uint8_t>> keep_up_to(Part last) const;
  std::uint64_t count(Part part) const;  // target edges
};

// Splits by the target edge type's events. Where the cut is not one in time, other events that join the two
// ends of a held-out link at its time or later (its cart, rating or review; where either has no time: at any)
// are held out with it. An event with edges at several times falls by its latest one (kTime). Events without
// an id are told apart by type, ends and time; both directions of a symmetric edge fall together. kLast keeps
// at least one event of each user in train; edges without a target event are train (kTime: fall by their
// time). kTime puts the cut between distinct times nearest to the asked shares (a test event is never at the
// same time as a train event). Ties in kLast break by event id. Throws Error if a part would be empty
// although its share is not 0, or kTime/kLast is asked of an untimed target.
Split make_split(const Snapshot& snapshot, EdgeTypeId target, const SplitSpec& spec);

// The same split of what `keep[edge type][edge id]` leaves of the snapshot, in its order: cuts and parts stay
// as they are. Throws Error if a part is empty then that was not.
Split split_of_kept(const Snapshot& snapshot, const Split& split,
                    const std::vector<std::vector<std::uint8_t>>& keep);

}  // namespace weft::graph
