#include "graph/clean_graph.h"

#include <algorithm>
#include <tuple>

#include "base/error.h"
#include "graph/json_fields.h"
#include "graph/sealed_json.h"

namespace weft::graph {
namespace {

constexpr const char* kFormat = "weft clean constants";
constexpr std::uint64_t kVersion = 1;
constexpr double kGreatestWeight = 4294967296.0;  // 2^32, as of any edge

// One edge of a row, as the rules for pairs order them.
struct PairEdge {
  NodeId to = 0;
  Part part = Part::kTrain;
  TimeMs time = kNoTime;
  EventId event = kNoEvent;
  float weight = 1;
  EdgeId edge = 0;
  auto key() const { return std::tuple(to, part, time, event, weight, edge); }
};

// The pairs of one edge type, row by row.
class PairCleaner {
 public:
  PairCleaner(const Snapshot& snapshot, const Split& split, EdgeTypeId type, PairRule rule, CleanEdges& out)
      : out_(snapshot.outgoing(type)),
        columns_(snapshot.edge_columns(type)),
        parts_(split.parts[type]),
        name_(snapshot.schema().edge_type(type).name),
        type_(type),
        rule_(rule),
        result_(out) {}

  void run() {
    for (std::size_t row = 0; row < out_.rows(); ++row) {
      const std::uint64_t begin = out_.offsets[row], end = out_.offsets[row + 1];
      if (end - begin < 2) continue;
      edges_.clear();
      for (std::uint64_t i = begin; i < end; ++i) {
        const auto edge = static_cast<EdgeId>(i);
        edges_.push_back({.to = out_.targets[i],
                          .part = parts_[i],
                          .time = out_.times.empty() ? kNoTime : out_.times[i],
                          .event = columns_.events[i],
                          .weight = columns_.weights.empty() ? 1.0F : columns_.weights[i],
                          .edge = edge});
      }
      std::sort(edges_.begin(), edges_.end(),
                [](const PairEdge& a, const PairEdge& b) { return a.key() < b.key(); });
      clean_row();
    }
    auto& summed = result_.summed[type_];
    std::sort(summed.begin(), summed.end());
  }

 private:
  void clean_row() {
    for (std::size_t begin = 0; begin < edges_.size();) {
      std::size_t end = begin + 1;
      while (end < edges_.size() && same_group(edges_[begin], edges_[end])) ++end;
      if (end - begin > 1) clean_group(begin, end);
      begin = end;
    }
  }
  bool same_group(const PairEdge& a, const PairEdge& b) const {
    return a.to == b.to && (rule_ == PairRule::kFirst || a.part == b.part);
  }
  void clean_group(std::size_t begin, std::size_t end) {
    const std::size_t stays = rule_ == PairRule::kFirst ? begin : end - 1;
    double sum = 0;
    for (std::size_t i = begin; i < end; ++i) {
      sum += edges_[i].weight;
      if (i == stays) continue;
      result_.keep[type_][edges_[i].edge] = 0;
      ++result_.repeats[type_][static_cast<std::size_t>(edges_[i].part)];
    }
    if (rule_ != PairRule::kSum) return;
    if (sum > kGreatestWeight) {
      throw Error("the weights of a pair add up to too much",
                  {.field = "clean.pairs." + name_,
                   .value = std::to_string(sum),
                   .expected = "at most 2^32",
                   .hint = "scale the weights by a rule with `factor`"});
    }
    result_.summed[type_].emplace_back(edges_[stays].edge, static_cast<float>(sum));
  }

  CsrView out_;
  EdgeColumns columns_;
  const std::vector<Part>& parts_;
  const std::string& name_;
  EdgeTypeId type_;
  PairRule rule_;
  CleanEdges& result_;
  std::vector<PairEdge> edges_;
};

CleanEdges clean_pairs(const Snapshot& snapshot, const Split& split, const CleanRules& rules) {
  CleanEdges out;
  const std::size_t types = snapshot.schema().edge_types().size();
  WEFT_CHECK(split.parts.size() == types && rules.pairs.size() == types && rules.core_edges.size() == types);
  out.summed.resize(types);
  out.repeats.resize(types);
  out.outside.resize(types);
  for (std::size_t i = 0; i < types; ++i) {
    const auto type = static_cast<EdgeTypeId>(i);
    out.keep.emplace_back(snapshot.edge_count(type), std::uint8_t{1});
    if (rules.pairs[i] != PairRule::kAll) PairCleaner(snapshot, split, type, rules.pairs[i], out).run();
  }
  return out;
}

// Takes away nodes with too few edges until none is left.
class Peeling {
 public:
  Peeling(const Snapshot& snapshot, const Split& split, const CleanRules& rules,
          const std::vector<std::vector<std::uint8_t>>& keep)
      : snapshot_(snapshot), schema_(snapshot.schema()), split_(split), rules_(rules), keep_(keep) {
    for (std::size_t i = 0; i < schema_.node_types().size(); ++i) {
      degrees_.emplace_back(snapshot.node_count(static_cast<NodeTypeId>(i)), 0U);
      out_.emplace_back(degrees_.back().size(), std::uint8_t{0});
    }
  }

