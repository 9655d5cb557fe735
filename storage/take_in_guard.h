// Keeps a store whole while RocksDB takes table files into it, whatever fails meanwhile. Two things that
// RocksDB 7.8 does would cost the data that is there:
// - Where its list of files cannot be written it removes the table files that it was to take in, although the
//   list on disk may name them by then: the database could not be opened again. Guarded, it removes no table
//   file; those that no list names go when the database is next opened.
// - It finds the range of keys of a table file by reading it, and takes one that it cannot read for empty:
//   some of its entries would not be found later. Guarded, once a table file could not be read nothing more
//   is written to the list of files, so that taking them in fails as a whole.
#pragma once

#include <rocksdb/file_system.h>

#include <atomic>
#include <memory>

namespace weft::storage {

// Thread-safe.
class TakeInGuard {
 public:
  void begin() {
    unread_ = false;
    guards_ = true;
  }
  // Only after all was taken in. After a failure it goes on guarding until the database is closed: RocksDB
  // looks for files to remove when other work of its own fails.
  void end() { guards_ = false; }
  bool guards() const { return guards_; }

  void could_not_read() { unread_ = true; }
  bool holds_back_list() const { return guards_ && unread_; }

 private:
  std::atomic<bool> guards_ = false, unread_ = false;
};

// `inner` as it is while the guard does not guard. `guard` must outlive the file system.
std::shared_ptr<rocksdb::FileSystem> guarded_file_system(std::shared_ptr<rocksdb::FileSystem> inner,
                                                         TakeInGuard& guard);

}  // namespace weft::storage
