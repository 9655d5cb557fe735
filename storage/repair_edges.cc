// repair_store(): edges made to fit, each direction from the other.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/strings.h"
#include "storage/repair_parts.h"
#include "storage/values.h"

namespace weft::storage {
namespace {

class EdgeMender {
 public:
  EdgeMender(GraphStore::Impl& impl, RepairNotes& notes, graph::EdgeTypeId type)
      : impl_(impl),
        notes_(notes),
        writer_(impl),
        type_(type),
        edge_type_(impl.schema.graph.edge_type(type)) {}

  void run() {
    remove_misfits(kOutgoing);
    remove_misfits(kIncoming);
    writer_.flush();
    copy_over(kOutgoing);
    writer_.flush();
    copy_over(kIncoming);
    writer_.flush();
    if (edge_type_.symmetric) {
      add_halves();
      writer_.flush();
    }
    std::uint64_t count = 0;
    for (PrefixScan scan(impl_, kOutgoing, prefix()); scan.valid(); scan.next()) ++count;
    std::uint64_t& counted = impl_.state.edge_counts[type_];
    if (counted > count)
      notes_.lost(fmt::format("edges of {}: {} counted, {} are there", edge_type_.name, counted, count));
    if (counted < count)
      notes_.rebuilt(fmt::format("edges of {}: {} counted, {} are there", edge_type_.name, counted, count));
    counted = count;
  }

 private:
  std::string prefix() const {
    std::string out;
    put_big(out, type_);
    return out;
  }

  std::string name(const EdgeKey& seen) const {
    const auto end = [&](graph::NodeTypeId type, graph::NodeId node) {
      const auto text = impl_.get(kNames, node_key({type, node}));
      return text ? fmt::format("'{}'", excerpt(*text)) : fmt::format("#{}", node);
    };
    return fmt::format("{} {} -> {} ({})", edge_type_.name, end(edge_type_.from, seen.node),
                       end(edge_type_.to, seen.other), time_text(seen.time));
  }

  bool is_there(graph::NodeTypeId type, graph::NodeId node) const {
    if (node >= impl_.state.node_counts[type]) return false;
    const auto text = impl_.get(kNames, node_key({type, node}));
    return text && !text->empty();
  }

  void remove_misfits(Family family) {
    const bool outgoing = family == kOutgoing;
    for (PrefixScan scan(impl_, family, prefix()); scan.valid(); scan.next()) {
      const auto key = decode_edge_key(scan.key());
      auto value = decode_edge_value(scan.value());
      const bool weight = value && value->weight >= 0 && std::isfinite(value->weight);
      const EdgeKey seen = key ? (outgoing ? *key : key->reversed()) : EdgeKey{};
      const bool fits = key && weight && edge_type_.timed == (key->time != graph::kNoTime) &&
                        key->event != graph::kNoEvent && is_there(edge_type_.from, seen.node) &&
                        is_there(edge_type_.to, seen.other);
      if (!fits) {
        notes_.lost(key ? fmt::format("{} {}: its value, time, event or an end is not valid",
                                      outgoing ? "outgoing" : "incoming", name(seen))
                        : fmt::format("{} edges of {}: an entry that cannot be read", kFamilyNames[family],
                                      edge_type_.name));
        writer_.erase(family, scan.key());
      } else if (!edge_type_.weighted && value->weight != 1.0F) {
        value->weight = 1.0F;
        notes_.rebuilt(fmt::format("{}: weight 1, as the type has none", name(seen)));
        put(family, *key, *value);
      }
    }
  }

  void put(Family family, const EdgeKey& key, const EdgeValue& value) {
    const auto key_bytes = encode_edge_key(key);
    const auto value_bytes = encode_edge_value(value);
    writer_.put(family, {key_bytes.data(), key_bytes.size()}, {value_bytes.data(), value_bytes.size()});
  }

