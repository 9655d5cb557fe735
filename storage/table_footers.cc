#include "storage/table_footers.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <system_error>
#include <vector>

#include "base/error.h"

namespace weft::storage {
namespace {

namespace fs = std::filesystem;

// Of table format 5, which is the one that is written: type of checksum, two block handles, padding, version,
// magic number. A block is followed by its compression and checksum.
constexpr std::size_t kFooterBytes = 53;
constexpr std::size_t kBlockTrailerBytes = 5;
constexpr std::array<unsigned char, 8> kMagic = {0xF7, 0xCF, 0xF4, 0x85, 0xB7, 0x41, 0xE2, 0x88};

// A file that a writer has not finished, or whose end is damaged: that is an error to RocksDB, or none of its
// files.
bool is_whole(std::span<const char, kFooterBytes> footer) {
  return std::equal(kMagic.begin(), kMagic.end(), footer.last<kMagic.size()>().begin(),
                    [](unsigned char a, char b) { return a == static_cast<unsigned char>(b); });
}

// Where the block that lists the others begins; the properties lie before it.
std::optional<std::uint64_t> list_offset(std::span<const char> footer) {
  std::uint64_t offset = 0;
  for (std::size_t i = 1; i < 10; ++i) {
    const auto byte = static_cast<unsigned char>(footer[i]);
    offset |= static_cast<std::uint64_t>(byte & 0x7F) << (7 * (i - 1));
    if (byte < 0x80) return offset;
  }
  return std::nullopt;
}

}  // namespace

bool ends_the_process(const fs::path& table, Files& files) {
  const auto file = files.open(table);
  if (file->size() < kFooterBytes) return false;
  std::array<char, kFooterBytes> footer = {};
  file->read_at(file->size() - kFooterBytes, std::span<char>(footer));
  if (!is_whole(footer)) return false;
  const auto list = list_offset(footer);
  if (!list || *list <= kBlockTrailerBytes || *list > file->size()) return false;
  std::array<char, 1> last = {};
  file->read_at(*list - kBlockTrailerBytes - 1, std::span<char>(last));
  return (static_cast<unsigned char>(last[0]) & 0x80) != 0;
}

void check_table_footers(const fs::path& database, Files& files) {
  std::error_code code;
  std::vector<fs::path> tables;
  for (const auto& entry : fs::directory_iterator(database, code)) {
    if (entry.path().extension() == ".sst") tables.push_back(entry.path());
  }
  for (const fs::path& table : tables) {
    bool damaged = false;
    try {
      damaged = ends_the_process(table, files);
    } catch (const Error&) {
      if (fs::exists(table)) throw;
    }
    if (damaged) {
      throw Error("a table file's properties are damaged",
                  {.file = table.string(),
                   .hint = "`weft repair` makes a store of the others; or `weft restore` a backup"});
    }
  }
}

}  // namespace weft::storage
