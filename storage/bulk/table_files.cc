#include "storage/bulk/table_files.h"

#include <utility>

namespace weft::storage {
namespace {

constexpr std::uint64_t kMaxFileBytes = std::uint64_t{64} << 20;
constexpr std::size_t kPutsBetweenChecks = 4096;
constexpr std::uint64_t kBytesPerSync = std::uint64_t{4} << 20;

}  // namespace

TableFiles::TableFiles(Scratch& scratch, const GraphStore::Impl& store, Family family)
    : scratch_(scratch),
      store_(store),
      family_(family),
      options_(bulk_table_options(store.db->GetOptions(store.family(family)))) {}

TableFiles::~TableFiles() = default;

void TableFiles::open() {
  files_.push_back({.path = scratch_.new_path("sst").string()});
  rocksdb::EnvOptions environment;
  // The disk is to begin while the file is written, not when it is synced.
  environment.bytes_per_sync = kBytesPerSync;
  // What is taken in is read at once: it had better stay in the system's cache.
  constexpr bool kInvalidatePageCache = false;
  writer_ = std::make_unique<rocksdb::SstFileWriter>(environment, options_, store_.family(family_),
                                                     kInvalidatePageCache);
  store_.check(writer_->Open(files_.back().path), "write a table file");
}

void TableFiles::close() {
  if (!writer_) return;
  rocksdb::ExternalSstFileInfo info;
  store_.check(writer_->Finish(&info), "write a table file");
  files_.back().last = std::exchange(last_, {});
  scratch_.grew(info.file_size);
  writer_.reset();
}

void TableFiles::put(std::string_view key, std::string_view value) {
  if (!writer_) open();
  if (const rocksdb::Status status = writer_->Put(slice(key), slice(value)); !status.ok())
    store_.check(status, "write a table file");
  if (last_.empty()) files_.back().first = key;
  last_.assign(key);
  count();
}

void TableFiles::erase(std::string_view key) {
  if (!writer_) open();
  if (const rocksdb::Status status = writer_->Delete(slice(key)); !status.ok())
    store_.check(status, "write a table file");
  count();
}

void TableFiles::count() {
  if (++since_check_ < kPutsBetweenChecks) return;
  since_check_ = 0;
  if (writer_->FileSize() >= kMaxFileBytes) close();
}

std::vector<TableFile> TableFiles::finish() {
  close();
  return files_;
}

}  // namespace weft::storage
