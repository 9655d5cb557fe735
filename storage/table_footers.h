// A look at the ends of RocksDB's table files before RocksDB opens them.
#pragma once

#include <filesystem>

#include "base/files.h"

namespace weft::storage {

// RocksDB 7.8 reads a table's block of properties before it checks the block's checksum, and where it is
// built with assertions (as Debian's is) one damaged bit of it ends the process: the one that says that a
// block has a hash index, which this block never has. Throws Error if a table file in `database` has it set.
// Files that vanish meanwhile, as under a reader, are passed over, and so is what RocksDB itself refuses.
bool ends_the_process(const std::filesystem::path& table, Files& files);
void check_table_footers(const std::filesystem::path& database, Files& files);

}  // namespace weft::storage
