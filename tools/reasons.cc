#include "tools/reasons.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "base/strings.h"

namespace weft::tools {
namespace {

constexpr std::size_t kMostShared = 3;

std::string day(graph::TimeMs time) {
  if (time == graph::kNoTime) return "";
  const std::int64_t days = time >= 0 ? time / 86'400'000 : (time - 86'399'999) / 86'400'000;
  const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{days}}};
  return fmt::format(", {:04}-{:02}-{:02}", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
}

// Attribute types: no name of their own to tell apart from content, reached by an untimed edge type.
bool is_attribute_edge(const graph::Schema& schema, graph::EdgeTypeId type) {
  const graph::EdgeType& edge = schema.edge_type(type);
  return !edge.timed && edge.from != edge.to && schema.node_type(edge.to).fields.empty();
}

}  // namespace

double cosine(std::span<const float> a, std::span<const float> b) {
  double dot = 0, aa = 0, bb = 0;
  for (std::size_t d = 0; d < a.size(); ++d) {
    dot += static_cast<double>(a[d]) * b[d];
    aa += static_cast<double>(a[d]) * a[d];
    bb += static_cast<double>(b[d]) * b[d];
  }
  return aa > 0 && bb > 0 ? dot / std::sqrt(aa * bb) : 0;
}

std::vector<Interaction> history_of(const graph::Snapshot& snapshot, graph::NodeTypeId user_type,
                                    graph::NodeTypeId item_type, graph::EdgeTypeId target,
                                    graph::NodeId user) {
  const graph::Schema& schema = snapshot.schema();
  std::map<graph::NodeId, Interaction> latest;
  for (std::size_t t = 0; t < schema.edge_types().size(); ++t) {
    const auto type = static_cast<graph::EdgeTypeId>(t);
    if (schema.edge_type(type).from != user_type || schema.edge_type(type).to != item_type) continue;
    const graph::CsrView csr = snapshot.outgoing(type);
    for (std::uint64_t e = csr.offsets[user]; e < csr.offsets[user + 1]; ++e) {
      const Interaction seen{csr.targets[e], type, csr.times.empty() ? graph::kNoTime : csr.times[e]};
      const auto [at, inserted] = latest.try_emplace(seen.item, seen);
      const auto rank = [&](const Interaction& i) { return std::pair(i.edge_type == target, i.time); };
      if (!inserted && rank(seen) > rank(at->second)) at->second = seen;
    }
  }
  std::vector<Interaction> out;
  for (const auto& [item, interaction] : latest) out.push_back(interaction);
  std::stable_sort(out.begin(), out.end(),
                   [](const Interaction& a, const Interaction& b) { return a.time > b.time; });
  return out;
}

std::vector<std::string> shared_attributes(const graph::Snapshot& snapshot, graph::NodeTypeId item_type,
                                           graph::NodeId a, graph::NodeId b) {
  const graph::Schema& schema = snapshot.schema();
  std::vector<std::string> out;
  for (std::size_t t = 0; t < schema.edge_types().size(); ++t) {
    const auto type = static_cast<graph::EdgeTypeId>(t);
    if (schema.edge_type(type).from != item_type || !is_attribute_edge(schema, type)) continue;
    const graph::CsrView csr = snapshot.outgoing(type);
    const graph::NodeTypeId to = schema.edge_type(type).to;
    for (const graph::NodeId attribute : csr.neighbours(a)) {
      const auto others = csr.neighbours(b);
      if (std::find(others.begin(), others.end(), attribute) == others.end()) continue;
      out.push_back(fmt::format("{} {}", schema.node_type(to).name, snapshot.display_name({to, attribute})));
    }
  }
  const auto& fields = schema.node_type(item_type).fields;
  for (std::size_t f = 0; f < fields.size(); ++f) {
    if (fields[f].kind != graph::FieldKind::kCategory) continue;
    const graph::CategoryColumn column = snapshot.categories(item_type, f);
    for (const std::uint32_t code : column[a]) {
      const auto others = column[b];
      if (std::find(others.begin(), others.end(), code) != others.end()) {
        out.push_back(fmt::format("{} {}", fields[f].name, column.dictionary[code]));
      }
    }
  }
  return out;
}

std::string reason_for(const graph::Snapshot& snapshot, graph::NodeTypeId item_type, graph::EdgeTypeId target,
                       const std::vector<Interaction>& history, const gnn::NodeVectors& items,
                       graph::NodeId item) {
  const Interaction* nearest = nullptr;
  double best = 0;
  for (const Interaction& seen : history) {
    if (seen.item == item) continue;
    const double similarity = cosine(items.row(item), items.row(seen.item));
    if (nearest == nullptr || similarity > best) {
      nearest = &seen;
      best = similarity;
    }
  }
  if (nearest == nullptr || best <= 0) {
    const graph::CsrView buyers = snapshot.incoming(target);
    const double mean =
        static_cast<double>(buyers.edges()) / static_cast<double>(std::max<std::size_t>(1, buyers.rows()));
    return static_cast<double>(buyers.degree(item)) > mean ? "popular with others"
                                                           : "matches what is known of you";
  }
  std::string out = fmt::format("like '{}' ({}{})", snapshot.display_name({item_type, nearest->item}),
                                snapshot.schema().edge_type(nearest->edge_type).name, day(nearest->time));
  std::vector<std::string> shared = shared_attributes(snapshot, item_type, item, nearest->item);
  if (shared.size() > kMostShared) shared.resize(kMostShared);
  if (!shared.empty()) out += "; both " + join(shared);
  return out;
}

}  // namespace weft::tools
