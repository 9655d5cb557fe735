// verify_store(): the log of changes, which deltas are made from.
#include <fmt/format.h>

#include <map>

#include "base/error.h"
#include "storage/verify_parts.h"

namespace weft::storage {
namespace {

class ChangeLogCheck {
 public:
  explicit ChangeLogCheck(VerifyContext& context) : context_(context), impl_(context.impl()) {}

  void run() {
    std::uint64_t reached = impl_.changes ? impl_.changes->from : 0, changes = 0;
    PrefixScan scan(impl_, kMeta, std::string(kChangePrefix));
    for (; scan.valid(); scan.next()) {
      const auto entry = decode_change(scan.value());
      const auto after = change_sequence(scan.key());
      if (!entry || !after) {
        context_.problem("changes: an entry that cannot be read");
        return;
      }
      if (!impl_.changes) {
        context_.problem(fmt::format("changes: an entry up to event {}, but no log is kept", *after));
        return;
      }
      if (entry->before != reached || *after <= reached)
        context_.problem(fmt::format("changes: events {} to {} are followed by those from {}",
                                     impl_.changes->from, reached, entry->before));
      reached = *after;
      changes += entry->changes();
      check(*entry);
    }
    scan.check();
    if (!impl_.changes) return;
    if (reached != impl_.state.sequence)
      context_.problem(fmt::format("changes: the log ends at event {} of {}", reached, impl_.state.sequence));
    if (changes != impl_.changes->changes)
      context_.problem(fmt::format("changes: {} are there, {} are counted", changes, impl_.changes->changes));
    for (const auto& [key, last] : last_) check_edge(key, last);
  }

 private:
  bool node_there(graph::NodeTypeId type, graph::NodeId node) const {
    return type < impl_.state.node_counts.size() && node < impl_.state.node_counts[type];
  }

  void check(const ChangeEntry& entry) {
    for (const graph::NodeRef& node : entry.seen) {
      if (!node_there(node.type, node.id)) context_.problem("changes: a node that is not there");
    }
    for (const LoggedField& field : entry.fields) {
      if (!impl_.get(kFields, field_key(field.node, field.field)))
        context_.problem("changes: a field that was written and is not there");
    }
    for (const LoggedEdge& edge : entry.edges) {
      if (edge.key.type >= context_.schema().edge_types().size()) {
        context_.problem("changes: an edge of a type that the schema does not have");
      } else if (impl_.schema.attribute[edge.key.type] != 0 || impl_.deletions.any()) {
        last_.insert_or_assign(edge.key, edge);  // may come and go: the last entry counts
      } else {
        check_edge(edge.key, edge);
      }
    }
  }

  void check_edge(const EdgeKey& key, const LoggedEdge& logged) {
    const auto bytes = encode_edge_key(key);
    const auto stored = impl_.get(kOutgoing, {bytes.data(), bytes.size()});
    if (logged.removed) {
      if (stored)
        context_.problem(fmt::format("changes: {} went, but is there", context_.edge_name(key, "outgoing")));
      return;
    }
    const auto value = encode_edge_value(logged.value);
    if (!stored || *stored != std::string_view(value.data(), value.size()))
      context_.problem(fmt::format("changes: {} came, but is {}", context_.edge_name(key, "outgoing"),
                                   stored ? "another" : "not there"));
  }

  VerifyContext& context_;
  const GraphStore::Impl& impl_;
  std::map<EdgeKey, LoggedEdge> last_;  // of those that may go: the last that the log says of each
};

}  // namespace

void verify_changes(VerifyContext& context) {
  ChangeLogCheck(context).run();
}

}  // namespace weft::storage
