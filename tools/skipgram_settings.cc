#include "tools/skipgram_settings.h"

#include <fmt/format.h>

#include <cstdint>
#include <limits>
#include <set>
#include <string>
#include <utility>

#include "base/error.h"
#include "gnn/task_options.h"
#include "gnn/walk_relations.h"
#include "graph/graph_view.h"

namespace weft::tools {
namespace {

constexpr std::int64_t kLongest = 1000;  // steps of a walk

gnn::WalkSet read_walks(const TomlSection& section, const graph::Schema& schema) {
  gnn::WalkSet set;
  if (!section.has("path"))
    section.fail("", "walks need a path", "path = [...], the relations that a walk goes along in turn");
  set.path = gnn::walk_path(schema, section.get_strings("path"), section.where("path"));
  set.length = static_cast<std::size_t>(
      section.get_integer_in("length", static_cast<std::int64_t>(set.length), 1, kLongest));
  set.walks = static_cast<std::size_t>(
      section.get_integer_in("per_node", static_cast<std::int64_t>(set.walks), 1, 10'000));
  set.weighted = section.get_bool("weighted", false);
  for (const auto& [key, factor] : {std::pair{"p", &set.p}, {"q", &set.q}}) {
    *factor = section.get_number_in(key, 1, 1e-3, 1e3);
    if (*factor != 1 && set.path.size() != 1)
      section.fail(key, "has a meaning on walks along one relation alone",
                   "a path of one relation from a node type to itself");
  }
  section.check_no_unknown_keys();
  return set;
}

// Along the target's edges and back; a symmetric type has no other way back.
gnn::WalkSet default_walks(const graph::Schema& schema, graph::EdgeTypeId target) {
  gnn::WalkSet set;
  for (const graph::RelationId relation : schema.relations())
    if (graph::edge_type_of(relation) == target) set.path.push_back(relation);
  return set;
}

// Both ends of the target have to be met, or one of them would have no vectors.
void check_ends(const TomlSection& section, const graph::Schema& schema, graph::EdgeTypeId target,
                const std::vector<gnn::WalkSet>& walks) {
  std::set<graph::NodeTypeId> met;
  for (const gnn::WalkSet& set : walks)
    for (const graph::RelationId relation : set.path) met.insert(schema.target_type(relation));
  for (const graph::NodeTypeId end : {schema.edge_type(target).from, schema.edge_type(target).to}) {
    if (met.contains(end)) continue;
    section.fail("walks", fmt::format("no walk meets '{}' nodes", schema.node_type(end).name),
                 fmt::format("a path through both ends of the target, '{}'", schema.edge_type(target).name));
  }
}

}  // namespace

SkipGramSettings read_skipgram_settings(const TomlSection& root, const graph::Schema& schema) {
  const TomlSection section = root.section("skipgram");
  SkipGramSettings s;
  s.model.dim = static_cast<std::size_t>(section.get_integer_in("dim", 64, 1, 4096));
  s.model.adam.learning_rate = section.get_number_in("learning_rate", s.model.adam.learning_rate, 1e-9, 10);
  s.model.init_deviation = section.get_number_in("init", s.model.init_deviation, 1e-9, 10);
  s.model.seed = s.batches.seed = static_cast<std::uint64_t>(
      section.get_integer_in("seed", 1, 0, std::numeric_limits<std::int64_t>::max()));
  gnn::WalkBatchOptions& b = s.batches;
  b.window = static_cast<std::size_t>(section.get_integer_in("window", 3, 1, kLongest));
  b.negatives = static_cast<std::size_t>(section.get_integer_in("negatives", 1, 1, 1000));
  b.negative_power = section.get_number_in("negative_power", b.negative_power, 0, 2);
  b.batch = static_cast<std::size_t>(section.get_integer_in("batch", 256, 1, 1 << 20));
  s.rules = read_epoch_rules(section);
  s.rules.learning_rate = s.model.adam.learning_rate;
  const TomlSection walks = section.section("walks");
  for (const auto& [name, walk] : walks.sections()) s.walks.push_back(read_walks(walk, schema));
  walks.check_no_unknown_keys();
  section.check_no_unknown_keys();
  const auto target = schema.find_edge_type(gnn::read_task_options(root).target);
  if (!target) return s;  // an error of [task], which says so
  if (s.walks.empty()) s.walks.push_back(default_walks(schema, *target));
  check_ends(section, schema, *target, s.walks);
  b.one_way = {schema.edge_type(*target).from, schema.edge_type(*target).to};
  return s;
}

}  // namespace weft::tools
