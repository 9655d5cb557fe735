// StoreOptions in RocksDB's words. The only place that tunes RocksDB.
#pragma once

#include <rocksdb/options.h>

#include <string>

#include "storage/keys.h"
#include "storage/store_options.h"

namespace weft::storage {

rocksdb::DBOptions database_options(const StoreOptions& options);
rocksdb::ColumnFamilyOptions family_options(Family family, const StoreOptions& options,
                                            const std::shared_ptr<rocksdb::Cache>& cache);
// For table files that a bulk load writes: as the family's own, with the compression that they keep until
// they are compacted.
rocksdb::Options bulk_table_options(rocksdb::Options options);
std::shared_ptr<rocksdb::Cache> block_cache(const StoreOptions& options);

// Throws Error for a status that is not ok; `doing` as in "open the store".
void check_status(const rocksdb::Status& status, const std::string& doing, const std::string& folder);

// A file of the store is not there: to a reader, perhaps because the writer has just replaced it.
bool is_missing_file(const rocksdb::Status& status);

}  // namespace weft::storage
