#include "storage/bulk/numbering.h"

#include <algorithm>
#include <numeric>
#include <span>
#include <utility>

#include "base/error.h"
#include "base/hash_sort.h"
#include "base/merge.h"

namespace weft::storage {
namespace {

// So many runs that have been merged as often are merged into one. Each batch reads all runs, so there should
// be few; and each record is merged once a level, so as often as the logarithm of the batches. In memory one
// more run costs little.
constexpr std::size_t kFanIn = 4, kFanInMemory = 16;

// One event of the batch.
struct EventAt {
  graph::EventId id = 0;
  std::uint32_t chunk = 0, event = 0;
  auto operator<=>(const EventAt&) const = default;
};

}  // namespace

template <typename Record>
Spool Numbering::merge(std::span<const Spool> runs, std::string_view what, Keep keep) {
  SpoolWriter out(scratch_, what, keep);
  auto merged = merge_runs<RecordCursor<Record>>(runs, scratch_.files(), memory_);
  while (merged.next()) out.put(merged.top().key());
  return out.finish();
}

template <typename Record>
void Numbering::keep_few(Runs& runs, std::string_view what, Keep keep) {
  const std::size_t most = keep == Keep::kOnDisk ? kFanIn : kFanInMemory;
  while (runs.levels.size() >= most && runs.levels[runs.levels.size() - most] == runs.levels.back()) {
    const std::size_t first = runs.spools.size() - most;
    Spool merged = merge<Record>(std::span(runs.spools).subspan(first), what, keep);
    runs.spools.resize(first);
    runs.spools.push_back(std::move(merged));
    const int level = runs.levels.back() + 1;
    runs.levels.resize(first);
    runs.levels.push_back(level);
  }
}

template <typename Record>
void Numbering::merge_to_disk(Runs& runs, std::string_view what) {
  if (runs.spools.empty()) return;
  int level = 0;
  for (std::size_t count = runs.spools.size(); count >= kFanIn; count /= kFanIn) ++level;
  Spool merged = merge<Record>(runs.spools, what, Keep::kOnDisk);
  runs = {};
  runs.spools.push_back(std::move(merged));
  runs.levels.push_back(level);
}

void Numbering::move_to_disk() {
  merge_to_disk<graph::EventId>(event_runs_, "events");
  merge_to_disk<Known>(name_runs_, "names");
}

std::uint64_t Numbering::drop_repeats(std::span<Chunk> chunks, Keep keep) {
  std::vector<EventAt> events;
  for (std::size_t c = 0; c < chunks.size(); ++c) {
    chunks[c].dropped.assign(chunks[c].ids.size(), 0);
    for (std::size_t e = 0; e < chunks[c].ids.size(); ++e) {
      if (chunks[c].ids[e] != graph::kNoEvent)
        events.push_back({chunks[c].ids[e], static_cast<std::uint32_t>(c), static_cast<std::uint32_t>(e)});
    }
  }
  sort_by_hash(events, &pool_, [](const EventAt& event) { return event.id; });
  const std::vector<EventAt>& sorted = events;
  // In each run all ids are distinct, and no two runs share one: threads write to different places.
  pool_.parallel_for(event_runs_.spools.size(), 1, [&](std::size_t from, std::size_t to) {
    for (std::size_t r = from; r < to; ++r) {
      SpoolReader reader(event_runs_.spools[r], scratch_.files(), std::size_t{1} << 18);
      graph::EventId known = 0;
      bool any = reader.get(known);
      for (std::size_t i = 0; i < sorted.size() && any; ++i) {
        while (any && known < sorted[i].id) any = reader.get(known);
        if (any && known == sorted[i].id) chunks[sorted[i].chunk].dropped[sorted[i].event] = 1;
      }
    }
  });
  std::uint64_t dropped = 0;
  SpoolWriter run(scratch_, "events", keep);
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    std::uint8_t& mark = chunks[sorted[i].chunk].dropped[sorted[i].event];
    if (i > 0 && sorted[i].id == sorted[i - 1].id) mark = 1;
    if (mark == 0) run.put(sorted[i].id);
    dropped += mark;
  }
  event_runs_.add(run.finish());
  keep_few<graph::EventId>(event_runs_, "events", keep);
  pool_.parallel_for(chunks.size(), 1, [&](std::size_t from, std::size_t to) {
    for (std::size_t c = from; c < to; ++c) mark_unused_names(chunks[c]);
  });
  return dropped;
}

