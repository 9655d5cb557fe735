// Rebuilds a damaged store from what is left of it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/files.h"
#include "base/progress.h"
#include "storage/store_schema.h"
#include "storage/workspace.h"

namespace weft::storage {

// What a repair did, one line each: the first 100 of a kind, then a last line with how many more.
struct RepairReport {
  bool needed = false;                  // false: verify_store() found nothing, and nothing was done
  std::vector<std::string> found = {};  // verify_store()'s problems, or why the store does not open
  std::vector<std::string> rebuilt = {};
  std::vector<std::string> lost = {};  // what could not be read or made to fit, and is not in the new store
  std::uint64_t rebuilt_count = 0, lost_count = 0;
  std::filesystem::path kept = {};  // the store as it was
};

// Copies every entry that can be read into a new store (of a database that does not open: from its tables,
// then from its logs of writes), makes it fit: one direction of an edge from the
// other, one direction of the dictionary from the other, first-seen times from the edges, counts, gaps of the
// ledger; and, once verify_store() finds nothing in it, exchanges the two. The old store is never written to
// and stays beside the new one, under `kept`: removing it is the user's business. Needs as much disk again as
// the store has.
//
// A node without a name keeps its edges under the name "lost-TYPE-ID"; an id that nothing refers to becomes a
// forgotten one. Of a source whose ledger entry is lost, the next ingest reads all rows again and takes those
// that are not there. The sequence number goes up by one, so that the next ingest writes a new snapshot.
// Where both directions of an edge differ, the outgoing one counts.
//
// `schema` is the project's: it stands in for a lost one. Throws Error, with the store as it was, if another
// process holds it, if it has no readable entry at all, or if the new store would not be sound. A run that is
// killed leaves the old store or the new one in place, or is finished by the next. Kill points: repair.*.
RepairReport repair_store(const Workspace& workspace, const StoreSchema& schema,
                          ProgressSink& progress = no_progress(), Files& files = real_files());

}  // namespace weft::storage
