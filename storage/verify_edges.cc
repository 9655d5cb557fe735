// verify_store(): edges, each direction against the other and against the nodes.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/hash.h"
#include "storage/values.h"
#include "storage/verify_parts.h"

namespace weft::storage {
namespace {

// Sums of hashes of all edges, seen as outgoing: equal on both sides unless something is broken.
struct Side {
  std::uint64_t count = 0;
  std::uint64_t sum = 0;
  std::uint64_t mirrored = 0;  // of the same edges with their ends exchanged
};

std::uint64_t edge_hash(const EdgeKey& key, std::string_view value) {
  const auto bytes = encode_edge_key(key);
  return hash64(std::string_view(bytes.data(), bytes.size()), hash64(value));
}

}  // namespace

graph::TimeMs FirstSeenTimes::of(const GraphStore::Impl& impl, graph::NodeTypeId type, graph::NodeId node,
                                 std::uint32_t part_nodes) {
  if (!range_.contains(node)) {
    const std::uint32_t count = impl.state.node_counts[type];
    if (node >= count) return graph::kNoTime + 1;
    range_.first = node - node % part_nodes;
    range_.end = count - range_.first > part_nodes ? range_.first + part_nodes : count;
    times_.assign(range_.end - range_.first, graph::kNoTime + 1);
    std::string prefix;
    put_big(prefix, type);
    // Damage of the dictionary is told where that is looked at.
    for (PrefixScan scan(impl, kIds, prefix); scan.valid(); scan.next()) {
      const auto value = decode_id_value(scan.value());
      if (value && range_.contains(value->node)) times_[value->node - range_.first] = value->first_seen;
    }
  }
  return times_[node - range_.first];
}

namespace {

class EdgeCheck {
 public:
  EdgeCheck(VerifyContext& context, graph::EdgeTypeId type)
      : context_(context), type_(type), edge_type_(context.schema().edge_type(type)) {}

  void run() {
    const Side out = scan(kOutgoing);
    const Side in = scan(kIncoming);
    context_.report().edges += out.count;
    const std::uint64_t counted = context_.impl().state.edge_counts[type_];
    if (out.count != counted)
      context_.problem(
          fmt::format("edges of {}: {} are there, {} are counted", edge_type_.name, out.count, counted));
    if (out.count != in.count || out.sum != in.sum) {
      find_unmatched(kOutgoing);
      find_unmatched(kIncoming);
    }
    if (edge_type_.symmetric && out.sum != out.mirrored) find_halves();
  }

 private:
  std::string prefix() const {
    std::string out;
    put_big(out, type_);
    return out;
  }

  Side scan(Family family) {
    const bool outgoing = family == kOutgoing;
    const char* direction = outgoing ? "outgoing" : "incoming";
    Side side;
    PrefixScan scan(context_.impl(), family, prefix());
    for (; scan.valid(); scan.next()) {
      ++side.count;
      const auto key = decode_edge_key(scan.key());
      const auto value = decode_edge_value(scan.value());
      if (!key || !value) {
        context_.problem(
            fmt::format("{} edges of {}: an entry that cannot be read", direction, edge_type_.name));
        continue;
      }
      const EdgeKey seen = outgoing ? *key : key->reversed();
      check(seen, *value, direction);
      if (edge_type_.timed) check_first_seen(*key, outgoing ? edge_type_.from : edge_type_.to);
      side.sum += edge_hash(seen, scan.value());
      if (edge_type_.symmetric) side.mirrored += edge_hash(seen.reversed(), scan.value());
    }
    scan.check();
    return side;
  }

  bool node_there(bool outgoing, graph::NodeId node) const {
    return node < context_.impl().state.node_counts[outgoing ? edge_type_.from : edge_type_.to];
  }

  // A row's last edge is its earliest, but one is enough to tell.
  void check_first_seen(const EdgeKey& key, graph::NodeTypeId type) {
    if (told_ == std::pair(type, key.node) || key.time == graph::kNoTime) return;
    const graph::TimeMs first_seen = context_.first_seen(type, key.node);
    if (first_seen != graph::kNoTime && first_seen <= key.time) return;
    told_ = {type, key.node};
    context_.problem(fmt::format("dictionary: {} is first seen {}, but has a {} edge of {}",
                                 context_.node_name(type, key.node),
                                 first_seen == graph::kNoTime ? "at no time" : time_text(first_seen),
                                 edge_type_.name, time_text(key.time)));
  }

  void check(const EdgeKey& seen, const EdgeValue& value, const char* direction) {
    const auto complain = [&](const std::string& what) {
      context_.problem(fmt::format("{}: {}", context_.edge_name(seen, direction), what));
    };
    if (!node_there(true, seen.node) || !node_there(false, seen.other)) {
      complain("an end that is not there");
    } else if (context_.is_dead(edge_type_.from, seen.node) || context_.is_dead(edge_type_.to, seen.other)) {
      complain("an end that is forgotten");
    }
    if (edge_type_.timed == (seen.time == graph::kNoTime))
      complain(edge_type_.timed ? "has no time in a timed type" : "has a time in an untimed type");
    if (!(value.weight >= 0) || !std::isfinite(value.weight))
      complain(fmt::format("its weight is {}", value.weight));
    else if (!edge_type_.weighted && value.weight != 1.0F)
      complain(fmt::format("its weight is {} in a type without weights", value.weight));
    if (value.source >= std::max<std::uint32_t>(context_.sources, 1))
      complain(fmt::format("is of source {}, which the ledger does not know", value.source));
    if (seen.event == graph::kNoEvent) complain("has no event");
  }

  // Says which edges of `family` the other direction lacks or has otherwise.
  void find_unmatched(Family family) {
    const bool outgoing = family == kOutgoing;
    PrefixScan scan(context_.impl(), family, prefix());
    for (; scan.valid(); scan.next()) {
      const auto key = decode_edge_key(scan.key());
      if (!key) continue;
      const auto other_key = encode_edge_key(key->reversed());
      const auto other =
          context_.impl().get(outgoing ? kIncoming : kOutgoing, {other_key.data(), other_key.size()});
      const auto name = [&] {
        return context_.edge_name(outgoing ? *key : key->reversed(), outgoing ? "outgoing" : "incoming");
      };
      if (!other) {
        context_.problem(
            fmt::format("{}: the {} entry is missing", name(), outgoing ? "incoming" : "outgoing"));
      } else if (outgoing && *other != scan.value()) {
        context_.problem(fmt::format("{}: weight or source differ from the incoming entry", name()));
      }
    }
    scan.check();
  }

  // Says which edges of a symmetric type lack the other half of their pair.
  void find_halves() {
    PrefixScan scan(context_.impl(), kOutgoing, prefix());
    for (; scan.valid(); scan.next()) {
      const auto key = decode_edge_key(scan.key());
      if (!key) continue;
      const auto half = encode_edge_key(key->reversed());
      const auto value = context_.impl().get(kOutgoing, {half.data(), half.size()});
      if (!value || *value != scan.value()) {
        context_.problem(fmt::format("{}: the edge back {}", context_.edge_name(*key, "outgoing"),
                                     value ? "has another weight or source" : "is missing"));
      }
    }
    scan.check();
  }

  VerifyContext& context_;
  graph::EdgeTypeId type_;
  const graph::EdgeType& edge_type_;
  std::pair<graph::NodeTypeId, graph::NodeId> told_ = {graph::NodeTypeId(-1), graph::kNoNode};
};

}  // namespace

void verify_edges(VerifyContext& context, graph::EdgeTypeId type) {
  EdgeCheck(context, type).run();
}

}  // namespace weft::storage
