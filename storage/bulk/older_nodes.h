// Nodes of the store that a bulk load into it mentions at a time before their first-seen time: their
// dictionary entries are written anew.
#pragma once

#include <cstddef>
#include <functional>
#include <string_view>
#include <utility>
#include <vector>

#include "graph/ids.h"
#include "storage/store_impl.h"

namespace weft::storage {

// Of one node type.
class OlderNodes {
 public:
  // put(external id, value) is called for those that change, in any order.
  OlderNodes(const GraphStore::Impl& store, graph::NodeTypeId type,
             std::function<void(std::string_view, const IdValue&)> put)
      : store_(store), type_(type), put_(std::move(put)) {}

  // Nodes of the store, ascending, each any number of times.
  void add(graph::NodeId node, graph::TimeMs seen);
  void finish() { write(); }

 private:
  void write();

  const GraphStore::Impl& store_;
  graph::NodeTypeId type_;
  std::function<void(std::string_view, const IdValue&)> put_;
  std::vector<std::pair<graph::NodeId, graph::TimeMs>> waiting_;  // to be looked up together
};

}  // namespace weft::storage
