// Sorted keys and values of one column family as table files that RocksDB takes in whole.
#pragma once

#include <rocksdb/sst_file_writer.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/spool.h"
#include "storage/store_impl.h"

namespace weft::storage {

struct TableFile {
  std::string path = {};
  std::string first = {}, last = {};  // keys with values; empty: it only erases
};

// Keys must ascend. Not thread-safe; several may write side by side.
class TableFiles {
 public:
  TableFiles(Scratch& scratch, const GraphStore::Impl& store, Family family);
  ~TableFiles();

  void put(std::string_view key, std::string_view value);
  void erase(std::string_view key);  // that the store has
  // The files, synced. They go with the temporary folder unless RocksDB moves them.
  std::vector<TableFile> finish();
  Family family() const { return family_; }

 private:
  void open();
  void close();
  void count();  // an entry

  Scratch& scratch_;
  const GraphStore::Impl& store_;
  Family family_;
  rocksdb::Options options_;
  std::unique_ptr<rocksdb::SstFileWriter> writer_;
  std::size_t since_check_ = 0;
  std::string last_;  // key with a value, of the file that is open
  std::vector<TableFile> files_;
};

}  // namespace weft::storage
