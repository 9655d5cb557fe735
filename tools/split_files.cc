#include "tools/split_files.h"

#include <fmt/format.h>

#include <array>
#include <memory>
#include <string>

#include "base/files.h"

namespace weft::tools {
namespace {

std::string escaped(std::string_view id) {
  std::string out;
  for (const char c : id) {
    if (c == '\t')
      out += "\\t";
    else if (c == '\n')
      out += "\\n";
    else if (c == '\r')
      out += "\\r";
    else if (c == '\\')
      out += "\\\\";
    else
      out += c;
  }
  return out;
}

}  // namespace

void write_split_files(const graph::Snapshot& snapshot, const graph::Split& split,
                       const std::filesystem::path& folder) {
  Files& files = real_files();
  files.make_folders(folder);
  const graph::EdgeType& type = snapshot.schema().edge_type(split.target);
  const graph::CsrView csr = snapshot.outgoing(split.target);
  const graph::EdgeColumns columns = snapshot.edge_columns(split.target);
  const std::vector<graph::NodeId> rows = snapshot.edge_rows(split.target);
  std::array<std::unique_ptr<WritableFile>, 3> out;
  for (std::size_t p = 0; p < out.size(); ++p) {
    out[p] = files.create(folder / fmt::format("{}.tsv", graph::part_name(static_cast<graph::Part>(p))));
    out[p]->append(std::string_view("user\titem\ttime\tweight\n"));
  }
  for (std::size_t e = 0; e < csr.edges(); ++e) {
    const std::string time = csr.times.empty() ? "" : std::to_string(csr.times[e]);
    const std::string weight = columns.weights.empty() ? "" : fmt::format("{}", columns.weights[e]);
    out[static_cast<std::size_t>(split.parts[split.target][e])]->append(std::string_view(
        fmt::format("{}\t{}\t{}\t{}\n", escaped(snapshot.external_id({type.from, rows[e]})),
                    escaped(snapshot.external_id({type.to, csr.targets[e]})), time, weight)));
  }
  for (auto& file : out) file->close();
}

}  // namespace weft::tools
