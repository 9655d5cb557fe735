#include "storage/backup.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <set>
#include <thread>

#include "base/error.h"
#include "base/hash.h"
#include "base/strings.h"
#include "storage/backup_manifest.h"
#include "storage/snapshot_export.h"
#include "storage/store_impl.h"
#include "storage/store_lock.h"
#include "storage/verify.h"

namespace weft::storage {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kPiece = std::size_t{1} << 20;
constexpr int kMaxTries = 200;

// A file of the store, held open: it can be read to its end as of now, even once its writer removes it.
struct SourceFile {
  std::string name = {};
  std::unique_ptr<ReadableFile> file = {};
};

template <typename Take>
std::string read_pieces(ReadableFile& file, Take&& take) {
  Hasher128 hasher;
  std::vector<std::byte> buffer(std::min<std::uint64_t>(kPiece, std::max<std::uint64_t>(file.size(), 1)));
  for (std::uint64_t at = 0; at < file.size();) {
    const std::span<std::byte> piece(buffer.data(), std::min<std::uint64_t>(buffer.size(), file.size() - at));
    file.read_at(at, piece);
    hasher.update(piece);
    take(std::span<const std::byte>(piece));
    at += piece.size();
  }
  return hasher.hex();
}

std::string hash_of(ReadableFile& file) {
  return read_pieces(file, [](std::span<const std::byte>) {});
}

// Copies, syncs, and reads back what was written.
std::string copy_checked(ReadableFile& from, const fs::path& to, Files& files) {
  const auto out = files.create(to);
  const std::string hash = read_pieces(from, [&](std::span<const std::byte> piece) { out->append(piece); });
  out->sync();
  out->close();
  if (hash_of(*files.open(to)) != hash)
    throw Error("what was written cannot be read back", {.file = to.string()});
  return hash;
}

// CURRENT's content, or nothing while it is replaced.
std::optional<std::string> manifest_name(const fs::path& database, Files& files) {
  try {
    std::string name(trim(files.read_whole(database / "CURRENT")));
    if (name.starts_with("MANIFEST-") && name.find('/') == std::string::npos) return name;
  } catch (const Error&) {
  }
  return std::nullopt;
}

// RocksDB's list of files (MANIFEST) is only appended to: while it has one length, the table files and logs
// that it stands for are all there. Logs may be longer than at that moment, which adds whole batches.
std::optional<std::vector<SourceFile>> open_together(const fs::path& database, Files& files) {
  try {
    const auto manifest = manifest_name(database, files);
    if (!manifest) return std::nullopt;
    std::vector<SourceFile> out;
    out.push_back({*manifest, files.open(database / *manifest)});
    for (const auto& entry : fs::directory_iterator(database)) {
      const std::string name = entry.path().filename().string();
      if (name.ends_with(".sst") || name.ends_with(".log")) out.push_back({name, files.open(entry.path())});
    }
    const bool same = manifest_name(database, files) == manifest &&
                      files.open(database / *manifest)->size() == out.front().file->size();
    if (same) return out;
  } catch (const fs::filesystem_error&) {
  } catch (const Error& error) {
    // A file that its writer has just removed: once more. Any other failure comes again.
    if (error.summary().find("No such file") == std::string::npos) throw;
  }
  return std::nullopt;
}

std::vector<SourceFile> open_store_files(const fs::path& database, Files& files) {
  for (int tries = 0; tries < kMaxTries; ++tries) {
    if (auto out = open_together(database, files)) return std::move(*out);
    std::this_thread::sleep_for(std::chrono::milliseconds(5 + tries));
  }
  throw Error("the store's files change too fast to be taken together",
              {.file = database.string(), .hint = "run the command again when less is written"});
}

class BackupWriter {
 public:
  BackupWriter(const Workspace& workspace, const fs::path& folder, ProgressSink& progress, Files& files)
      : workspace_(workspace), folder_(folder), progress_(progress), files_(files) {}