  std::vector<std::vector<NodeId>> run() {
    count();
    for (std::size_t type = 0; type < degrees_.size(); ++type) {
      for (std::size_t node = 0; node < degrees_[type].size(); ++node) {
        if (degrees_[type][node] > 0) judge({static_cast<NodeTypeId>(type), static_cast<NodeId>(node)});
      }
    }
    while (!gone_.empty()) {
      const NodeRef node = gone_.back();
      gone_.pop_back();
      take_edges_of(node);
    }
    std::vector<std::vector<NodeId>> outside(out_.size());
    for (std::size_t type = 0; type < out_.size(); ++type) {
      for (std::size_t node = 0; node < out_[type].size(); ++node) {
        if (out_[type][node] != 0) outside[type].push_back(static_cast<NodeId>(node));
      }
    }
    return outside;
  }

 private:
  bool counts(std::size_t type, EdgeId edge) const {
    return keep_[type][edge] != 0 && split_.parts[type][edge] == Part::kTrain;
  }

  void count() {
    for (std::size_t i = 0; i < rules_.core_edges.size(); ++i) {
      if (rules_.core_edges[i] == 0) continue;
      const EdgeType& type = schema_.edge_types()[i];
      const CsrView csr = snapshot_.outgoing(static_cast<EdgeTypeId>(i));
      for (std::size_t row = 0; row < csr.rows(); ++row) {
        for (std::uint64_t e = csr.offsets[row]; e < csr.offsets[row + 1]; ++e) {
          if (!counts(i, static_cast<EdgeId>(e))) continue;
          ++degrees_[type.from][row];
          if (!type.symmetric) ++degrees_[type.to][csr.targets[e]];  // the other direction is an edge too
        }
      }
    }
  }

  void judge(NodeRef node) {
    if (out_[node.type][node.id] != 0 || degrees_[node.type][node.id] >= rules_.core[node.type]) return;
    out_[node.type][node.id] = 1;
    gone_.push_back(node);
  }

  void take_edges_of(NodeRef node) {
    for (std::size_t i = 0; i < rules_.core_edges.size(); ++i) {
      if (rules_.core_edges[i] == 0) continue;
      const auto id = static_cast<EdgeTypeId>(i);
      const EdgeType& type = schema_.edge_types()[i];
      if (type.from == node.type) take_row(i, snapshot_.outgoing(id), node.id, type.to);
      if (type.to == node.type && !type.symmetric) take_row(i, snapshot_.incoming(id), node.id, type.from);
    }
  }

  // An edge goes with the first of its ends that goes.
  void take_row(std::size_t type, const CsrView& csr, NodeId row, NodeTypeId other_type) {
    for (std::uint64_t e = csr.offsets[row]; e < csr.offsets[row + 1]; ++e) {
      const NodeId other = csr.targets[e];
      if (out_[other_type][other] != 0 || !counts(type, csr.edge_id(e))) continue;
      --degrees_[other_type][other];
      judge({other_type, other});
    }
  }

