#include "storage/vector_cache.h"

#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include <algorithm>

#include "base/hash.h"
#include "storage/keys.h"
#include "storage/rocksdb_files.h"
#include "storage/rocksdb_options.h"
#include "storage/store_lock.h"

namespace weft::storage {

struct VectorCache::Impl {
  std::string folder;
  std::unique_ptr<StoreLock> lock;
  std::unique_ptr<rocksdb::Env> env;  // null: RocksDB's default
  std::unique_ptr<rocksdb::DB> db;
};

VectorCache::VectorCache(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
VectorCache::VectorCache(VectorCache&&) noexcept = default;
VectorCache& VectorCache::operator=(VectorCache&&) noexcept = default;
VectorCache::~VectorCache() = default;

VectorCache VectorCache::open(const std::filesystem::path& folder, Files& files) {
  auto impl = std::make_unique<Impl>();
  impl->folder = folder.string();
  files.make_folders(folder);
  impl->lock = std::make_unique<StoreLock>(folder / "writer.lock", "the cache of vectors");
  const StoreOptions options{.block_cache_bytes = std::size_t{64} << 20};
  rocksdb::Options all(database_options(options), family_options(kFields, options, block_cache(options)));
  all.create_if_missing = true;
  impl->env = fault_environment(files);
  if (impl->env) all.env = impl->env.get();
  rocksdb::DB* raw = nullptr;
  check_status(rocksdb::DB::Open(all, (folder / "db").string(), &raw), "open the cache of vectors",
               impl->folder);
  impl->db.reset(raw);
  return VectorCache(std::move(impl));
}

std::vector<std::optional<std::string>> VectorCache::get_many(std::span<const std::string> keys) const {
  std::vector<rocksdb::Slice> slices(keys.begin(), keys.end());
  std::vector<std::string> values;
  const std::vector<rocksdb::Status> statuses = impl_->db->MultiGet(rocksdb::ReadOptions(), slices, &values);
  std::vector<std::optional<std::string>> out(keys.size());
  for (std::size_t i = 0; i < keys.size(); ++i) {
    // Damage counts as absence: the vector is computed again.
    if (!statuses[i].ok() || values[i].size() < 8) continue;
    const std::string_view payload = std::string_view(values[i]).substr(8);
    if (get_little<std::uint64_t>(values[i], 0) == hash64(payload, hash64(keys[i])))
      out[i] = std::string(payload);
  }
  return out;
}

void VectorCache::put_many(std::span<const std::pair<std::string, std::string>> entries) {
  rocksdb::WriteBatch batch;
  std::string value;
  for (const auto& [key, payload] : entries) {
    value.clear();
    put_little(value, hash64(payload, hash64(key)));
    value += payload;
    check_status(batch.Put(key, value), "write to the cache of vectors", impl_->folder);
  }
  check_status(impl_->db->Write(rocksdb::WriteOptions(), &batch), "write to the cache of vectors",
               impl_->folder);
}

void VectorCache::keep_only(const std::set<std::string>& prefixes) {
  std::string end;  // behind the last key
  {
    const std::unique_ptr<rocksdb::Iterator> it(impl_->db->NewIterator(rocksdb::ReadOptions()));
    it->SeekToLast();
    check_status(it->status(), "read the cache of vectors", impl_->folder);
    if (!it->Valid()) return;
    end = it->key().ToString() + '\0';
  }
  rocksdb::WriteBatch batch;
  const auto remove = [&](const std::string& from, const std::string& to) {
    if (from < to)
      check_status(batch.DeleteRange(from, to), "delete from the cache of vectors", impl_->folder);
  };
  std::string from;  // behind all keys of the prefixes so far
  for (const std::string& prefix : prefixes) {
    remove(from, std::min(prefix, end));
    std::string next = prefix;
    while (!next.empty() && next.back() == '\xff') next.pop_back();
    if (next.empty())
      next = end;
    else
      next.back() = static_cast<char>(next.back() + 1);
    from = std::max(from, next);
  }
  remove(from, end);
  if (batch.Count() == 0) return;
  check_status(impl_->db->Write(rocksdb::WriteOptions(), &batch), "write to the cache of vectors",
               impl_->folder);
  check_status(impl_->db->CompactRange(rocksdb::CompactRangeOptions(), nullptr, nullptr),
               "compact the cache of vectors", impl_->folder);
}

void VectorCache::remove_content(const std::set<std::string>& names) {
  rocksdb::WriteBatch batch;
  {
    const std::unique_ptr<rocksdb::Iterator> it(impl_->db->NewIterator(rocksdb::ReadOptions()));
    for (it->SeekToFirst(); it->Valid(); it->Next()) {
      const std::string key = it->key().ToString();
      const std::size_t slash = key.rfind('/');
      if (slash == std::string::npos || !names.contains(key.substr(slash + 1))) continue;
      check_status(batch.Delete(key), "delete from the cache of vectors", impl_->folder);
    }
    check_status(it->status(), "read the cache of vectors", impl_->folder);
  }
  if (batch.Count() == 0) return;
  rocksdb::WriteOptions write;
  write.sync = true;
  check_status(impl_->db->Write(write, &batch), "write to the cache of vectors", impl_->folder);
  check_status(impl_->db->Flush(rocksdb::FlushOptions()), "write to the cache of vectors", impl_->folder);
  rocksdb::CompactRangeOptions options;
  options.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForceOptimized;
  check_status(impl_->db->CompactRange(options, nullptr, nullptr), "compact the cache of vectors",
               impl_->folder);
}

}  // namespace weft::storage
