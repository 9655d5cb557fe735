// verify_store(): deletions and the edges that they took back.
#include <fmt/format.h>

#include <map>

#include "storage/values.h"
#include "storage/verify_parts.h"

namespace weft::storage {
namespace {

class DeletionCheck {
 public:
  explicit DeletionCheck(VerifyContext& context)
      : context_(context),
        impl_(context.impl()),
        there_(no_deletions(context.schema().edge_types().size())) {}

  void run() {
    check_deletions();
    check_deletions_at();
    check_deleted();
    const auto& types = context_.schema().edge_types();
    for (std::size_t type = 0; type < types.size(); ++type) {
      compare(types[type].name, "deletions", there_.deletions[type],
              types[type].timed ? impl_.deletions.deletions[type] : 0);
      compare(types[type].name, "deleted edges", there_.deleted[type], impl_.deletions.deleted[type]);
    }
    if (impl_.deletions.any() && impl_.format < kDeletingFormat)
      context_.problem(fmt::format("deletions: there are some in a store of format {}", impl_.format));
  }

 private:
  void compare(const std::string& type, const char* what, std::uint64_t there, std::uint64_t counted) {
    if (there != counted)
      context_.problem(fmt::format("{} of {}: {} are there, {} are counted", what, type, there, counted));
  }

  bool ends_there(const EdgePair& pair) const {
    const graph::EdgeType& type = context_.schema().edge_type(pair.type);
    const auto there = [&](graph::NodeTypeId of, graph::NodeId node) {
      return node < impl_.state.node_counts[of] && !context_.is_dead(of, node);
    };
    return there(type.from, pair.from) && there(type.to, pair.to);
  }

  std::string name(const EdgePair& pair) const {
    const graph::EdgeType& type = context_.schema().edge_type(pair.type);
    return fmt::format("{} {} -> {}", type.name, context_.node_name(type.from, pair.from),
                       context_.node_name(type.to, pair.to));
  }

  // In ascending order of pairs, so that each row of edges is read once.
  void check_deletions() {
    std::map<graph::NodeId, graph::TimeMs> row;  // target -> until
    EdgePair at;
    const auto close = [&] {
      if (!row.empty()) check_row(at, row);
      row.clear();
    };
    PrefixScan scan(impl_, kMeta, std::string(kDeletionPrefix));
    for (; scan.valid(); scan.next()) {
      const auto pair = decode_deletion_key(scan.key());
      const auto until = decode_deletion(scan.value());
      if (!pair || !until || pair->type >= context_.schema().edge_types().size()) {
        context_.problem("deletions: an entry that cannot be read");
        continue;
      }
      ++there_.deletions[pair->type];
      if (!context_.schema().edge_type(pair->type).timed || *until == graph::kNoTime) {
        context_.problem(fmt::format("deletion of {}: has no time, or is of an untimed type", name(*pair)));
        continue;
      }
      if (!ends_there(*pair)) {
        context_.problem(fmt::format("deletion of {}: an end that is not there", name(*pair)));
        continue;
      }
      if (pair->type != at.type || pair->from != at.from) close();
      at = *pair;
      row[pair->to] = *until;
    }
    scan.check();
    close();
  }

  void check_row(const EdgePair& at, const std::map<graph::NodeId, graph::TimeMs>& row) {
    const auto prefix = encode_edge_prefix(at.type, at.from);
    PrefixScan scan(impl_, kOutgoing, std::string(prefix.data(), prefix.size()));
    for (; scan.valid(); scan.next()) {
      const auto key = decode_edge_key(scan.key());
      if (!key) continue;  // told where edges are looked at
      const auto until = row.find(key->other);
      if (until != row.end() && key->time <= until->second)
        context_.problem(fmt::format("{}: its pair was deleted up to {}",
                                     context_.edge_name(*key, "outgoing"), time_text(until->second)));
    }
    scan.check();
  }

  void check_deletions_at() {
    PrefixScan scan(impl_, kMeta, std::string(kDeletionAtPrefix));
    for (; scan.valid(); scan.next()) {
      const auto entry = decode_deletion_at_key(scan.key());
      if (!entry || !scan.value().empty() || entry->first.type >= context_.schema().edge_types().size()) {
        context_.problem("deletions at one time: an entry that cannot be read");
        continue;
      }
      const auto& [pair, time] = *entry;
      ++there_.deletions[pair.type];
      if (!context_.schema().edge_type(pair.type).timed || time == graph::kNoTime) {
        context_.problem(fmt::format("deletion of {}: has no time, or is of an untimed type", name(pair)));
      } else if (!ends_there(pair)) {
        context_.problem(fmt::format("deletion of {}: an end that is not there", name(pair)));
      } else {
        for (const EdgeKey& key : edges_at(impl_, pair, time))
          context_.problem(
              fmt::format("{}: its pair was deleted at this time", context_.edge_name(key, "outgoing")));
      }
    }
    scan.check();
  }

  void check_deleted() {
    const auto& schema = context_.schema();
    PrefixScan scan(impl_, kMeta, std::string(kDeletedPrefix));
    for (; scan.valid(); scan.next()) {
      const auto key = decode_deleted_key(scan.key());
      if (!key || key->type >= schema.edge_types().size() || !scan.value().empty()) {
        context_.problem("deleted edges: an entry that cannot be read");
        continue;
      }
      ++there_.deleted[key->type];
      if (!ends_there(pair_of(*key))) {
        context_.problem(fmt::format("deleted {}: an end that is not there", name(pair_of(*key))));
        continue;
      }
      const auto bytes = encode_edge_key(*key);
      if (impl_.get(kOutgoing, {bytes.data(), bytes.size()}))
        context_.problem(fmt::format("deleted {}: the edge is there", name(pair_of(*key))));
      check_cause(*key);
    }
    scan.check();
  }

  // A deletion of its pair, or that of another edge of its event, at whose node it hung.
  void check_cause(const EdgeKey& key) {
    const graph::EdgeType& type = context_.schema().edge_type(key.type);
    const auto& from_event = impl_.schema.from_event;
    if (from_event[type.from] != 0 || from_event[type.to] != 0) return;
    if (!impl_.has_deletion(key))
      context_.problem(fmt::format("deleted {}: no deletion of the pair reaches it", name(pair_of(key))));
  }

  VerifyContext& context_;
  const GraphStore::Impl& impl_;
  DeletionCounts there_;
};

}  // namespace

void verify_deletions(VerifyContext& context) {
  DeletionCheck(context).run();
}

}  // namespace weft::storage