  BackupReport run(const BackupOptions& options) {
    files_.make_folders(backup_pool(folder_));
    const StoreLock lock(folder_ / "backup.lock", "the folder of backups");
    std::vector<BackupManifest> earlier = read_backup_manifests(folder_, files_);
    collect(earlier);
    manifest_.info.id = earlier.empty() ? 1 : earlier.back().info.id + 1;
    note_folder();
    files_.kill_point("backup.before_files");
    copy_files();
    files_.kill_point("backup.after_files");
    check_copy();
    files_.sync_folder(backup_pool(folder_));
    files_.kill_point("backup.before_manifest");
    files_.replace_whole(folder_ / backup_manifest_name(manifest_.info.id), write_backup_manifest(manifest_));
    files_.kill_point("backup.after_manifest");
    earlier.push_back(manifest_);
    prune(earlier, options.keep);
    report_.removed_files = collect(earlier);
    report_.info = manifest_.info;
    return report_;
  }

 private:
  // Removes files of the pool that no manifest names, and what killed runs left.
  std::uint64_t collect(const std::vector<BackupManifest>& manifests) {
    std::set<std::string> used;
    for (const BackupManifest& manifest : manifests)
      for (const BackupFile& file : manifest.files) used.insert(file.hash);
    std::vector<fs::path> old;
    for (const auto& entry : fs::directory_iterator(backup_pool(folder_)))
      if (!used.contains(entry.path().filename().string())) old.push_back(entry.path());
    for (const fs::path& path : old) files_.remove_all(path);
    files_.remove_all(folder_ / "check.tmp");
    return old.size();
  }

  void prune(std::vector<BackupManifest>& manifests, std::uint64_t keep) {
    while (keep > 0 && manifests.size() > keep) {
      files_.remove_all(folder_ / backup_manifest_name(manifests.front().info.id));
      manifests.erase(manifests.begin());
      ++report_.removed_backups;
    }
    if (report_.removed_backups > 0) files_.sync_folder(folder_);
  }

  void note_folder() {
    const std::vector<fs::path> known = backup_folders(workspace_, files_);
    const fs::path absolute = fs::weakly_canonical(folder_);
    if (std::find(known.begin(), known.end(), absolute) != known.end()) return;
    std::string text;
    for (const fs::path& each : known) text += each.string() + "\n";
    files_.replace_whole(workspace_.folder / "backup-folders", text + absolute.string() + "\n");
  }

  void copy_files() {
    std::vector<SourceFile> sources = open_store_files(workspace_.store() / "db", files_);
    std::uint64_t bytes = 0;
    for (const SourceFile& source : sources) bytes += source.file->size();
    progress_.begin("backup", bytes >> 20, "MiB");
    std::uint64_t done = 0;
    for (SourceFile& source : sources) {
      manifest_.files.push_back(copy_file(source));
      done += source.file->size();
      progress_.advance(done >> 20);
      source.file.reset();
    }
    progress_.end();
    add_current();
  }

  // Whether an earlier backup has it. One that was damaged since is written again, which mends that backup.
  bool is_whole(const BackupFile& file) const {
    const fs::path path = backup_pool(folder_) / file.hash;
    return fs::exists(path) && hash_of(*files_.open(path)) == file.hash;
  }

  BackupFile copy_file(SourceFile& source) {
    BackupFile out{.name = source.name, .size = source.file->size(), .hash = hash_of(*source.file)};
    const fs::path target = backup_pool(folder_) / out.hash;
    if (is_whole(out)) return out;
    if (copy_checked(*source.file, target, files_) != out.hash)
      throw Error("the file changed while it was read", {.file = source.name});
    added_[out.hash] = out.size;
    return out;
  }

  // Names the list of files that was taken.
  void add_current() {
    const std::string content = manifest_.files.front().name + "\n";
    BackupFile out{.name = "CURRENT",
                   .size = content.size(),
                   .hash = hash128_hex(std::as_bytes(std::span(content.data(), content.size())))};
    if (!is_whole(out)) {
      files_.write_whole(backup_pool(folder_) / out.hash, content);
      added_[out.hash] = out.size;
    }
    manifest_.files.push_back(std::move(out));
  }

