#include "storage/verify.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "base/error.h"
#include "base/hash.h"
#include "base/strings.h"
#include "storage/values.h"
#include "storage/verify_parts.h"

namespace weft::storage {
namespace {

constexpr std::size_t kMaxProblems = 100;
constexpr int kMaxTries = 5;

// Brings a reader up to its writer. False if it was already, and for a writer.
bool follow_writer(GraphStore::Impl& impl) {
  if (impl.secondary_folder.empty()) return false;
  const auto state = [&] {
    std::vector<rocksdb::LiveFileMetaData> files;
    impl.db->GetLiveFilesMetaData(&files);
    std::set<std::string> names;
    for (const rocksdb::LiveFileMetaData& file : files) names.insert(file.name);
    return std::pair(impl.state.sequence, std::move(names));
  };
  const auto before = state();
  impl.follow_writer();
  impl.load_state();
  return state() != before;
}

// By the files' names, not through the files that a reader holds open: those that its writer has replaced
// since are gone. A file that the newest state names must be there.
void verify_checksums(VerifyContext& context, GraphStore::Impl& impl) {
  for (int tries = 0; tries < kMaxTries; ++tries) {
    const rocksdb::Status status = impl.db->VerifyChecksum();
    if (status.ok()) return;
    if (is_missing_file(status) && follow_writer(impl)) continue;
    return context.problem(fmt::format("RocksDB's files: {}", status.ToString()));
  }
  // The writer replaces files faster than they can be read. The scans that follow check every block they
  // read, in files that stay open.
}

void verify_strays(VerifyContext& context, Family family, std::size_t types, const char* what) {
  std::string from;
  put_big(from, static_cast<std::uint16_t>(types));
  rocksdb::ReadOptions read = scan_options(family);
  read.total_order_seek = true;
  const std::unique_ptr<rocksdb::Iterator> iterator(
      context.impl().db->NewIterator(read, context.impl().family(family)));
  for (iterator->Seek(from); iterator->Valid(); iterator->Next())
    context.problem(fmt::format("{} of a type that the schema does not have", what));
  // Keys too short to name a type come before all others.
  iterator->SeekToFirst();
  if (iterator->Valid() && iterator->key().size() < 2)
    context.problem(fmt::format("{} whose key cannot be read", what));
}

VerifyReport verify_once(GraphStore::Impl& impl, ProgressSink& progress, const VerifyOptions& options) {
  VerifyContext context(impl, options);
  const graph::Schema& schema = impl.schema.graph;
  // What cannot be read is one more problem; the other parts are still looked at.
  const auto guarded = [&](auto&& part) {
    try {
      part();
    } catch (const Error& error) {
      context.problem(error.summary());
    }
  };
  std::uint64_t steps = 0;
  const auto step = [&] { progress.advance(++steps); };
  progress.begin("verify", 4 + schema.node_types().size() + schema.edge_types().size(), "parts");
  guarded([&] { verify_checksums(context, impl); });
  step();
  const std::uint64_t problems = context.report().problem_count;
  guarded([&] { verify_ledger(context); });
  step();
  guarded([&] { verify_quarantine(context); });
  if (context.report().problem_count == problems) guarded([&] { verify_seal(context); });
  step();
  for (std::size_t type = 0; type < schema.node_types().size(); ++type, step())
    guarded([&] { verify_dictionary(context, static_cast<graph::NodeTypeId>(type)); });
  guarded([&] { verify_strays(context, kIds, schema.node_types().size(), "an id"); });
  guarded([&] { verify_strays(context, kNames, schema.node_types().size(), "a name"); });
  guarded([&] { verify_fields(context); });
  step();
  for (std::size_t type = 0; type < schema.edge_types().size(); ++type, step())
    guarded([&] { verify_edges(context, static_cast<graph::EdgeTypeId>(type)); });
  guarded([&] { verify_strays(context, kOutgoing, schema.edge_types().size(), "an outgoing edge"); });
  guarded([&] { verify_strays(context, kIncoming, schema.edge_types().size(), "an incoming edge"); });
  guarded([&] { verify_deletions(context); });
  guarded([&] { verify_changes(context); });
  progress.end();
  VerifyReport& report = context.report();
  if (report.problem_count > kMaxProblems)
    report.problems.push_back(fmt::format("and {} more", report.problem_count - kMaxProblems));
  return std::move(report);
}

}  // namespace

void VerifyContext::problem(std::string text) {
  if (++report_.problem_count <= kMaxProblems) report_.problems.push_back(std::move(text));
}

std::string VerifyContext::plain_name(graph::NodeTypeId type, graph::NodeId node) const {
  std::string name;
  // Damage of the dictionary is told where that is looked at.
  const rocksdb::Status status =
      impl_.db->Get(rocksdb::ReadOptions(), impl_.family(kNames), node_key({type, node}), &name);
  return status.ok() && !name.empty() ? fmt::format("'{}'", excerpt(name)) : fmt::format("#{}", node);
}

std::string VerifyContext::node_name(graph::NodeTypeId type, graph::NodeId node) const {
  return fmt::format("{} {}", schema().node_type(type).name, plain_name(type, node));
}

std::string VerifyContext::edge_name(const EdgeKey& key, const char* direction) const {
  const graph::EdgeType& type = schema().edge_type(key.type);
  return fmt::format("{} edge {} {} -> {} ({}, event {})", direction, type.name,
                     plain_name(type.from, key.node), plain_name(type.to, key.other), time_text(key.time),
                     to_hex(key.event));
}

bool VerifyContext::is_dead(graph::NodeTypeId type, graph::NodeId node) const {
  return std::binary_search(dead_[type].begin(), dead_[type].end(), node);
}

VerifyReport verify_store(const GraphStore& store, ProgressSink& progress, const VerifyOptions& options) {
  WEFT_CHECK(options.part_nodes > 0);
  VerifyReport report = verify_once(store.impl(), progress, options);
  // RocksDB's readers may come upon the writer between two steps, and then see a batch in part: what the next
  // state does not show again was never in the store.
  for (int tries = 1; tries < kMaxTries && !report.ok() && follow_writer(store.impl()); ++tries)
    report = verify_once(store.impl(), progress, options);
  return report;
}

}  // namespace weft::storage
