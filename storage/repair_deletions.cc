// repair_store(): deletions made to fit, and edges that came back without them.
#include <fmt/format.h>

#include <map>
#include <set>

#include "storage/repair_parts.h"

namespace weft::storage {
namespace {

class DeletionMender {
 public:
  DeletionMender(GraphStore::Impl& impl, RepairNotes& notes)
      : impl_(impl),
        notes_(notes),
        writer_(impl),
        schema_(impl.schema.graph),
        counts_(no_deletions(schema_.edge_types().size())) {}

  void run() {
    mend_deletions();
    mend_deletions_at();
    writer_.flush();
    mend_deleted();
    // Untimed types leave no entries: their count only says that there were some.
    for (std::size_t type = 0; type < schema_.edge_types().size(); ++type) {
      if (!schema_.edge_types()[type].timed) counts_.deletions[type] = impl_.deletions.deletions[type];
    }
    if (counts_.any() || impl_.deletions.any())
      writer_.put(kMeta, kDeletionCountsKey, encode_deletion_counts(counts_));
    if (!(counts_ == impl_.deletions))
      notes_.rebuilt("the counts of deletions and of deleted edges, from those that are there");
    impl_.deletions = counts_;
    if (counts_.any() && impl_.format < kDeletingFormat) {
      impl_.format = kDeletingFormat;
      std::string format;
      put_little(format, impl_.format);
      writer_.put(kMeta, "format", format);
      notes_.rebuilt(fmt::format("the format number, as {}: the store has deletions", impl_.format));
    }
    writer_.flush();
  }

 private:
  bool is_there(graph::NodeTypeId type, graph::NodeId node) const {
    if (node >= impl_.state.node_counts[type]) return false;
    const auto text = impl_.get(kNames, node_key({type, node}));
    return text && !text->empty();
  }

  bool ends_there(const EdgePair& pair) const {
    if (pair.type >= schema_.edge_types().size()) return false;
    const graph::EdgeType& type = schema_.edge_type(pair.type);
    return is_there(type.from, pair.from) && is_there(type.to, pair.to);
  }

  void mend_deletions() {
    std::map<graph::NodeId, graph::TimeMs> row;  // target -> until
    EdgePair at;
    const auto close = [&] {
      if (!row.empty()) mend_row(at, row);
      row.clear();
    };
    for (PrefixScan scan(impl_, kMeta, std::string(kDeletionPrefix)); scan.valid(); scan.next()) {
      const auto pair = decode_deletion_key(scan.key());
      const auto until = decode_deletion(scan.value());
      if (!pair || !until || !ends_there(*pair) || !schema_.edge_type(pair->type).timed ||
          *until == graph::kNoTime) {
        notes_.lost("deletions: an entry that cannot be read, or of a node that is not there");
        writer_.erase(kMeta, scan.key());
        continue;
      }
      ++counts_.deletions[pair->type];
      if (pair->type != at.type || pair->from != at.from) close();
      at = *pair;
      row[pair->to] = *until;
    }
    close();
  }

  void mend_row(const EdgePair& at, const std::map<graph::NodeId, graph::TimeMs>& row) {
    const auto prefix = encode_edge_prefix(at.type, at.from);
    PrefixScan scan(impl_, kOutgoing, std::string(prefix.data(), prefix.size()));
    for (; scan.valid(); scan.next()) {
      const EdgeKey key = decode_edge_key(scan.key()).value();
      const auto until = row.find(key.other);
      if (until != row.end() && key.time <= until->second) remove(key);
    }
  }

  void mend_deletions_at() {
    for (PrefixScan scan(impl_, kMeta, std::string(kDeletionAtPrefix)); scan.valid(); scan.next()) {
      const auto entry = decode_deletion_at_key(scan.key());
      if (!entry || !scan.value().empty() || !ends_there(entry->first) ||
          !schema_.edge_type(entry->first.type).timed || entry->second == graph::kNoTime) {
        notes_.lost("deletions at one time: an entry that cannot be read, or of a node that is not there");
        writer_.erase(kMeta, scan.key());
        continue;
      }
      const auto& [pair, time] = *entry;
      ++counts_.deletions[pair.type];
      for (const EdgeKey& key : edges_at(impl_, pair, time)) remove(key);
    }
  }

  void remove(const EdgeKey& key) {
    if (!removed_.insert(key).second) return;  // one deletion is enough
    const auto out = encode_edge_key(key), in = encode_edge_key(key.reversed());
    writer_.erase(kOutgoing, {out.data(), out.size()});
    writer_.erase(kIncoming, {in.data(), in.size()});
    writer_.put(kMeta, deleted_key(key), "");
    --impl_.state.edge_counts[key.type];
    notes_.rebuilt(
        fmt::format("{}: an edge that was deleted is removed again", schema_.edge_type(key.type).name));
  }

  void mend_deleted() {
    for (PrefixScan scan(impl_, kMeta, std::string(kDeletedPrefix)); scan.valid(); scan.next()) {
      const auto key = decode_deleted_key(scan.key());
      if (!key || !ends_there(pair_of(*key)) || !scan.value().empty()) {
        notes_.lost("deleted edges: an entry that cannot be read, or of a node that is not there");
        writer_.erase(kMeta, scan.key());
        continue;
      }
      const auto bytes = encode_edge_key(*key);
      if (impl_.get(kOutgoing, {bytes.data(), bytes.size()}) || !has_cause(*key)) {
        notes_.lost(fmt::format("deleted edges of {}: an entry without its deletion",
                                schema_.edge_type(key->type).name));
        writer_.erase(kMeta, scan.key());
        continue;
      }
      ++counts_.deleted[key->type];
    }
  }

  // As verify_store() has it.
  bool has_cause(const EdgeKey& key) const {
    const graph::EdgeType& type = schema_.edge_type(key.type);
    if (impl_.schema.from_event[type.from] != 0 || impl_.schema.from_event[type.to] != 0) return true;
    return impl_.has_deletion(key);
  }

  GraphStore::Impl& impl_;
  RepairNotes& notes_;
  MendWriter writer_;
  const graph::Schema& schema_;
  DeletionCounts counts_;
  std::set<EdgeKey> removed_;
};

}  // namespace

void mend_deletions(GraphStore::Impl& impl, RepairNotes& notes) {
  DeletionMender(impl, notes).run();
}

}  // namespace weft::storage
