// tools/hetero_data.py, which opens a snapshot's files for PyTorch Geometric, against the C++ reader.
// Needs torch_geometric in $WEFT_PYTHON (python3 unless given); is skipped, and says so, where it is not.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/graph/random_graph.h"

namespace weft::graph {
namespace {

using nlohmann::json;

constexpr int kNoPackage = 77;

json nodes_of(const Snapshot& snapshot) {
  json out;
  for (NodeTypeId t = 0; t < snapshot.schema().node_types().size(); ++t) {
    const NodeType& type = snapshot.schema().node_type(t);
    json entry = {{"ids", json::array()},
                  {"first_seen", json::array()},
                  {"numbers", json::object()},
                  {"texts", json::object()}};
    for (NodeId n = 0; n < snapshot.node_count(t); ++n) {
      entry["ids"].push_back(snapshot.external_id({t, n}));
      entry["first_seen"].push_back(snapshot.first_seen(t)[n]);
    }
    for (std::size_t f = 0; f < type.fields.size(); ++f) {
      json values = json::array();
      if (type.fields[f].kind == FieldKind::kNumber) {
        for (const double value : snapshot.numbers(t, f))
          values.push_back(std::isnan(value) ? json() : json(value));
        entry["numbers"][type.fields[f].name] = values;
      } else if (type.fields[f].kind == FieldKind::kText) {
        for (NodeId n = 0; n < snapshot.node_count(t); ++n) values.push_back(snapshot.texts(t, f)[n]);
        entry["texts"][type.fields[f].name] = values;
      }
    }
    out[type.name] = entry;
  }
  return out;
}

json relation_of(const Snapshot& snapshot, RelationId relation) {
  const Schema& schema = snapshot.schema();
  const CsrView csr = snapshot.relation(relation);
  json entry = {{"triple",
                 {schema.node_type(schema.row_type(relation)).name, schema.relation_name(relation),
                  schema.node_type(schema.target_type(relation)).name}},
                {"rows", json::array()},
                {"targets", csr.targets}};
  for (NodeId row = 0; row < csr.rows(); ++row) {
    for (std::uint64_t i = 0; i < csr.degree(row); ++i) entry["rows"].push_back(row);
  }
  if (schema.edge_type(edge_type_of(relation)).timed) entry["time"] = csr.times;
  if (is_incoming(relation)) {
    entry["edge_id"] = csr.edge_ids;
    return entry;
  }
  const EdgeColumns columns = snapshot.edge_columns(edge_type_of(relation));
  entry["event"] = columns.events;
  if (schema.edge_type(edge_type_of(relation)).weighted) entry["weight"] = columns.weights;
  return entry;
}

TEST(HeteroData, EqualsTheReaderAndCopiesNothing) {
  for (std::uint64_t seed = 1; seed <= 2; ++seed) {
    TestFolder folder;
    write_snapshot(random_shop(seed), folder / "s");
    json expected = {{"relations", json::array()}};
    {
      const Snapshot snapshot = Snapshot::open(folder / "s");
      expected["nodes"] = nodes_of(snapshot);
      expected["first_type"] = snapshot.schema().node_type(0).name;
      for (const RelationId relation : snapshot.schema().relations())
        expected["relations"].push_back(relation_of(snapshot, relation));
    }
    std::ofstream(folder / "expected.json") << expected.dump();
    const char* python = std::getenv("WEFT_PYTHON");
    const std::string command = std::string(python == nullptr ? "python3" : python) + " " + WEFT_SOURCE_DIR +
                                "/tests/tools/hetero_data_check.py " + WEFT_SOURCE_DIR + "/tools " +
                                (folder / "s").string() + " " + (folder / "expected.json").string();
    const int status = std::system(command.c_str());
    ASSERT_TRUE(WIFEXITED(status));
    if (WEXITSTATUS(status) == kNoPackage || WEXITSTATUS(status) == 127) {
      GTEST_SKIP() << "no torch_geometric here: WEFT_PYTHON can name a Python that has it";
    }
    ASSERT_EQ(WEXITSTATUS(status), 0) << command;
  }
}

}  // namespace
}  // namespace weft::graph