  // Opens the copy as a store and reads every block of it. Table files that it does not need (they were just
  // replaced, or just being written) are left out.
  void check_copy() {
    const fs::path store = folder_ / "check.tmp";
    files_.make_folders(store / "db");
    for (const BackupFile& file : manifest_.files) {
      const fs::path from = backup_pool(folder_) / file.hash, to = store / "db" / file.name;
      std::error_code no_link;
      fs::create_hard_link(from, to, no_link);
      if (no_link) fs::copy_file(from, to);
    }
    {
      const GraphStore copy = GraphStore::open_reader(store, {}, files_);
      GraphStore::Impl& impl = copy.impl();
      impl.check(impl.db->VerifyChecksum(), "back up a damaged store");
      std::vector<rocksdb::LiveFileMetaData> live;
      impl.db->GetLiveFilesMetaData(&live);
      std::set<std::string> names;
      for (const rocksdb::LiveFileMetaData& file : live) names.insert(file.name.substr(1));
      std::erase_if(manifest_.files, [&](const BackupFile& file) {
        return file.name.ends_with(".sst") && !names.contains(file.name);
      });
      describe(copy);
    }
    files_.remove_all(store);
  }

  void describe(const GraphStore& copy) {
    const StoreInfo state = copy.info();
    BackupInfo& info = manifest_.info;
    info.created = std::chrono::duration_cast<std::chrono::milliseconds>(
                       std::chrono::system_clock::now().time_since_epoch())
                       .count();
    info.store_uuid = state.uuid;
    info.sequence = state.sequence;
    const graph::Schema& schema = copy.schema().graph;
    for (std::size_t i = 0; i < state.node_counts.size(); ++i)
      info.counts.emplace_back(schema.node_types()[i].name, state.node_counts[i]);
    for (std::size_t i = 0; i < state.edge_counts.size(); ++i)
      info.counts.emplace_back(schema.edge_types()[i].name, state.edge_counts[i]);
    info.files = manifest_.files.size();
    for (const BackupFile& file : manifest_.files) {
      info.bytes += file.size;
      if (added_.contains(file.hash)) {
        ++report_.new_files;
        report_.new_bytes += file.size;
      }
    }
  }

  const Workspace& workspace_;
  fs::path folder_;
  ProgressSink& progress_;
  Files& files_;
  BackupManifest manifest_;
  BackupReport report_;
  std::map<std::string, std::uint64_t> added_;  // hash -> bytes, by this run
};

void require(const BackupFile& file, const std::string& hash, const fs::path& path) {
  if (hash == file.hash) return;
  throw Error("a file of the backup is damaged: its checksum differs",
              {.file = path.string(),
               .value = hash,
               .expected = file.hash,
               .hint = "restore another backup; `weft backup` makes a new one"});
}

std::unique_ptr<ReadableFile> open_pooled(const fs::path& folder, const BackupFile& file, Files& files) {
  const fs::path path = backup_pool(folder) / file.hash;
  auto out = files.open(path);
  if (out->size() != file.size)
    throw Error("a file of the backup has the wrong size", {.file = path.string(),
                                                            .value = fmt::format("{} bytes", out->size()),
                                                            .expected = fmt::format("{} bytes", file.size)});
  return out;
}

// Snapshots of a later state may be here, and the store may come to their sequence numbers again with other
// events in it: its numbers go on behind them.
void number_past_snapshots(const fs::path& folder, const Workspace& workspace, Files& files) {
  const GraphStore store = GraphStore::open_existing(folder, {}, files);
  GraphStore::Impl& impl = store.impl();
  const auto newest = newest_snapshot(workspace, impl.uuid, files);
  if (!newest || newest->sequence <= impl.state.sequence) return;
  drop_changes(store);  // they lead to the number that the store had
  impl.state.sequence = newest->sequence + 1;
  rocksdb::WriteOptions write;
  write.sync = true;
  impl.check(impl.db->Put(write, impl.family(kMeta), "state", encode_state(impl.state)), "restore the store");
}

}  // namespace