  // What `family` has, the other direction gets.
  void copy_over(Family family) {
    const bool outgoing = family == kOutgoing;
    const Family other = outgoing ? kIncoming : kOutgoing;
    for (PrefixScan scan(impl_, family, prefix()); scan.valid(); scan.next()) {
      const auto key = decode_edge_key(scan.key());
      const auto bytes = encode_edge_key(key->reversed());
      const auto there = impl_.get(other, {bytes.data(), bytes.size()});
      if (there && *there == scan.value()) continue;
      const std::string text = name(outgoing ? *key : key->reversed());
      notes_.rebuilt(fmt::format("{}: {}", text,
                                 !there ? fmt::format("{} from {}", kFamilyNames[other], kFamilyNames[family])
                                        : "weight and source as outgoing has them"));
      writer_.put(other, {bytes.data(), bytes.size()}, scan.value());
    }
  }

  void add_halves() {
    for (PrefixScan scan(impl_, kOutgoing, prefix()); scan.valid(); scan.next()) {
      const auto key = decode_edge_key(scan.key());
      const EdgeKey back = key->reversed();
      const auto bytes = encode_edge_key(back);
      const auto there = impl_.get(kOutgoing, {bytes.data(), bytes.size()});
      if (there && (*there == scan.value() || scan.key() > std::string_view(bytes.data(), bytes.size())))
        continue;
      notes_.rebuilt(fmt::format("{}: from the edge back", name(back)));
      put(kOutgoing, back, *decode_edge_value(scan.value()));
      put(kIncoming, back.reversed(), *decode_edge_value(scan.value()));
    }
  }

  GraphStore::Impl& impl_;
  RepairNotes& notes_;
  MendWriter writer_;
  graph::EdgeTypeId type_;
  const graph::EdgeType& edge_type_;
};

// No node is first seen later than its earliest edge. kEndOfTime: unknown, the entry was rebuilt.
void mend_first_seen(GraphStore::Impl& impl, RepairNotes& notes, graph::NodeTypeId type) {
  const auto& types = impl.schema.graph.edge_types();
  std::vector<graph::TimeMs> earliest(impl.state.node_counts[type], graph::kEndOfTime);
  const auto look = [&](graph::EdgeTypeId edge_type, Family family) {
    std::string prefix;
    put_big(prefix, edge_type);
    for (PrefixScan scan(impl, family, prefix); scan.valid(); scan.next()) {
      const auto key = decode_edge_key(scan.key());
      earliest[key->node] = std::min(earliest[key->node], key->time);
    }
  };
  for (std::size_t i = 0; i < types.size(); ++i) {
    if (!types[i].timed) continue;
    if (types[i].from == type) look(static_cast<graph::EdgeTypeId>(i), kOutgoing);
    if (types[i].to == type) look(static_cast<graph::EdgeTypeId>(i), kIncoming);
  }
  MendWriter writer(impl);
  std::string prefix;
  put_big(prefix, type);
  for (PrefixScan scan(impl, kIds, prefix); scan.valid(); scan.next()) {
    IdValue value = decode_id_value(scan.value()).value();
    const auto real = [](graph::TimeMs time) { return time == graph::kEndOfTime ? graph::kNoTime : time; };
    const graph::TimeMs mended = earlier(real(value.first_seen), real(earliest[value.node]));
    if (mended == value.first_seen) continue;
    value.first_seen = mended;
    notes.rebuilt(fmt::format("first seen: {} '{}' at {}", impl.schema.graph.node_type(type).name,
                              excerpt(scan.key().substr(2)), time_text(value.first_seen)));
    writer.put(kIds, scan.key(), encode_id_value(value));
  }
  writer.flush();
}

}  // namespace

void mend_edges(GraphStore::Impl& impl, RepairNotes& notes) {
  for (std::size_t type = 0; type < impl.schema.graph.edge_types().size(); ++type)
    EdgeMender(impl, notes, static_cast<graph::EdgeTypeId>(type)).run();
  for (std::size_t type = 0; type < impl.schema.graph.node_types().size(); ++type)
    mend_first_seen(impl, notes, static_cast<graph::NodeTypeId>(type));
}

}  // namespace weft::storage
