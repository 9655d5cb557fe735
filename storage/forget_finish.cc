// finish_forgetting(): the bytes.
#include <algorithm>
#include <set>

#include "base/error.h"
#include "storage/forget.h"
#include "storage/forget_mark.h"
#include "storage/ingest.h"
#include "storage/vector_cache.h"

namespace weft::storage {
namespace {

namespace fs = std::filesystem;

void compact(GraphStore::Impl& impl, Family family) {
  rocksdb::CompactRangeOptions options;
  options.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForceOptimized;
  impl.check(impl.db->CompactRange(options, impl.family(family), nullptr, nullptr), "compact the store");
}

// What was deleted is in no file afterwards: neither in tables, nor in logs, nor as a bound in the MANIFEST.
void compact_all(GraphStore::Impl& impl, ProgressSink& progress) {
  impl.check(impl.db->Flush(rocksdb::FlushOptions(), impl.handles), "write the store's tables");
  progress.begin("compact", kFamilyCount, "parts");
  for (std::size_t family = 0; family < kFamilyCount; ++family) {
    compact(impl, static_cast<Family>(family));
    progress.advance(family + 1);
  }
  progress.end();
  impl.reopen();
}

// As encoders name content: a text's hash has the top bit of its first digit flipped.
std::set<std::string> content_names(std::string_view mark) {
  std::set<std::string> names;
  for (; mark.size() >= kContentHashDigits; mark.remove_prefix(kContentHashDigits)) {
    std::string name(mark.substr(0, kContentHashDigits));
    names.insert(name);
    const int digit = name.front() <= '9' ? name.front() - '0' : name.front() - 'a' + 10;
    name.front() = "0123456789abcdef"[(digit ^ 8) & 15];
    names.insert(name);
  }
  return names;
}

bool left_by_repair(const std::string& name) {
  return name.starts_with("store.before-repair-") || name == "store.repair.tmp" || name == "store.repaired" ||
         name == "store.scratch.tmp";
}

}  // namespace

void add_to_mark(const GraphStore::Impl& impl, const std::vector<std::string>& content_hashes,
                 rocksdb::WriteBatch& batch) {
  std::string value = impl.get(kMeta, kForgetMarkKey).value_or("");
  for (const std::string& hash : content_hashes) value += hash;
  impl.check(batch.Put(impl.family(kMeta), slice(kForgetMarkKey), value), "write to the store");
}

bool forgetting_unfinished(const GraphStore& store) {
  return store.impl().get(kMeta, kForgetMarkKey).has_value();
}

std::vector<fs::path> forgetful_paths(const Workspace& workspace) {
  std::vector<fs::path> out;
  for (const fs::path& path :
       {workspace.deltas(), workspace.cleaned(), workspace.snapshots(), workspace.folder / "features",
        workspace.folder / "partitions", workspace.bulk(), workspace.importing(), workspace.restoring(),
        fs::path(workspace.quarantine_file()) += ".tmp"}) {
    if (fs::exists(path)) out.push_back(path);
  }
  std::vector<fs::path> repairs;
  for (const auto& entry : fs::directory_iterator(workspace.folder)) {
    if (left_by_repair(entry.path().filename().string())) repairs.push_back(entry.path());
  }
  std::sort(repairs.begin(), repairs.end());
  out.insert(out.end(), repairs.begin(), repairs.end());
  return out;
}

void finish_forgetting(GraphStore& store, const Workspace& workspace, ProgressSink& progress, Files& files) {
  GraphStore::Impl& impl = store.impl();
  if (!impl.secondary_folder.empty())
    throw Error("the store was opened for reading", {.file = impl.folder.string()});
  const auto mark = impl.get(kMeta, kForgetMarkKey);
  if (!mark) return;
  compact_all(impl, progress);
  files.kill_point("forget.after_compaction");
  if (fs::exists(workspace.vectors()) && !mark->empty())
    VectorCache::open(workspace.vectors(), files).remove_content(content_names(*mark));
  files.kill_point("forget.after_vectors");
  for (const fs::path& path : forgetful_paths(workspace)) files.remove_all(path);
  files.sync_folder(workspace.folder);
  write_quarantine(store, workspace.quarantine_file(), files);
  files.kill_point("forget.after_files");
  files.kill_point("forget.before_unmark");
  rocksdb::WriteOptions write;
  write.sync = true;
  impl.check(impl.db->Delete(write, impl.family(kMeta), slice(kForgetMarkKey)), "write to the store");
  impl.check(impl.db->Flush(rocksdb::FlushOptions(), impl.handles), "write the store's tables");
  compact(impl, kMeta);
  files.kill_point("forget.after_unmark");
}

}  // namespace weft::storage
