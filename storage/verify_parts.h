// The parts of verify_store(). Internal to storage/verify*.cc.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "storage/store_impl.h"
#include "storage/verify.h"

namespace weft::storage {

// Bounds of a part of the dense ids: [first, end).
struct NodeRange {
  graph::NodeId first = 0;
  graph::NodeId end = 0;
  bool contains(graph::NodeId node) const { return node >= first && node < end; }
};

// First-seen times of a type's nodes, a part of the dense ids at a time: cheap where nodes are asked for in
// ascending order, as the edges of one direction name them.
class FirstSeenTimes {
 public:
  // Of a node without an entry that can be read: the beginning of time, which contradicts nothing.
  graph::TimeMs of(const GraphStore::Impl& impl, graph::NodeTypeId type, graph::NodeId node,
                   std::uint32_t part_nodes);

 private:
  NodeRange range_;
  std::vector<graph::TimeMs> times_;  // [range_]
};

// What all parts share: the store, and where problems go.
class VerifyContext {
 public:
  VerifyContext(const GraphStore::Impl& impl, const VerifyOptions& options)
      : impl_(impl),
        options_(options),
        dead_(impl.schema.graph.node_types().size()),
        first_seen_(dead_.size()) {}

  const GraphStore::Impl& impl() const { return impl_; }
  const graph::Schema& schema() const { return impl_.schema.graph; }
  const VerifyOptions& options() const { return options_; }
  VerifyReport& report() { return report_; }
  void problem(std::string text);

  // "user 'anna'", or "user #12" if the dictionary has no name of it.
  std::string node_name(graph::NodeTypeId type, graph::NodeId node) const;
  // Of an edge as its source sees it: "outgoing edge buys 'anna' -> 'tea' (2026-11-22T07:25:00.000Z, event
  // 12ab...)".
  std::string edge_name(const EdgeKey& key, const char* direction) const;

  // [node type]: ids that were forgotten, ascending; filled by verify_dictionary().
  std::vector<std::vector<graph::NodeId>>& dead() { return dead_; }
  bool is_dead(graph::NodeTypeId type, graph::NodeId node) const;

  graph::TimeMs first_seen(graph::NodeTypeId type, graph::NodeId node) {
    return first_seen_[type].of(impl_, type, node, options_.part_nodes);
  }

  std::uint32_t sources = 0;  // of the ledger; set by verify_ledger()

 private:
  std::string plain_name(graph::NodeTypeId type, graph::NodeId node) const;

  const GraphStore::Impl& impl_;
  VerifyOptions options_;
  VerifyReport report_;
  std::vector<std::vector<graph::NodeId>> dead_;
  std::vector<FirstSeenTimes> first_seen_;  // [node type]
};

void verify_dictionary(VerifyContext& context, graph::NodeTypeId type);
void verify_fields(VerifyContext& context);
void verify_ledger(VerifyContext& context);
void verify_quarantine(VerifyContext& context);
// Entries of either that are lost, or older than the store's meta data.
void verify_seal(VerifyContext& context);
// After verify_dictionary() of all types and verify_ledger().
void verify_edges(VerifyContext& context, graph::EdgeTypeId type);

// Of and with edges that stand. After verify_dictionary() of all types.
void verify_deletions(VerifyContext& context);

// Entries in a row up to the store's state, of edges and fields that are there or not as they say.
void verify_changes(VerifyContext& context);

// What a field's value of this kind may be.
bool kind_fits(graph::FieldKind kind, const graph::FieldValue& value);

}  // namespace weft::storage
