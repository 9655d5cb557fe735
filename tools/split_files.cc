#include "tools/split_files.h"

#include <fmt/format.h>

#include <array>
#include <memory>
#include <string>

#include "base/files.h"
#include "tools/tsv.h"

namespace weft::tools {
namespace {

std::filesystem::path temporary(std::filesystem::path name) {
  return name += ".tmp";
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
  std::array<std::filesystem::path, 3> names;
  std::array<std::unique_ptr<WritableFile>, 3> out;
  for (std::size_t p = 0; p < out.size(); ++p) {
    names[p] = folder / fmt::format("{}.tsv", graph::part_name(static_cast<graph::Part>(p)));
    out[p] = files.create(temporary(names[p]));
    out[p]->append(std::string_view("user\titem\ttime\tweight\n"));
  }
  for (std::size_t e = 0; e < csr.edges(); ++e) {
    const std::string time = csr.times.empty() ? "" : std::to_string(csr.times[e]);
    const std::string weight = columns.weights.empty() ? "" : fmt::format("{}", columns.weights[e]);
    out[static_cast<std::size_t>(split.parts[split.target][e])]->append(std::string_view(
        fmt::format("{}\t{}\t{}\t{}\n", tsv_escaped(snapshot.external_id({type.from, rows[e]})),
                    tsv_escaped(snapshot.external_id({type.to, csr.targets[e]})), time, weight)));
  }
  for (auto& file : out) {
    file->sync();
    file->close();
  }
  for (const auto& name : names) files.rename(temporary(name), name);
}

}  // namespace weft::tools
