#include "storage/bulk/stored_rows.h"

namespace weft::storage {

StoredRows::StoredRows(const GraphStore::Impl& store, graph::EdgeTypeId type, Family family)
    : store_(store), type_(type) {
  rocksdb::ReadOptions read = scan_options(family);
  read.prefix_same_as_start = true;
  read.fill_cache = false;
  scan_.reset(store.db->NewIterator(read, store.family(family)));
}

void StoredRows::visit(graph::NodeId node, graph::TimeMs until,
                       const std::function<void(const EdgeKey&, const EdgeValue&)>& visit) {
  const auto prefix = encode_edge_prefix(type_, node);
  const auto from = encode_edge_key({type_, node, until, ~graph::NodeId{0}, ~graph::EventId{0}});
  for (scan_->Seek(slice(from)); scan_->Valid() && scan_->key().starts_with(slice(prefix)); scan_->Next()) {
    const auto key = decode_edge_key({scan_->key().data(), scan_->key().size()});
    const auto value = decode_edge_value({scan_->value().data(), scan_->value().size()});
    if (!key || !value) store_.damaged("an edge of the store is damaged");
    visit(*key, *value);
  }
  store_.check(scan_->status(), "read the store");
}

}  // namespace weft::storage