BackupReport write_backup(const Workspace& workspace, const fs::path& folder, const BackupOptions& options,
                          ProgressSink& progress, Files& files) {
  if (!GraphStore::exists(workspace.store()))
    throw Error("there is no store here",
                {.file = workspace.store().string(), .hint = "run `weft ingest` first"});
  GraphStore::refuse_unfinished(workspace.store());
  return BackupWriter(workspace, folder, progress, files).run(options);
}

std::vector<BackupInfo> list_backups(const fs::path& folder, Files& files) {
  std::vector<BackupInfo> out;
  for (const BackupManifest& manifest : read_backup_manifests(folder, files)) out.push_back(manifest.info);
  return out;
}

BackupInfo check_backup(const fs::path& folder, std::uint64_t id, ProgressSink& progress, Files& files) {
  const BackupManifest manifest = read_backup_manifest_of(folder, id, files);
  progress.begin("check", manifest.info.bytes >> 20, "MiB");
  std::uint64_t done = 0;
  for (const BackupFile& file : manifest.files) {
    require(file, hash_of(*open_pooled(folder, file, files)), backup_pool(folder) / file.hash);
    progress.advance((done += file.size) >> 20);
  }
  progress.end();
  return manifest.info;
}

BackupInfo restore_backup(const fs::path& folder, std::uint64_t id, const Workspace& workspace,
                          ProgressSink& progress, Files& files) {
  const BackupManifest manifest = read_backup_manifest_of(folder, id, files);
  if (fs::exists(workspace.store()))
    throw Error("there is a store here already",
                {.file = workspace.store().string(),
                 .hint = "give another workspace (--set project.workspace=...), or move the store away"},
                ErrorKind::kUsage);
  const fs::path making = workspace.restoring();
  files.remove_all(making);  // by a killed run
  try {
    files.make_folders(making / "db");
    files.kill_point("restore.before_files");
    progress.begin("restore", manifest.info.bytes >> 20, "MiB");
    std::uint64_t done = 0;
    for (const BackupFile& file : manifest.files) {
      require(file, copy_checked(*open_pooled(folder, file, files), making / "db" / file.name, files),
              backup_pool(folder) / file.hash);
      progress.advance((done += file.size) >> 20);
    }
    progress.end();
    files.sync_folder(making / "db");
    files.kill_point("restore.after_files");
    {
      const GraphStore store = GraphStore::open_reader(making, {}, files);
      if (store.info().uuid != manifest.info.store_uuid || store.info().sequence != manifest.info.sequence)
        throw Error("the backup holds another state than its manifest says", {.file = folder.string()});
      const VerifyReport report = verify_store(store, progress);
      if (!report.ok())
        throw Error(fmt::format("the backed-up store is not sound: {}", report.problems.front()),
                    {.file = folder.string(), .hint = "restore another backup"});
    }
    number_past_snapshots(making, workspace, files);
    files.kill_point("restore.before_rename");
    files.rename(making, workspace.store());
  } catch (...) {
    std::error_code ignored;  // the first failure is the one to report
    fs::remove_all(making, ignored);
    throw;
  }
  files.sync_folder(workspace.folder);
  files.kill_point("restore.after_rename");
  return manifest.info;
}

std::vector<fs::path> backup_folders(const Workspace& workspace, Files& files) {
  std::vector<fs::path> out;
  const fs::path list = workspace.folder / "backup-folders";
  if (!fs::exists(list)) return out;
  const std::string text = files.read_whole(list);
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    if (end > at) out.emplace_back(text.substr(at, end - at));
    at = end + 1;
  }
  return out;
}

}  // namespace weft::storage