std::vector<Numbering::Name> Numbering::sorted_names(std::span<const Chunk> chunks, Batch& batch) {
  std::size_t count = 0;
  batch.chunk_begin.push_back(0);
  for (const Chunk& chunk : chunks) {
    count += chunk.names.size();
    batch.chunk_begin.push_back(static_cast<std::uint32_t>(count));
  }
  WEFT_CHECK(count < graph::kNoNode);
  std::vector<Name> names;
  names.reserve(count);
  for (std::size_t c = 0; c < chunks.size(); ++c) {
    for (std::size_t i = 0; i < chunks[c].names.size(); ++i) {
      if (chunks[c].is_used(i) && !chunks[c].names[i].of_event)
        names.push_back({chunks[c].names[i].hash, batch.chunk_begin[c] + static_cast<std::uint32_t>(i)});
    }
  }
  sort_by_hash(names, &pool_, [](const Name& name) { return name.hash.high; });
  return names;
}

Numbering::Batch Numbering::number(std::span<Chunk> chunks, std::span<const graph::NodeType> types,
                                   Keep keep) {
  Batch batch;
  const std::vector<Name> names = sorted_names(chunks, batch);
  batch.first.resize(batch.chunk_begin.back());
  std::iota(batch.first.begin(), batch.first.end(), 0U);
  batch.is_new.assign(batch.first.size(), 0);
  for (std::size_t i = 0; i < names.size(); ++i) {
    const bool again = i > 0 && names[i].hash == names[i - 1].hash;
    batch.first[names[i].position] = again ? batch.first[names[i - 1].position] : names[i].position;
  }
  std::vector<graph::NodeId> nodes(batch.first.size(), graph::kNoNode);
  // What the store has is one more run.
  if (stored_ != nullptr) batch.stored_seen.assign(batch.first.size(), graph::kNoTime);
  pool_.parallel_for(
      name_runs_.spools.size() + (stored_ != nullptr ? 1 : 0), 1, [&](std::size_t from, std::size_t to) {
        for (std::size_t r = from; r < to; ++r) {
          if (r == name_runs_.spools.size()) {
            find_stored(names, batch, nodes);
            continue;
          }
          SpoolReader reader(name_runs_.spools[r], scratch_.files(), std::size_t{1} << 18);
          Known known;
          bool any = reader.get(known);
          for (std::size_t i = 0; i < names.size() && any; ++i) {
            while (any && known.hash < names[i].hash) any = reader.get(known);
            if (any && known.hash == names[i].hash && batch.first[names[i].position] == names[i].position)
              nodes[names[i].position] = known.node;
          }
        }
      });
  assign_new(chunks, types, batch, nodes);
  SpoolWriter run(scratch_, "names", keep);
  for (const Name& name : names) {
    if (batch.is_new[name.position] != 0) run.put(Known{name.hash, nodes[name.position]});
  }
  name_runs_.add(run.finish());
  keep_few<Known>(name_runs_, "names", keep);
  return batch;
}

void Numbering::find_stored(std::span<const Name> names, Batch& batch,
                            std::vector<graph::NodeId>& nodes) const {
  stored_->find(names, [&](std::size_t i, const StoreName& found) {
    const std::uint32_t position = names[i].position;
    if (batch.first[position] != position) return;
    nodes[position] = found.node;
    batch.stored_seen[position] = found.first_seen;
  });
}

void Numbering::assign_new(std::span<Chunk> chunks, std::span<const graph::NodeType> types, Batch& batch,
                           std::vector<graph::NodeId>& nodes) {
  for (std::size_t c = 0; c < chunks.size(); ++c) {
    Chunk& chunk = chunks[c];
    chunk.nodes.assign(chunk.names.size(), graph::kNoNode);
    for (std::size_t i = 0; i < chunk.names.size(); ++i) {
      if (!chunk.is_used(i)) continue;
      const std::size_t at = batch.chunk_begin[c] + i;
      const std::size_t first = batch.first[at];
      if (first == at && nodes[at] == graph::kNoNode) {
        std::uint32_t& count = node_counts_[chunk.names[i].type];
        if (count >= graph::kNoNode - 1) {
          throw Error("too many nodes of one type",
                      {.field = types[chunk.names[i].type].name, .expected = "at most 2^32 - 2"});
        }
        nodes[at] = count++;
        batch.is_new[at] = 1;
      }
      chunk.nodes[i] = nodes[first];
    }
  }
}

}  // namespace weft::storage
