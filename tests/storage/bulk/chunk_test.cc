// Chunks of a source, however it is cut, against its rows read and mapped one by one.
#include "storage/bulk/chunk.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <set>

#include "tests/storage/bulk/event_chunks.h"
#include "tests/storage/bulk/random_shop.h"
#include "tests/storage/small_store.h"

namespace weft::storage {
namespace {

struct Read {
  std::vector<std::string> events = {};       // spelled out
  std::vector<std::string> quarantined = {};  // where, and why
  std::uint64_t rows = 0, bad = 0, filtered = 0;
  bool operator==(const Read&) const = default;
};

std::string spelled(std::uint64_t offset, std::uint64_t line, std::string_view reason,
                    std::string_view detail) {
  return fmt::format("byte {} line {}: {} {}", offset, line, reason, detail);
}

Read row_by_row(const Project& project, std::uint16_t source) {
  Read out;
  RowMapper mapper(project, source, MediaRead::kHash, real_files());
  const auto reader = RowReader::open(project.sources[source], mapper.columns(), real_files());
  Row row;
  graph::Event event;
  while (reader->next(row)) {
    ++out.rows;
    MapResult mapped{MapOutcome::kBad, row.bad_reason, row.bad_detail};
    if (row.bad_reason.empty()) mapped = mapper.map(row, event);
    if (mapped.outcome == MapOutcome::kEvent) out.events.push_back(storage::spelled(project.schema, event));
    if (mapped.outcome == MapOutcome::kFiltered) ++out.filtered;
    if (mapped.outcome != MapOutcome::kBad) continue;
    ++out.bad;
    out.quarantined.push_back(spelled(row.offset, row.line, mapped.reason, mapped.detail));
  }
  return out;
}

// `lines`: before the chunk.
void join(Read& to, const Project& project, const Chunk& chunk, std::uint64_t lines) {
  const std::vector<std::string> events = spelled(project.schema, chunk);
  EXPECT_EQ(chunk.ids.size(), events.size());
  EXPECT_EQ(chunk.tally.events, events.size());
  to.events.insert(to.events.end(), events.begin(), events.end());
  for (const QuarantinedRow& row : chunk.quarantined)
    to.quarantined.push_back(spelled(row.offset, lines + row.line, row.reason, row.detail));
  to.rows += chunk.tally.rows;
  to.bad += chunk.tally.bad;
  to.filtered += chunk.tally.filtered;
  std::set<std::pair<graph::NodeTypeId, std::string_view>> names;
  for (std::size_t i = 0; i < chunk.names.size(); ++i) {
    if (chunk.names[i].of_event) continue;
    EXPECT_TRUE(names.insert({chunk.names[i].type, chunk.name(i)}).second) << "twice in one chunk";
    EXPECT_EQ(chunk.names[i].hash, name_hash(chunk.names[i].type, chunk.name(i)));
  }
}

// The first chunk of rows that begin in [begin, begin + bytes), and so on behind its end.
Read in_pieces(const Project& project, std::uint16_t source, std::size_t bytes) {
  Read out;
  const SourceFile& file = project.sources[source];
  RowMapper mapper(project, source, MediaRead::kLookOnly, real_files());
  const Position header = RowReader::open(file, mapper.columns(), real_files())->position_before_row();
  SourceText text(file, header, std::size_t{1} << 20, real_files());
  text.fill();
  EXPECT_TRUE(text.at_end());
  std::uint64_t lines = header.lines;
  for (std::size_t at = 0; at < text.text().size();) {
    const std::size_t end = text.text().find('\n', std::min(at + bytes, text.text().size()) - 1);
    const Chunk chunk =
        read_chunk(project, source, text, at, std::min(end, text.text().size() - 1) + 1, {}, real_files());
    EXPECT_EQ(chunk.begin, at);
    join(out, project, chunk, lines);
    lines += chunk.lines;
    at = chunk.end;
    if (chunk.open_end) break;
    if (chunk.end <= chunk.begin) {
      ADD_FAILURE() << "no step forward at " << at;
      break;
    }
  }
  return out;
}

TEST(Chunk, HasTheRowsOfTheSourceHoweverItIsCut) {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    const RandomShop shop(seed, 1000);
    const Project project = shop.project();
    std::size_t events = 0, bad = 0;
    for (std::uint16_t source = 0; source < project.sources.size(); ++source) {
      SCOPED_TRACE(fmt::format("seed {}, {}", seed, project.sources[source].name));
      const Read wanted = row_by_row(project, source);
      for (const std::size_t bytes : {1U, 300U, 5000U, 1U << 20}) {
        const Read found = in_pieces(project, source, bytes);
        EXPECT_EQ(found.events, wanted.events);
        EXPECT_EQ(found.quarantined, wanted.quarantined);
        EXPECT_TRUE(found == wanted);
      }
      Read rows;
      const Tombstones none;
      RowChunks chunks(project, source, {}, none, real_files());
      for (std::uint64_t lines = 0;;) {
        const Chunk chunk = chunks.next(500);
        if (chunk.tally.rows == 0) break;
        // Line ends are counted where rows are not found by them.
        join(rows, project, chunk, lines);
        lines += chunk.lines;
      }
      EXPECT_EQ(rows.events, wanted.events);
      events += wanted.events.size();
      bad += wanted.bad;
    }
    EXPECT_GT(events, 700U);
    EXPECT_GT(bad, 30U);
  }
}

TEST(Chunk, LeavesOutWhoIsForgotten) {
  Shop shop;
  shop.write("follows.tsv", "a:token\tb:token\nann\tbob\nbob\teve\neve\tann\nann\teve\n");
  const Project project = shop.project();
  std::uint16_t source = 0;
  while (project.sources[source].name != "follows.tsv") ++source;
  Tombstones tombstones(random_tombstone_key());
  tombstones.add(tombstones.hash(0, "bob"));
  RowChunks chunks(project, source, {}, tombstones, real_files());
  const Chunk chunk = chunks.next(1 << 20);
  EXPECT_EQ(chunk.tally.rows, 4U);
  EXPECT_EQ(chunk.tally.events, 4U);
  EXPECT_EQ(chunk.forgotten, 2U);
  EXPECT_EQ(spelled(project.schema, chunk).size(), 2U);
  EXPECT_EQ(chunk.name_bytes.find("bob"), std::string::npos);
}

TEST(MarkUnusedNames, ThoseThatOnlyDroppedEventsName) {
  const StoreSchema schema = small_schema();
  const std::vector<graph::Event> events = random_events(300, 4);
  std::mt19937_64 random(4);
  for (const std::uint64_t share : {1U, 2U, 10U, 1'000'000U}) {
    Chunk chunk = chunk_of(schema, events);
    std::set<std::pair<graph::NodeTypeId, std::string>> used;
    for (const graph::Event& event : events) {
      chunk.dropped.push_back(random() % share == 0 ? 1 : 0);
      if (chunk.dropped.back() != 0) continue;
      for (const graph::NodeEvent& node : event.nodes) used.insert({node.type, node.external_id});
      for (const graph::EdgeEvent& edge : event.edges) {
        used.insert({schema.graph.edge_type(edge.type).from, edge.from});
        used.insert({schema.graph.edge_type(edge.type).to, edge.to});
      }
    }
    mark_unused_names(chunk);
    std::size_t of_event = 0, kept_of_event = 0;
    for (std::size_t i = 0; i < chunk.names.size(); ++i) {
      if (chunk.names[i].of_event) {
        of_event += chunk.is_used(i) ? 1 : 0;
      } else {
        EXPECT_EQ(chunk.is_used(i), used.contains({chunk.names[i].type, std::string(chunk.name(i))}));
      }
    }
    for (std::size_t i = 0; i < events.size(); ++i)
      kept_of_event += chunk.dropped[i] == 0 && !events[i].nodes.empty() &&
                               events[i].nodes[0].type == kReview && has_own_edge(schema, events[i])
                           ? 1
                           : 0;
    EXPECT_EQ(of_event, kept_of_event);
  }
}

}  // namespace
}  // namespace weft::storage
