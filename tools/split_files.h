// Writes a split's target pairs as files that other programs can run on.
#pragma once

#include <filesystem>

#include "graph/snapshot.h"
#include "graph/split.h"

namespace weft::tools {

// train.tsv, valid.tsv, test.tsv in `folder`: a header, then user, item, time (ms since 1970, empty if
// untimed), weight (empty if unweighted), one line a target edge, in edge-id order, with external ids. Tabs,
// line ends and backslashes in ids are written \t, \n, \r, \\.
void write_split_files(const graph::Snapshot& snapshot, const graph::Split& split,
                       const std::filesystem::path& folder);

}  // namespace weft::tools
