// The edges of a store row by row, beside the merge of a bulk load into it.
#pragma once

#include <rocksdb/iterator.h>

#include <functional>
#include <memory>

#include "storage/store_impl.h"

namespace weft::storage {

class StoredRows {
 public:
  // Of one edge type: rows of the family `outgoing` or `incoming`.
  StoredRows(const GraphStore::Impl& store, graph::EdgeTypeId type, Family family);

  // visit(key, value) for the row's edges in the order of their keys, from the newest at `until` or before
  // on. Throws Error on damage.
  void visit(graph::NodeId node, graph::TimeMs until,
             const std::function<void(const EdgeKey&, const EdgeValue&)>& visit);

 private:
  const GraphStore::Impl& store_;
  graph::EdgeTypeId type_;
  std::unique_ptr<rocksdb::Iterator> scan_;
};

}  // namespace weft::storage
