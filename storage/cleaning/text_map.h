// A map of texts: names or ids of one source to those of another. From an inline table of the project file,
// or from a CSV or tab-separated file whose first two columns are "from" and "to".
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/files.h"
#include "base/hash.h"
#include "base/toml.h"
#include "storage/source_files.h"

namespace weft::storage {

class TextMap {
 public:
  // Null if there is none. Valid as long as the map is.
  const std::string* find(std::string_view from) const;
  // False if `from` is there with another target.
  bool add(std::string from, std::string to);
  std::size_t size() const { return texts_.size(); }
  // Of the pairs, in whatever order they were added.
  std::uint64_t fingerprint() const { return sums_.empty() ? 0 : sums_.back(); }
  // The same after each of the pairs, in the order of a file.
  std::span<const std::uint64_t> fingerprints() const { return sums_; }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return hash64(text); }
  };
  std::unordered_map<std::string, std::string, Hash, std::equal_to<>> texts_;
  std::vector<std::uint64_t> sums_;
};

// `section`'s key: a table of pairs, or a file's name (as SourceResolver takes one). Throws Error (kUsage)
// for a file that is missing, has fewer than two columns, bad rows, an empty text, or two targets of one
// text. A file that may be missing and is gives an empty map.
std::shared_ptr<const TextMap> read_text_map(const TomlSection& section, std::string_view key,
                                             const SourceResolver& resolver, Files& files = real_files());

}  // namespace weft::storage
