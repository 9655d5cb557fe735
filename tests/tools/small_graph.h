// A graph of three users and four items, small enough to know by heart.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "graph/snapshot.h"
#include "graph/snapshot_writer.h"

namespace weft::tools {

// user u0..u2; item i0..i3 with a title, and a brand as a node: i0, i1 of "Harbor", i2, i3 of "Vale".
// buys (timed, ms): u0: i0 at 10, i2 at 40; u1: i0 at 20, i1 at 50; u2: i3 at 30. browses: u0: i1 at 60.
inline graph::Snapshot write_small_graph(const std::filesystem::path& folder) {
  graph::GraphTables tables;
  const auto user = tables.schema.add_node_type({.name = "user"});
  const auto item =
      tables.schema.add_node_type({.name = "item",
                                   .fields = {{.name = "title", .kind = graph::FieldKind::kText}},
                                   .name_field = "title"});
  const auto brand = tables.schema.add_node_type({.name = "brand"});
  tables.schema.add_edge_type({.name = "buys", .from = user, .to = item, .timed = true});
  tables.schema.add_edge_type({.name = "browses", .from = user, .to = item, .timed = true});
  tables.schema.add_edge_type({.name = "item_brand", .from = item, .to = brand});
  tables.info.store_uuid = "0123456789abcdef0123456789abcdef";
  tables.info.sequence = 1;
  const auto nodes = [](std::vector<std::string> ids) {
    graph::NodeTable table;
    table.first_seen.assign(ids.size(), graph::kNoTime);
    table.events.assign(ids.size(), graph::kNoEvent);
    table.external_ids = std::move(ids);
    return table;
  };
  tables.nodes = {nodes({"u0", "u1", "u2"}), nodes({"i0", "i1", "i2", "i3"}), nodes({"Harbor", "Vale"})};
  tables.nodes[1].fields = {
      {std::string("red chair"), std::string("red sofa"), std::string("blue lamp"), std::string("")}};
  graph::EdgeList buys{.from = {0, 0, 1, 1, 2}, .to = {0, 2, 0, 1, 3}, .times = {10, 40, 20, 50, 30}};
  buys.events = {1, 2, 3, 4, 5};
  buys.sources.assign(5, 0);
  graph::EdgeList browses{.from = {0}, .to = {1}, .times = {60}};
  browses.events = {6};
  browses.sources = {0};
  graph::EdgeList brands{.from = {0, 1, 2, 3}, .to = {0, 0, 1, 1}};
  brands.events = {7, 8, 9, 10};
  brands.sources.assign(4, 0);
  tables.info.source_files = {"events.csv"};
  tables.edges = {buys, browses, brands};
  graph::write_snapshot(std::move(tables), folder);
  return graph::Snapshot::open(folder);
}

}  // namespace weft::tools
