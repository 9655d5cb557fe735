// RocksDB's own files under the faults of the file layer: what it writes, syncs, renames, opens and reads can
// be made to fail like any other file of weft's.
#pragma once

#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

#include <memory>

#include "base/files.h"

namespace weft::storage {

// For Options::env, and to be kept for as long as the database is open; null where `files` are no
// FaultFiles: then RocksDB's default is as good.
std::unique_ptr<rocksdb::Env> fault_environment(Files& files);
// The same without clock and threads; RocksDB's default file system where `files` are no FaultFiles.
std::shared_ptr<rocksdb::FileSystem> fault_file_system(Files& files);

}  // namespace weft::storage
