#include "gnn/baselines/oracle.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "base/error.h"
#include "base/files.h"

namespace weft::gnn {

namespace {

// For each node of the type, the line of `path` that holds its external id.
std::vector<std::size_t> lines_of_nodes(const std::filesystem::path& path, std::size_t expected_lines,
                                        const graph::Snapshot& snapshot, graph::NodeTypeId type) {
  const std::string text = real_files().read_whole(path);
  std::vector<std::size_t> places(snapshot.node_count(type), OracleScorer::kNone);
  std::size_t line = 0;
  for (std::size_t at = 0; at < text.size(); ++line) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view id = std::string_view(text).substr(at, end - at);
    at = end + 1;
    const auto node = snapshot.find_node(type, id);
    if (!node) continue;  // known to the generator but not in any log
    if (places[*node] != OracleScorer::kNone) {
      throw Error("an id is listed twice",
                  {.file = path.string(), .line = line + 1, .value = std::string(id)});
    }
    places[*node] = line;
  }
  if (line != expected_lines) {
    throw Error(fmt::format("{} ids for a matrix side of {}", line, expected_lines), {.file = path.string()});
  }
  return places;
}

}  // namespace

OracleScorer::OracleScorer(NpyFile matrix, std::vector<std::size_t> rows, std::vector<std::size_t> columns)
    : matrix_(std::move(matrix)), rows_(std::move(rows)), columns_(std::move(columns)) {
  for (const std::size_t row : rows_) WEFT_CHECK(row == kNone || row < matrix_.rows());
  for (const std::size_t column : columns_) WEFT_CHECK(column == kNone || column < matrix_.columns());
}

OracleScorer OracleScorer::open(const std::filesystem::path& folder, const graph::Snapshot& snapshot,
                                graph::NodeTypeId user_type, graph::NodeTypeId item_type) {
  NpyFile matrix = NpyFile::open(folder / "affinity.npy");
  auto rows = lines_of_nodes(folder / "users.txt", matrix.rows(), snapshot, user_type);
  auto columns = lines_of_nodes(folder / "items.txt", matrix.columns(), snapshot, item_type);
  return {std::move(matrix), std::move(rows), std::move(columns)};
}

void OracleScorer::score(std::span<const graph::NodeId> users, std::span<float> out) const {
  std::vector<float> row(matrix_.columns());
  for (std::size_t u = 0; u < users.size(); ++u) {
    float* const scores = out.data() + u * columns_.size();
    const bool known = users[u] < rows_.size() && rows_[users[u]] != kNone;
    if (known) matrix_.read_row(rows_[users[u]], row);
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      scores[i] = columns_[i] == kNone ? -std::numeric_limits<float>::infinity()
                  : known              ? row[columns_[i]]
                                       : 0.0F;
    }
  }
}

}  // namespace weft::gnn
