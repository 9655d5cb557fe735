#include "tests/gnn/tiny_graph.h"

#include "gnn/random.h"

namespace weft::gnn {

graph::NodeTypeId GraphBuilder::nodes(const std::string& name, std::size_t count,
                                      std::vector<graph::Field> fields) {
  graph::NodeTable table;
  for (std::size_t i = 0; i < count; ++i) table.external_ids.push_back(name + std::to_string(i));
  table.first_seen.assign(count, graph::kNoTime);
  table.events.assign(count, graph::kNoEvent);
  table.fields.assign(fields.size(), std::vector<graph::FieldValue>(count));
  tables_.nodes.push_back(std::move(table));
  return tables_.schema.add_node_type({.name = name, .fields = std::move(fields)});
}

graph::EdgeTypeId GraphBuilder::edges(const std::string& name, graph::NodeTypeId from, graph::NodeTypeId to,
                                      bool timed, bool weighted) {
  tables_.edges.emplace_back();
  return tables_.schema.add_edge_type(
      {.name = name, .from = from, .to = to, .timed = timed, .weighted = weighted});
}

void GraphBuilder::value(graph::NodeTypeId type, std::size_t field, graph::NodeId node,
                         graph::FieldValue value) {
  tables_.nodes[type].fields[field][node] = std::move(value);
}

void GraphBuilder::first_seen(graph::NodeTypeId type, graph::NodeId node, graph::TimeMs time) {
  tables_.nodes[type].first_seen[node] = time;
}

void GraphBuilder::edge(graph::EdgeTypeId type, graph::NodeId from, graph::NodeId to, graph::TimeMs time,
                        graph::EventId event, float weight) {
  graph::EdgeList& list = tables_.edges[type];
  list.from.push_back(from);
  list.to.push_back(to);
  if (tables_.schema.edge_type(type).timed) list.times.push_back(time);
  if (tables_.schema.edge_type(type).weighted) list.weights.push_back(weight);
  list.events.push_back(event);
  list.sources.push_back(0);
}

graph::Snapshot GraphBuilder::write(const std::filesystem::path& folder) {
  tables_.info.store_uuid = "tiny";
  tables_.info.sequence = 1;
  tables_.info.source_files = {"events"};
  graph::write_snapshot(tables_, folder);
  return graph::Snapshot::open(folder);
}

std::uint32_t Dice::below(std::uint32_t n) {
  state_ = mix64(state_);
  return static_cast<std::uint32_t>((state_ >> 32) % n);
}

namespace {

graph::Split split_of(const graph::Snapshot& snapshot, const std::string& target, graph::SplitKind kind,
                      double valid, double test) {
  const graph::SplitSpec spec{.kind = kind, .valid = valid, .test = test, .seed = 5};
  return graph::make_split(snapshot, snapshot.schema().edge_type_named(target), spec);
}

}  // namespace

graph::Split time_split(const graph::Snapshot& snapshot, const std::string& target, double valid,
                        double test) {
  return split_of(snapshot, target, graph::SplitKind::kTime, valid, test);
}

graph::Split random_split(const graph::Snapshot& snapshot, const std::string& target, double valid,
                          double test) {
  return split_of(snapshot, target, graph::SplitKind::kRandom, valid, test);
}

TomlFile config(const std::string& model, const std::string& train) {
  return TomlFile::parse("[task]\ntarget = \"buys\"\n[model]\n" + model + "\n[train]\n" + train + "\n",
                         "test.toml");
}

}  // namespace weft::gnn
