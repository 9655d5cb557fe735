// The mark of a forgetting whose second step is due: meta "forget/mark", whose value is the content hashes
// (32 hexadecimal digits each) of texts and media that went, so that their cached vectors can be found.
// Internal to storage/forget*.cc.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "storage/store_impl.h"

namespace weft::storage {

inline constexpr std::string_view kForgetMarkKey = "forget/mark";
inline constexpr std::size_t kContentHashDigits = 32;

// Sets the mark, with the hashes of an earlier one that still stands.
void add_to_mark(const GraphStore::Impl& impl, const std::vector<std::string>& content_hashes,
                 rocksdb::WriteBatch& batch);

}  // namespace weft::storage
