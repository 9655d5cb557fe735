#include "tools/path_report.h"

#include <fmt/format.h>

#include <algorithm>

#include "storage/values.h"
#include "tools/table.h"

namespace weft::tools {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kNameCells = 60;

Json node_json(const graph::Snapshot& snapshot, graph::NodeRef node) {
  return {{"type", snapshot.schema().node_type(node.type).name},
          {"id", snapshot.external_id(node)},
          {"name", snapshot.display_name(node)}};
}

// 2025-10-01 12:33
std::string minute(graph::TimeMs time) {
  std::string text = storage::time_text(time).substr(0, 16);
  std::replace(text.begin(), text.end(), 'T', ' ');
  return text;
}

std::string arrow(const graph::Snapshot& snapshot, const graph::PathStep& step) {
  const graph::EdgeType& type = snapshot.schema().edge_type(graph::edge_type_of(step.relation));
  std::string text = type.name;
  if (step.time != graph::kNoTime) text += fmt::format(" {}", minute(step.time));
  if (type.weighted) text += fmt::format(", weight {:g}", step.weight);
  if (type.symmetric) return fmt::format("-- {} --", text);
  return graph::is_incoming(step.relation) ? fmt::format("<-- {} --", text) : fmt::format("-- {} -->", text);
}

}  // namespace

std::string node_text(const graph::Snapshot& snapshot, graph::NodeRef node) {
  const std::string id(snapshot.external_id(node)), name = snapshot.display_name(node);
  std::string text = fmt::format("{} {}", snapshot.schema().node_type(node.type).name, id);
  if (name != id) text += fmt::format(" '{}'", fit(name, kNameCells));
  return printable(text);
}

Json path_json(const graph::Snapshot& snapshot, const graph::ExplanationPath& path) {
  Json relations = Json::array(), steps = Json::array();
  for (const graph::PathStep& step : path.steps) {
    const std::string relation = snapshot.schema().relation_name(step.relation);
    const bool weighted = snapshot.schema().edge_type(graph::edge_type_of(step.relation)).weighted;
    relations.push_back(relation);
    steps.push_back({{"relation", relation},
                     {"from", node_json(snapshot, step.from)},
                     {"to", node_json(snapshot, step.to)},
                     {"time", step.time == graph::kNoTime ? Json() : Json(storage::time_text(step.time))},
                     {"weight", weighted ? Json(step.weight) : Json()}});
  }
  return {{"hops", path.steps.size()}, {"relations", std::move(relations)}, {"steps", std::move(steps)}};
}

std::string path_text(const graph::Snapshot& snapshot, const graph::ExplanationPath& path,
                      const std::string& indent) {
  std::vector<std::string> arrows;
  std::size_t widest = 0;
  for (const graph::PathStep& step : path.steps) {
    arrows.push_back(printable(arrow(snapshot, step)));
    widest = std::max(widest, display_width(arrows.back()));
  }
  std::string text;
  if (!path.steps.empty()) text = indent + node_text(snapshot, path.steps.front().from) + '\n';
  for (std::size_t i = 0; i < path.steps.size(); ++i) {
    text += indent + arrows[i] + std::string(widest - display_width(arrows[i]) + 2, ' ') +
            node_text(snapshot, path.steps[i].to) + '\n';
  }
  return text;
}

}  // namespace weft::tools
