// The two paths of an ingest, beside each other.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>

#include "storage/ingest.h"

namespace weft::storage {

inline IngestOptions in_bulk(std::size_t memory, std::size_t threads = 2) {
  return {.bulk_from_bytes = 0, .memory = memory, .threads = threads, .snapshot = true};
}

// Of the same sources, by one path and the other.
inline void expect_same_report(const IngestReport& a, const IngestReport& b) {
  EXPECT_EQ(a.rows, b.rows);
  EXPECT_EQ(a.events, b.events);
  EXPECT_EQ(a.filtered, b.filtered);
  EXPECT_EQ(a.duplicates, b.duplicates);
  EXPECT_TRUE(a.cleaned == b.cleaned);
  EXPECT_EQ(a.new_nodes, b.new_nodes);
  EXPECT_EQ(a.new_edges, b.new_edges);
  EXPECT_EQ(a.deleted_edges, b.deleted_edges);
  EXPECT_EQ(a.quarantined, b.quarantined);
  EXPECT_EQ(a.quarantined_rows, b.quarantined_rows);
  EXPECT_EQ(a.media_found, b.media_found);
  EXPECT_EQ(a.media_missing, b.media_missing);
  EXPECT_EQ(a.media_corrupt, b.media_corrupt);
  EXPECT_EQ(a.media_recovered, b.media_recovered);
  EXPECT_EQ(a.bytes, b.bytes);
  EXPECT_EQ(a.notes, b.notes);
  EXPECT_EQ(a.sources_unchanged, b.sources_unchanged);
  EXPECT_EQ(a.conflicts, b.conflicts);
}

}  // namespace weft::storage