  const Snapshot& snapshot_;
  const Schema& schema_;
  const Split& split_;
  const CleanRules& rules_;
  const std::vector<std::vector<std::uint8_t>>& keep_;
  std::vector<std::vector<std::uint32_t>> degrees_;  // [node type][node], over edges that are left
  std::vector<std::vector<std::uint8_t>> out_;       // [node type][node]
  std::vector<NodeRef> gone_;                        // whose edges are still counted
};

void leave_outside(const Snapshot& snapshot, const Split& split, const CleanConstants& constants,
                   CleanEdges& out) {
  std::vector<std::vector<std::uint8_t>> is_outside;
  for (std::size_t type = 0; type < constants.outside.size(); ++type) {
    is_outside.emplace_back(snapshot.node_count(static_cast<NodeTypeId>(type)), std::uint8_t{0});
    for (const NodeId node : constants.outside[type]) is_outside[type].at(node) = 1;
  }
  for (std::size_t i = 0; i < constants.rules.core_edges.size(); ++i) {
    if (constants.rules.core_edges[i] == 0) continue;
    const EdgeType& type = snapshot.schema().edge_types()[i];
    const CsrView csr = snapshot.outgoing(static_cast<EdgeTypeId>(i));
    for (std::size_t row = 0; row < csr.rows(); ++row) {
      for (std::uint64_t e = csr.offsets[row]; e < csr.offsets[row + 1]; ++e) {
        if (is_outside[type.from][row] == 0 && is_outside[type.to][csr.targets[e]] == 0) continue;
        if (std::exchange(out.keep[i][e], std::uint8_t{0}) == 0) continue;
        ++out.outside[i][static_cast<std::size_t>(split.parts[i][e])];
      }
    }
  }
}

}  // namespace

std::uint64_t CleanEdges::removed() const {
  std::uint64_t count = 0;
  for (const auto* by_type : {&repeats, &outside}) {
    for (const auto& by_part : *by_type) {
      for (const std::uint64_t edges : by_part) count += edges;
    }
  }
  return count;
}

bool CleanEdges::changes_anything() const {
  return removed() > 0;  // a sum of several takes the others away
}

CleanConstants fit_clean(const Snapshot& snapshot, const Split& split, const CleanRules& rules) {
  CleanConstants out{.store_uuid = snapshot.info().store_uuid,
                     .sequence = snapshot.info().sequence,
                     .rules = rules,
                     .outside = std::vector<std::vector<NodeId>>(snapshot.schema().node_types().size())};
  if (!rules.has_core()) return out;
  const CleanEdges pairs = clean_pairs(snapshot, split, rules);
  out.outside = Peeling(snapshot, split, rules, pairs.keep).run();
  return out;
}

CleanEdges clean_edges(const Snapshot& snapshot, const Split& split, const CleanConstants& constants) {
  if (constants.store_uuid != snapshot.info().store_uuid) {
    throw Error("the rows were cleaned for another store", {.value = constants.store_uuid,
                                                            .expected = snapshot.info().store_uuid,
                                                            .hint = "train the model again"});
  }
  for (std::size_t type = 0; type < constants.outside.size(); ++type) {
    const auto& nodes = constants.outside[type];
    if (!nodes.empty() && nodes.back() >= snapshot.node_count(static_cast<NodeTypeId>(type)))
      throw Error("the snapshot is older than what was fitted for its cleaning",
                  {.file = snapshot.folder().string(), .hint = "run `weft ingest`"});
  }
  CleanEdges out = clean_pairs(snapshot, split, constants.rules);
  if (constants.rules.has_core()) leave_outside(snapshot, split, constants, out);
  return out;
}

std::string CleanConstants::to_text(const Schema& schema) const {
  Json pairs = Json::array();
  for (const PairRule rule : rules.pairs) pairs.push_back(static_cast<unsigned>(rule));
  Json edges = Json::array();
  for (const std::uint8_t counted : rules.core_edges) edges.push_back(static_cast<unsigned>(counted));
  return seal_json({{"format", kFormat},
                    {"version", kVersion},
                    {"rules", rules.text(schema)},
                    {"store_uuid", store_uuid},
                    {"sequence", sequence},
                    {"schema", Json::parse(schema.to_json())},
                    {"pairs", pairs},
                    {"core", rules.core},
                    {"core_edges", edges},
                    {"outside", outside}});
}

CleanConstants CleanConstants::from_text(std::string_view text, const Schema& schema,
                                         const std::string& file) {
  const Json json = read_sealed_json(text, file, "train the model again");
  const JsonObject root(json, file, "");
  if (root.string("format") != kFormat) root.fail("format", kFormat);
  if (root.number("version") != kVersion) root.fail("version", "1");
  if (!(read_schema(root.get("schema"), file) == schema))
    throw Error("was made for other node and edge types", {.file = file, .hint = "train the model again"});
  CleanConstants out{.store_uuid = root.string("store_uuid"), .sequence = root.number("sequence")};
  for (const std::uint64_t rule : root.counts("pairs", schema.edge_types().size())) {
    if (rule > static_cast<std::uint64_t>(PairRule::kSum)) root.fail("pairs", "0 to 3");
    out.rules.pairs.push_back(static_cast<PairRule>(rule));
  }
  for (const std::uint64_t least : root.counts("core", schema.node_types().size()))
    out.rules.core.push_back(static_cast<std::uint32_t>(least));
  for (const std::uint64_t counted : root.counts("core_edges", schema.edge_types().size()))
    out.rules.core_edges.push_back(counted != 0 ? 1 : 0);
  const Json& outside = root.array("outside");
  if (outside.size() != schema.node_types().size()) root.fail("outside", "a list for each node type");
  for (const Json& list : outside) {
    out.outside.emplace_back();
    if (!list.is_array()) root.fail("outside", "lists of nodes");
    for (const Json& node : list) {
      const bool fits = node.is_number_unsigned() && node.get<std::uint64_t>() < kNoNode &&
                        (out.outside.back().empty() || node.get<NodeId>() > out.outside.back().back());
      if (!fits) root.fail("outside", "nodes that ascend");
      out.outside.back().push_back(node.get<NodeId>());
    }
  }
  return out;
}

}  // namespace weft::graph
