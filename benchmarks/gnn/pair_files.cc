#include "benchmarks/gnn/pair_files.h"

#include <zlib.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <string>

#include "base/error.h"
#include "base/strings.h"

namespace weft::gnn {

PairList read_pairs(const std::filesystem::path& folder, const std::string& name) {
  std::filesystem::path path = folder / (name + ".gz");
  if (!std::filesystem::exists(path)) path = folder / name;
  const std::unique_ptr<gzFile_s, int (*)(gzFile)> file(gzopen(path.c_str(), "rb"), gzclose);
  if (!file) throw Error("cannot open the file", {.file = path.string()});
  PairList pairs;
  char buffer[256];
  for (std::uint64_t line = 1; gzgets(file.get(), buffer, sizeof buffer) != nullptr; ++line) {
    const std::string_view text = trim(buffer);
    if (line == 1 || text.empty()) continue;
    graph::NodeId user = 0;
    graph::NodeId item = 0;
    const char* const end = text.data() + text.size();
    const auto first = std::from_chars(text.data(), end, user);
    const bool comma = first.ec == std::errc() && first.ptr != end && *first.ptr == ',';
    const auto second = comma ? std::from_chars(first.ptr + 1, end, item) : first;
    if (!comma || second.ec != std::errc() || second.ptr != end || user >= graph::kNoNode - 1 ||
        item >= graph::kNoNode - 1) {
      throw Error("this is no pair",
                  {.file = path.string(), .line = line, .value = excerpt(text), .expected = "user,item"});
    }
    pairs.emplace_back(user, item);
  }
  int status = Z_OK;
  gzerror(file.get(), &status);
  if (status != Z_OK && status != Z_STREAM_END) throw Error("the file is damaged", {.file = path.string()});
  return pairs;
}

PairSizes sizes_of(std::initializer_list<const PairList*> lists) {
  PairSizes sizes;
  for (const PairList* list : lists) {
    for (const auto& [user, item] : *list) {
      sizes.users = std::max<std::size_t>(sizes.users, user + 1);
      sizes.items = std::max<std::size_t>(sizes.items, item + 1);
    }
  }
  return sizes;
}

graph::PositiveIndex index_pairs(PairList pairs, std::size_t rows) {
  std::sort(pairs.begin(), pairs.end());
  std::vector<std::uint64_t> offsets(rows + 1, 0);
  std::vector<graph::NodeId> targets;
  targets.reserve(pairs.size());
  for (const auto& [row, target] : pairs) {
    ++offsets[row + 1];
    targets.push_back(target);
  }
  for (std::size_t r = 0; r < rows; ++r) offsets[r + 1] += offsets[r];
  return {graph::CsrView{.offsets = offsets, .targets = targets}, {}};
}

}  // namespace weft::gnn
