#include "tools/row_cleaning.h"

#include <fmt/format.h>

#include <array>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "base/hash.h"
#include "base/strings.h"
#include "gnn/task_options.h"
#include "gnn/train_options.h"
#include "tools/table.h"
#include "tools/vector_kind.h"

namespace weft::tools {
namespace {

namespace fs = std::filesystem;

std::string constants_name(std::uint64_t trained_on) {
  return fmt::format("clean-{}.json", to_hex(trained_on));
}

std::uint64_t sum(const std::array<std::uint64_t, graph::kPartCount>& by_part) {
  std::uint64_t all = 0;
  for (const std::uint64_t edges : by_part) all += edges;
  return all;
}

Json by_part_json(const std::array<std::uint64_t, graph::kPartCount>& by_part) {
  Json out = Json::object();
  for (std::size_t part = 0; part < by_part.size(); ++part)
    out[std::string(graph::part_name(static_cast<graph::Part>(part)))] = by_part[part];
  return out;
}

}  // namespace

void check_row_rules(const TomlSection& root, const storage::Project& project) {
  const std::vector<std::string> ahead =
      graph::pairs_that_look_ahead(project.row_rules, project.schema.graph);
  if (ahead.empty() || wanted_vectors(root)) return;
  graph::Split split;
  split.spec = gnn::read_task_options(root).split;
  if (gnn::resolve_batching(gnn::read_train_options(root).batching, split) == gnn::Batching::kShared) return;
  root.section("clean").section("pairs").fail(
      ahead.front(), "would hide from training at a time what a later event of the pair replaces",
      "\"first\" or \"all\" where training looks at the graph as it was at a time",
      "or train without times: task.split \"random\" with train.batching \"shared\", or model.kind "
      "\"lightgcn\" or \"skipgram\"");
}

std::optional<graph::CleanConstants> model_constants(const fs::path& folder, std::uint64_t trained_on,
                                                     const graph::Schema& schema) {
  const fs::path file = folder / constants_name(trained_on);
  if (!fs::exists(file)) return std::nullopt;
  return graph::CleanConstants::from_text(real_files().read_whole(file), schema, file.string());
}

void save_constants(const fs::path& folder, std::uint64_t trained_on, const graph::CleanConstants& constants,
                    const graph::Schema& schema) {
  real_files().replace_whole(folder / constants_name(trained_on), constants.to_text(schema));
}

void prune_constants(const fs::path& folder, std::uint64_t trained_on) {
  std::vector<fs::path> old;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("clean-") && name.ends_with(".json") && name != constants_name(trained_on))
      old.push_back(entry.path());
  }
  for (const fs::path& file : old) real_files().remove_all(file);
}

Json row_cleaning_json(const storage::CleanedGraph& cleaned, const graph::Schema& schema) {
  Json out = {{"rules", cleaned.constants.rules.text(schema)},
              {"removed", cleaned.edges.removed()},
              {"snapshot", cleaned.snapshot.folder().string()},
              {"edges", Json::object()},
              {"outside_core", Json::object()}};
  for (std::size_t type = 0; type < schema.edge_types().size(); ++type) {
    if (sum(cleaned.edges.repeats[type]) + sum(cleaned.edges.outside[type]) == 0) continue;
    out["edges"][schema.edge_types()[type].name] = {
        {"repeats", by_part_json(cleaned.edges.repeats[type])},
        {"outside_core", by_part_json(cleaned.edges.outside[type])},
        {"summed", cleaned.edges.summed[type].size()},
        {"left", cleaned.snapshot.edge_count(static_cast<graph::EdgeTypeId>(type))}};
  }
  for (std::size_t type = 0; type < schema.node_types().size(); ++type) {
    if (cleaned.constants.rules.core[type] > 0)
      out["outside_core"][schema.node_types()[type].name] = cleaned.constants.outside[type].size();
  }
  return out;
}

std::string row_cleaning_text(const Json& json) {
  Table table({"cleaned for training", "why", "train", "valid", "test", "left"});
  for (const auto& [name, type] : json["edges"].items()) {
    std::string shown = name;
    for (const auto& [key, why] :
         {std::pair("repeats", "repeated pairs"), std::pair("outside_core", "outside the core")}) {
      const Json& by_part = type[key];
      const auto of = [&](const char* part) { return by_part[part].get<std::uint64_t>(); };
      if (of("train") + of("valid") + of("test") == 0) continue;
      table.add({printable(std::exchange(shown, "")), why, with_commas(of("train")), with_commas(of("valid")),
                 with_commas(of("test")), with_commas(type["left"].get<std::uint64_t>())});
    }
  }
  std::string text = fmt::format("rules over rows: {}; {} edges taken away", json["rules"].get<std::string>(),
                                 with_commas(json["removed"].get<std::uint64_t>()));
  for (const auto& [name, nodes] : json["outside_core"].items())
    text +=
        fmt::format("\n  {} {} nodes are outside the core", with_commas(nodes.get<std::uint64_t>()), name);
  return json["edges"].empty() ? text : text + "\n" + table.text();
}

}  // namespace weft::tools
