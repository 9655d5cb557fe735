#include "storage/ingest_path.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "base/strings.h"
#include "storage/kafka/kafka_partitions.h"
#include "storage/store_impl.h"

namespace weft::storage {
namespace {

// A name of the dictionary is read and sorted in the time that a batch takes for so small a part of a row.
constexpr std::uint64_t kNamesPerRow = 8;
constexpr std::uint64_t kUsualRowBytes = 64;  // where the ledger knows of none

std::uint64_t likely_rows(std::uint64_t bytes, const std::vector<LedgerEntry>& ledger) {
  std::uint64_t read = 0, rows = 0;
  for (const LedgerEntry& entry : ledger) {
    if (entry.bytes == entry.rows) continue;  // of Parquet, which counts rows
    read += entry.bytes;
    rows += entry.rows;
  }
  const double row_bytes = rows == 0 ? kUsualRowBytes : static_cast<double>(read) / static_cast<double>(rows);
  return static_cast<std::uint64_t>(static_cast<double>(bytes) / row_bytes);
}

template <typename Counts>
std::uint64_t total(const Counts& counts) {
  return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
}

// As Project::deletes_in_order(), of what was deleted before.
bool deletions_in_order(const Project& project, const GraphStore::Impl& impl) {
  return std::any_of(project.edges.begin(), project.edges.end(), [&](const EdgeMapping& mapping) {
    const bool timed = project.schema.graph.edge_type(mapping.type).timed;
    return impl.deletions.deletions[mapping.type] > 0 && (!timed || project.makes_event_nodes(mapping));
  });
}

std::string size_text(std::uint64_t bytes) {
  const bool small = bytes < (std::uint64_t{1} << 20);
  return fmt::format("{} {}", with_commas(bytes >> (small ? 10 : 20)), small ? "KiB" : "MiB");
}

// Why batches are the better way into a store that holds data; empty: they are not.
std::string why_batches(const GraphStore& store, std::uint64_t rows) {
  const GraphStore::Impl& impl = store.impl();
  if (const auto& log = impl.changes) {
    const std::uint64_t room =
        std::max<std::uint64_t>(impl.options.logged_changes, total(impl.state.edge_counts) / 8);
    if (log->changes + rows <= room) return "what is new fits a delta on the snapshot";
  }
  if (rows < total(impl.state.node_counts) / kNamesPerRow) return "little is new beside the store's nodes";
  return {};
}

}  // namespace

std::uint64_t new_bytes_of(const SourceFile& source, const LedgerEntry& before, Files& files) {
  const std::uint64_t size = files.open(source.path)->size();
  if (before.bytes == 0) return size;
  const bool by_bytes = source.compression == Compression::kNone && source.encoding == Encoding::kUtf8 &&
                        source.format != SourceFormat::kParquet;
  return by_bytes && size > before.bytes ? size - before.bytes : 0;
}

IngestPath choose_path(const Project& project, const GraphStore& store,
                       const std::vector<std::optional<LedgerEntry>>& entries, const IngestOptions& options,
                       Files& files) {
  const GraphStore::Impl& impl = store.impl();
  const auto batches = [](std::string reason) { return IngestPath{.reason = std::move(reason)}; };
  if (has_topics(project)) return batches("topics are read");
  if (project.sources.size() > kMaxSources) return batches("there are too many sources");
  if (project.deletes_in_order()) return batches("what rows delete depends on what came before them");
  std::uint64_t bytes = 0;
  for (std::size_t i = 0; i < project.sources.size(); ++i)
    bytes += new_bytes_of(project.sources[i], entries[i].value_or(LedgerEntry{}), files);
  const std::string news = fmt::format("{} are new", size_text(bytes));
  if (bytes < options.bulk_from_bytes)
    return batches(fmt::format("{}, in bulk from {} on", news, size_text(options.bulk_from_bytes)));
  if (impl.is_empty()) return {.bulk = true, .reason = news};
  if (bytes == 0) return batches("nothing is new");
  if (deletions_in_order(project, impl))
    return batches("what the store's deletions take depends on the order");
  if (options.bulk_from_bytes > 0) {
    if (std::string why = why_batches(store, likely_rows(bytes, store.ledger())); !why.empty())
      return batches(std::move(why));
  }
  return {.bulk = true, .reason = news};
}

}  // namespace weft::storage
