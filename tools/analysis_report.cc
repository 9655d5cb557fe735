#include "tools/analysis_report.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/progress.h"
#include "tools/table.h"

namespace weft::tools {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kNameCells = 48;

Json to_json(const graph::Spread& spread, std::uint64_t nodes) {
  return {{"nodes", nodes},          {"without", spread.zeros}, {"mean", spread.mean},
          {"median", spread.median}, {"p99", spread.p99},       {"max", spread.max}};
}

// For every core number that a node has: how many nodes have just it, and how many are in that core.
Json cores_json(const graph::Schema& schema, const graph::GraphAnalysis& analysis) {
  std::vector<std::uint64_t> inside(schema.node_types().size());
  Json list = Json::array();
  for (auto at = analysis.cores.rbegin(); at != analysis.cores.rend(); ++at) {
    Json nodes = Json::object(), in_core = Json::object();
    for (std::size_t type = 0; type < inside.size(); ++type) {
      inside[type] += at->second[type];
      nodes[schema.node_types()[type].name] = at->second[type];
      in_core[schema.node_types()[type].name] = inside[type];
    }
    list.push_back({{"core", at->first}, {"nodes", nodes}, {"in_core", in_core}});
  }
  std::reverse(list.begin(), list.end());
  return {{"largest", analysis.cores.empty() ? 0 : analysis.cores.rbegin()->first}, {"numbers", list}};
}

Json page_rank_json(const graph::Snapshot& snapshot, const graph::GraphAnalysis& analysis) {
  Json top = Json::object();
  for (std::size_t t = 0; t < analysis.top.size(); ++t) {
    const auto type = static_cast<graph::NodeTypeId>(t);
    Json& list = top[snapshot.schema().node_type(type).name] = Json::array();
    for (const graph::RankedNode& node : analysis.top[t]) {
      list.push_back({{"id", snapshot.external_id({type, node.node})},
                      {"name", snapshot.display_name({type, node.node})},
                      {"rank", node.rank},
                      {"edges", node.degree}});
    }
  }
  return {{"iterations", analysis.page_rank_iterations},
          {"change", analysis.page_rank_change},
          {"top", std::move(top)}};
}

// 0, 1, 2, 3, 5, 10, 20, 30, 50, 100, ...: enough lines to see how the cores shrink.
bool is_round(std::uint64_t core) {
  while (core >= 10 && core % 10 == 0) core /= 10;
  return core <= 3 || core == 5;
}

std::string cores_table(const Json& cores) {
  if (cores["numbers"].empty()) return "";
  std::vector<std::string> header = {"nodes in the k-core, k ="};
  for (const auto& [name, nodes] : cores["numbers"][0]["in_core"].items()) header.push_back(name);
  Table table(header);
  std::uint64_t next = 0;  // a line for the least core at or above each round number
  for (const Json& entry : cores["numbers"]) {
    const auto core = entry["core"].get<std::uint64_t>();
    const bool last = core == cores["largest"].get<std::uint64_t>();
    bool shown = last;
    for (; next <= core; ++next) shown |= is_round(next);
    if (!shown) continue;
    std::vector<std::string> row = {std::to_string(core)};
    for (const auto& [name, nodes] : entry["in_core"].items())
      row.push_back(with_commas(nodes.get<std::uint64_t>()));
    table.add(std::move(row));
  }
  return table.text();
}

std::string degrees_table(const Json& json) {
  Table table({"edges of a node", "nodes", "without", "mean", "median", "99 %", "most"});
  const auto add = [&](const std::string& name, const Json& spread) {
    table.add({name, with_commas(spread["nodes"].get<std::uint64_t>()),
               with_commas(spread["without"].get<std::uint64_t>()),
               fmt::format("{:.2f}", spread["mean"].get<double>()),
               with_commas(spread["median"].get<std::uint64_t>()),
               with_commas(spread["p99"].get<std::uint64_t>()),
               with_commas(spread["max"].get<std::uint64_t>())});
  };
  for (const auto& [name, spread] : json["degrees"].items()) add(name, spread);
  if (!json["relations"].empty()) table.add_rule();
  for (const auto& [name, spread] : json["relations"].items())
    add(fmt::format("{} of {}", name, spread["rows"].get<std::string>()), spread);
  return table.text();
}

std::string top_table(const Json& page_rank) {
  Table table({"node type", "#", "id", "name", "PageRank", "edges"});
  bool any = false;
  for (const auto& [type, nodes] : page_rank["top"].items()) {
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      any = true;
      table.add({type, std::to_string(i + 1), fit(nodes[i]["id"], kNameCells),
                 fit(nodes[i]["name"], kNameCells), fmt::format("{:.2e}", nodes[i]["rank"].get<double>()),
                 with_commas(nodes[i]["edges"].get<std::uint64_t>())});
    }
  }
  return any ? table.text() : "";
}

}  // namespace

Json analysis_json(const graph::Snapshot& snapshot, const graph::GraphAnalysis& analysis) {
  const graph::Schema& schema = snapshot.schema();
  Json json = {{"nodes", analysis.nodes},           {"edges", analysis.edges},
               {"components", analysis.components}, {"largest", analysis.component_sizes},
               {"degrees", Json::object()},         {"relations", Json::object()}};
  const auto nodes = [&](graph::NodeTypeId type) {
    return snapshot.node_count(type) - snapshot.forgotten_nodes(type);
  };
  for (std::size_t type = 0; type < analysis.degrees.size(); ++type) {
    json["degrees"][schema.node_types()[type].name] =
        to_json(analysis.degrees[type], nodes(static_cast<graph::NodeTypeId>(type)));
  }
  for (const graph::RelationId relation : schema.relations()) {
    const graph::NodeTypeId rows = schema.row_type(relation);
    Json entry = to_json(analysis.relation_degrees[relation], nodes(rows));
    entry["rows"] = schema.node_type(rows).name;
    json["relations"][schema.relation_name(relation)] = std::move(entry);
  }
  json["cores"] = cores_json(schema, analysis);
  json["page_rank"] = page_rank_json(snapshot, analysis);
  return json;
}

std::string analysis_text(const Json& json) {
  std::string sizes;
  for (const Json& size : json["largest"])
    sizes += (sizes.empty() ? "" : ", ") + with_commas(size.get<std::uint64_t>());
  std::string out = fmt::format(
      "{} nodes, {} edges, {} connected components{}\n", with_commas(json["nodes"].get<std::uint64_t>()),
      with_commas(json["edges"].get<std::uint64_t>()), with_commas(json["components"].get<std::uint64_t>()),
      sizes.empty() ? "" : fmt::format("; nodes of the largest: {}", sizes));
  out += fmt::format("\n{}", degrees_table(json));
  const std::string cores = cores_table(json["cores"]);
  if (!cores.empty()) out += fmt::format("\n{}", cores);
  const std::string top = top_table(json["page_rank"]);
  if (!top.empty()) {
    out += fmt::format("\n{}", top);
    out += fmt::format("PageRank after {} iterations, the last of which changed {:.1e} of the sum\n",
                       json["page_rank"]["iterations"].get<std::uint64_t>(),
                       json["page_rank"]["change"].get<double>());
  }
  return out;
}

}  // namespace weft::tools
