#include "graph/snapshot_folder.h"

#include <algorithm>
#include <exception>

#include "base/error.h"

namespace weft::graph {

SnapshotFolder::SnapshotFolder(const std::filesystem::path& folder, Files& files)
    : files_(files), target_(folder.lexically_normal()) {
  if (!target_.has_filename()) target_ = target_.parent_path();  // "a/b/" is "a/b"
  if (std::filesystem::symlink_status(target_).type() != std::filesystem::file_type::not_found) {
    throw Error("snapshot folder is there already",
                {.file = target_.string(), .hint = "choose another name or remove it"});
  }
  temporary_ = target_;
  temporary_ += ".tmp";
  try {
    files_.remove_all(temporary_);
    files_.make_folders(temporary_);
  } catch (...) {
    discard();
    throw;
  }
}

SnapshotFolder::~SnapshotFolder() {
  if (!published_) discard();
}

void SnapshotFolder::discard() noexcept {
  try {
    files_.remove_all(temporary_);
  } catch (const std::exception&) {  // the first error is the one to report; the next write removes the rest
  }
}

namespace {

void sync_and_close(WritableFile& file) {
  file.sync();
  file.close();
}

}  // namespace

void SnapshotFolder::add(ManifestFile file, std::unique_ptr<WritableFile> written) {
  written->start_sync();
  std::unique_ptr<WritableFile> oldest;
  {
    const std::lock_guard lock(mutex_);
    written_.push_back(std::move(file));
    not_synced_.push_back(std::move(written));
    if (not_synced_.size() > kMostOpen) {
      oldest = std::move(not_synced_.front());
      not_synced_.pop_front();
    }
  }
  if (oldest) sync_and_close(*oldest);
}

SnapshotInfo SnapshotFolder::seal(Manifest manifest) {
  for (; !not_synced_.empty(); not_synced_.pop_front()) sync_and_close(*not_synced_.front());
  std::sort(written_.begin(), written_.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  manifest.files = written_;
  manifest.info.checksum = files_checksum(manifest.files);
  files_.kill_point("snapshot.before_manifest");
  files_.write_whole(temporary_ / kManifestName, write_manifest(manifest));
  files_.sync_folder(temporary_);
  return manifest.info;
}

void SnapshotFolder::publish() {
  files_.kill_point("snapshot.before_rename");
  files_.rename(temporary_, target_);
  try {
    files_.sync_folder(target_.parent_path());
  } catch (...) {  // whole, but perhaps gone after a power cut: the caller was told that it failed, so it
                   // must not be there
    try {
      files_.rename(target_, temporary_);
    } catch (const std::exception&) {
    }
    throw;
  }
  published_ = true;
  files_.kill_point("snapshot.after_rename");
}

void SnapshotFile::close() {
  entry_.hash = hasher_.digest();
  folder_.add(std::move(entry_), std::move(file_));
}

}  // namespace weft::graph
