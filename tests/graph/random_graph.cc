#include "tests/graph/random_graph.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <sstream>

namespace weft::graph {

namespace fs = std::filesystem;

TestFolder::TestFolder(Place place) {
  static std::atomic<int> next{0};
  const bool memory = place == Place::kMemory && ::access("/dev/shm", R_OK | W_OK | X_OK) == 0;
  path_ = (memory ? fs::path("/dev/shm") : fs::temp_directory_path()) /
          fmt::format("weft_graph_test_{}_{}", ::getpid(), next++);
  fs::remove_all(path_);
  fs::create_directories(path_);
}
TestFolder::~TestFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

namespace {

constexpr TimeMs kStart = 1'600'000'000'000;

Schema shop_schema() {
  Schema schema;
  const auto user = schema.add_node_type({.name = "user", .fields = {{"age", FieldKind::kNumber}}});
  const auto item = schema.add_node_type({.name = "item",
                                          .fields = {{"title", FieldKind::kText},
                                                     {"price", FieldKind::kNumber},
                                                     {"tags", FieldKind::kCategory},
                                                     {"photo", FieldKind::kImage},
                                                     {"clip", FieldKind::kAudio}},
                                          .name_field = "title"});
  const auto review = schema.add_node_type({.name = "review", .fields = {{"body", FieldKind::kText}}});
  const auto tag = schema.add_node_type({.name = "étiquette"});
  schema.add_edge_type({.name = "buys", .from = user, .to = item, .timed = true, .weighted = true});
  schema.add_edge_type({.name = "wrote", .from = user, .to = review, .timed = true});
  schema.add_edge_type({.name = "about", .from = review, .to = item, .timed = true});
  schema.add_edge_type({.name = "has_tag", .from = item, .to = tag});
  schema.add_edge_type({.name = "friend", .from = user, .to = user, .weighted = true, .symmetric = true});
  schema.add_edge_type({.name = "nothing", .from = tag, .to = user, .timed = true, .weighted = true});
  schema.add_edge_type({.name = "views", .from = user, .to = item, .timed = true});
  return schema;
}

void add_edge(EdgeList& edges, NodeId from, NodeId to, EventId event, std::uint16_t source) {
  edges.from.push_back(from);
  edges.to.push_back(to);
  edges.events.push_back(event);
  edges.sources.push_back(source);
}

FieldValue random_value(FieldKind kind, Random& random) {
  if (random.chance(0.2)) return {};
  switch (kind) {
    case FieldKind::kNumber:
      return random.chance(0.1) ? std::nan("") : static_cast<double>(random.between(-50, 50)) / 8;
    case FieldKind::kText:
      return random.chance(0.1) ? std::string() : fmt::format("text {} ü 中", random.below(1000));
    case FieldKind::kCategory: {
      std::vector<std::string> words;
      for (std::uint64_t i = random.below(4); i > 0; --i)
        words.push_back(fmt::format("c{}", random.below(12)));
      return words;
    }
    case FieldKind::kImage:
    case FieldKind::kAudio:
      return MediaValue{fmt::format("media/{}.bin", random.below(100)),
                        random.chance(0.2) ? std::string() : fmt::format("{:032x}", random.below(1000))};
  }
  return {};
}

void fill_nodes(GraphTables& tables, NodeTypeId type, std::size_t count, const char* prefix, Random& random) {
  NodeTable& table = tables.nodes[type];
  for (std::size_t i = 0; i < count; ++i) {
    // Ids whose byte order is not their number's order, some of them not ASCII.
    table.external_ids.push_back(
        fmt::format("{}{}{}", prefix, (i * 7919) % 100'003, i % 5 == 0 ? "é\u4e2d" : ""));
    table.first_seen.push_back(random.chance(0.1) ? kNoTime : kStart + random.between(0, 1'000'000));
    table.events.push_back(kNoEvent);
  }
  for (const Field& field : tables.schema.node_type(type).fields) {
    std::vector<FieldValue> values;
    for (std::size_t i = 0; i < count; ++i) values.push_back(random_value(field.kind, random));
    table.fields.push_back(std::move(values));
  }
}

}  // namespace

GraphTables random_shop(std::uint64_t seed) {
  return random_shop(seed, 30, 20, 150);
}

GraphTables random_shop(std::uint64_t seed, std::size_t users, std::size_t items, std::size_t purchases) {
  Random random(seed);
  GraphTables tables{.schema = shop_schema()};
  tables.info = {.store_uuid = "0b5f",
                 .sequence = 17 + seed,
                 .data_root = "/data/büro",
                 .source_files = {"a.csv", "b.csv", "c.jsonl"}};
  tables.nodes.resize(tables.schema.node_types().size());
  tables.edges.resize(tables.schema.edge_types().size());
  const std::size_t tags = 6;
  fill_nodes(tables, 0, users, "u", random);
  fill_nodes(tables, 1, items, "i", random);
  fill_nodes(tables, 3, tags, "t", random);

  std::size_t reviews = 0;
  for (std::size_t p = 0; p < purchases; ++p) {
    const EventId event = 1000 + (p * 7919) % 1'000'003;
    const auto user = static_cast<NodeId>(random.below(users));
    const auto item = static_cast<NodeId>(random.below(items));
    const auto source = static_cast<std::uint16_t>(random.below(3));
    const TimeMs time = kStart + random.between(0, 40) * 1000;  // many ties
    add_edge(tables.edges[0], user, item, event, source);
    tables.edges[0].times.push_back(time);
    tables.edges[0].weights.push_back(static_cast<float>(random.below(6)) / 2);
    if (random.chance(0.4)) {
      const auto review = static_cast<NodeId>(reviews++);
      add_edge(tables.edges[1], user, review, event, source);
      tables.edges[1].times.push_back(time);
      add_edge(tables.edges[2], review, item, event, source);
      tables.edges[2].times.push_back(time);
      tables.nodes[2].external_ids.push_back(fmt::format("{:016x}", event));
      tables.nodes[2].first_seen.push_back(time);
      tables.nodes[2].events.push_back(event);
    }
    if (random.chance(0.2)) {
      add_edge(tables.edges[3], item, static_cast<NodeId>(random.below(tags)), event, source);
    }
  }
  tables.nodes[2].fields.resize(1);
  for (std::size_t i = 0; i < reviews; ++i)
    tables.nodes[2].fields[0].push_back(random_value(FieldKind::kText, random));
  for (std::size_t i = 0; i < items; ++i) {
    add_edge(tables.edges[3], static_cast<NodeId>(i), static_cast<NodeId>(random.below(tags)), 2'000'000 + i,
             0);
  }
  for (std::size_t i = 0; i < users; ++i) {
    const auto a = static_cast<NodeId>(random.below(users));
    const auto b = static_cast<NodeId>(random.below(users));
    const auto weight = static_cast<float>(random.below(100));
    add_edge(tables.edges[4], a, b, 3'000'000 + i, 1);
    add_edge(tables.edges[4], b, a, 3'000'000 + i, 1);
    tables.edges[4].weights.insert(tables.edges[4].weights.end(), {weight, weight});
  }
  for (std::size_t i = 0; i < purchases; ++i) {
    add_edge(tables.edges[6], static_cast<NodeId>(random.below(users)),
             static_cast<NodeId>(random.below(items)), random.chance(0.3) ? kNoEvent : 4'000'000 + i, 2);
    tables.edges[6].times.push_back(random.chance(0.05) ? kNoTime : kStart + random.between(-5, 45) * 1000);
  }
  return tables;
}

GraphTables plain_graph(std::size_t nodes, const std::vector<std::pair<NodeId, NodeId>>& edges) {
  GraphTables tables;
  const auto node = tables.schema.add_node_type({.name = "node"});
  tables.schema.add_edge_type({.name = "link", .from = node, .to = node});
  tables.nodes.resize(1);
  tables.edges.resize(1);
  for (std::size_t i = 0; i < nodes; ++i) tables.nodes[0].external_ids.push_back(std::to_string(i));
  for (const auto& [from, to] : edges) {
    tables.edges[0].from.push_back(from);
    tables.edges[0].to.push_back(to);
  }
  return tables;
}

std::vector<std::pair<std::string, std::string>> folder_content(const fs::path& folder) {
  std::vector<std::pair<std::string, std::string>> result;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    std::ifstream in(entry.path(), std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    result.emplace_back(fs::relative(entry.path(), folder).string(), text.str());
  }
  std::sort(result.begin(), result.end());
  return result;
}

}  // namespace weft::graph
