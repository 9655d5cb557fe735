#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <system_error>

#include "base/error.h"
#include "base/hash.h"
#include "base/mapped_file.h"
#include "storage/exchange/exchange_manifest.h"
#include "storage/exchange/exchange_tables.h"
#include "storage/exchange/graph_exchange.h"

namespace weft::storage {
namespace {

namespace fs = std::filesystem;

void write_tables(const graph::Snapshot& snapshot, const ExchangeFolder& folder, ExchangeManifest& manifest,
                  std::vector<std::string>& names, ProgressSink& progress) {
  const graph::Schema& schema = snapshot.schema();
  const bool npy = manifest.format == ExchangeFormat::kNpy;
  const auto add = [&](const std::vector<std::string>& written) {
    names.insert(names.end(), written.begin(), written.end());
  };
  progress.begin("export", schema.node_types().size() + schema.edge_types().size(), "tables");
  std::uint64_t done = 0;
  for (graph::NodeTypeId type = 0; type < schema.node_types().size(); ++type) {
    const std::string stem = node_stem(schema, type);
    add(npy ? write_npy_nodes(folder, stem, snapshot, type)
            : write_parquet_nodes(folder, stem, snapshot, type));
    manifest.node_counts.push_back(snapshot.node_count(type));
    progress.advance(++done);
  }
  for (graph::EdgeTypeId type = 0; type < schema.edge_types().size(); ++type) {
    const std::string stem = edge_stem(schema, type);
    add(npy ? write_npy_edges(folder, stem, snapshot, type)
            : write_parquet_edges(folder, stem, snapshot, type));
    manifest.edge_counts.push_back(snapshot.edge_count(type));
    progress.advance(++done);
  }
  progress.end();
}

ExportReport seal(const ExchangeFolder& folder, ExchangeManifest& manifest,
                  const std::vector<std::string>& names) {
  ExportReport report;
  for (const std::string& name : names) {
    const MappedFile map = folder.files.map(folder.path / name);
    manifest.files.push_back({name, map.size(), hash64(map.bytes())});
    report.bytes += map.size();
  }
  folder.files.kill_point("exchange.before_manifest");
  folder.files.write_whole(folder.path / kExchangeManifest, write_exchange_manifest(manifest));
  folder.files.sync_folder(folder.path);
  for (const std::uint64_t count : manifest.node_counts) report.nodes += count;
  for (const std::uint64_t count : manifest.edge_counts) report.edges += count;
  report.files = names.size() + 1;
  return report;
}

}  // namespace

graph::FieldValue field_of(const graph::Snapshot& snapshot, graph::NodeTypeId type, std::size_t field,
                           graph::NodeId node) {
  switch (snapshot.schema().node_type(type).fields[field].kind) {
    case graph::FieldKind::kNumber: {
      const double number = snapshot.numbers(type, field)[node];
      if (!std::isnan(number)) return number;
      break;
    }
    case graph::FieldKind::kCategory: {
      const graph::CategoryColumn column = snapshot.categories(type, field);
      std::vector<std::string> out;
      for (const std::uint32_t code : column[node]) out.emplace_back(column.dictionary[code]);
      if (!out.empty()) return out;
      break;
    }
    case graph::FieldKind::kText: {
      const std::string_view text = snapshot.texts(type, field)[node];
      if (!text.empty()) return std::string(text);
      break;
    }
    case graph::FieldKind::kImage:
    case graph::FieldKind::kAudio: {
      const graph::MediaColumn media = snapshot.media(type, field);
      if (!media.paths[node].empty())
        return graph::MediaValue{std::string(media.paths[node]), std::string(media.content_hashes[node])};
      break;
    }
  }
  return {};
}

ExportReport export_graph(const graph::Snapshot& snapshot, const StoreSchema& schema, const fs::path& folder,
                          ExchangeFormat format, const ExtraFiles& extra, ProgressSink& progress,
                          Files& files) {
  fs::path target = folder.lexically_normal();
  if (!target.has_filename()) target = target.parent_path();
  if (fs::symlink_status(target).type() != fs::file_type::not_found)
    throw Error("there is something under this name already",
                {.file = target.string(), .hint = "remove it, or choose another name"}, ErrorKind::kUsage);
  fs::path temporary = target;
  temporary += ".tmp";
  ExchangeManifest manifest{.format = format,
                            .store_uuid = snapshot.info().store_uuid,
                            .sequence = snapshot.info().sequence,
                            .snapshot_checksum = snapshot.info().checksum,
                            .source_files = snapshot.info().source_files,
                            .schema = schema};
  const auto discard = [&]() noexcept {
    std::error_code ignored;  // the first failure is the one to report
    fs::remove_all(temporary, ignored);
  };
  ExportReport report;
  try {
    files.remove_all(temporary);
    files.make_folders(temporary);
    files.kill_point("exchange.before_files");
    const ExchangeFolder to{temporary, files};
    std::vector<std::string> names;
    write_tables(snapshot, to, manifest, names, progress);
    if (extra) {
      for (const std::string& name : extra(temporary)) names.push_back(name);
    }
    report = seal(to, manifest, names);
    files.kill_point("exchange.before_rename");
    files.rename(temporary, target);
  } catch (const nlohmann::json::exception& problem) {
    discard();
    throw Error(fmt::format("cannot be written as JSON: {}", problem.what()), {.file = target.string()});
  } catch (...) {
    discard();
    throw;
  }
  try {
    files.sync_folder(target.has_parent_path() ? target.parent_path() : fs::path("."));
  } catch (...) {  // whole, but perhaps gone after a power cut: the caller is told that it failed
    std::error_code ignored;
    fs::rename(target, temporary, ignored);
    discard();
    throw;
  }
  files.kill_point("exchange.after_rename");
  return report;
}

}  // namespace weft::storage
