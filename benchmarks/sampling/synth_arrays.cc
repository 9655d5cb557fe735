#include "benchmarks/sampling/synth_arrays.h"

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "base/error.h"
#include "base/npy.h"

namespace weft::sampling::benchmarks {
namespace {

using Json = nlohmann::ordered_json;

Json read_meta(const std::filesystem::path& folder) {
  const std::filesystem::path path = folder / "meta.json";
  std::ifstream stream(path);
  Json meta = Json::parse(stream, nullptr, false);
  if (!stream || meta.is_discarded() || !meta.contains("nodes") || !meta.contains("edge_types")) {
    throw Error("no description of a graph",
                {.file = path.string(), .expected = "JSON with nodes and edge_types"});
  }
  return meta;
}

// Spreads edge numbers over 1 to 5 stars, more high ones than low ones, as ratings are.
float stars(std::uint64_t edge) {
  const std::uint64_t mixed = (edge * 0x9E3779B97F4A7C15ull) >> 60;
  constexpr float by_sixteenth[16] = {1, 1, 2, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 5, 5};
  return by_sixteenth[mixed];
}

}  // namespace

std::vector<graph::NodeId> read_nodes(const std::filesystem::path& path, graph::NodeId nodes) {
  std::vector<graph::NodeId> result;
  const std::vector<std::int64_t> values = NpyFile::open(path).integers();
  result.reserve(values.size());
  for (const std::int64_t value : values) {
    if (value < 0 || value >= std::int64_t{nodes}) {
      throw Error("an array names a node that is not there", {.file = path.string(),
                                                              .value = std::to_string(value),
                                                              .expected = "below " + std::to_string(nodes)});
    }
    result.push_back(static_cast<graph::NodeId>(value));
  }
  return result;
}

BenchmarkGraph read_arrays(const std::filesystem::path& folder, ArrayUse use) {
  const Json meta = read_meta(folder);
  BenchmarkGraph graph;
  std::vector<std::string> names;
  for (const auto& [name, count] : meta["nodes"].items()) {
    graph.schema.add_node_type({.name = name});
    graph.node_counts.push_back(count.get<graph::NodeId>());
    names.push_back(name);
  }
  const auto type_of = [&](const std::string& name) {
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (names[i] == name) return static_cast<graph::NodeTypeId>(i);
    }
    throw Error("an edge type names no node type", {.file = (folder / "meta.json").string(), .value = name});
  };
  std::vector<std::int64_t> review_times;
  if (use == ArrayUse::kReviewTimes) review_times = NpyFile::open(folder / "review_time.npy").integers();
  graph::EventId event = 0;
  for (const auto& [name, ends] : meta["edge_types"].items()) {
    const graph::NodeTypeId from = type_of(ends[0]);
    const graph::NodeTypeId to = type_of(ends[1]);
    graph::EdgeList list;
    list.from = read_nodes(folder / (name + "_src.npy"), graph.node_counts[from]);
    list.to = read_nodes(folder / (name + "_dst.npy"), graph.node_counts[to]);
    if (list.from.size() != list.to.size())
      throw Error("two arrays differ in length", {.file = name + "_dst.npy"});
    for (std::size_t i = 0; i < list.size(); ++i) list.events.push_back(++event);
    const bool timed = use == ArrayUse::kReviewTimes && (names[from] == "review" || names[to] == "review");
    if (timed) {
      const std::vector<graph::NodeId>& reviews = names[to] == "review" ? list.to : list.from;
      for (const graph::NodeId review : reviews) list.times.push_back(review_times.at(review) * 1000);
    }
    if (use == ArrayUse::kStarWeights) {
      for (std::size_t i = 0; i < list.size(); ++i) list.weights.push_back(stars(list.events[i]));
    }
    graph.schema.add_edge_type({.name = name, .from = from, .to = to, .timed = timed});
    graph.lists.push_back(std::move(list));
  }
  graph.build();
  return graph;
}

}  // namespace weft::sampling::benchmarks
