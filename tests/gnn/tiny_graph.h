// Small graphs written to a temporary folder, with splits and configurations to train on.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/toml.h"
#include "graph/snapshot.h"
#include "graph/snapshot_writer.h"
#include "graph/split.h"

namespace weft::gnn {

// A folder of the running test, gone when the test ends.
class TestFolder {
 public:
  TestFolder() {
    const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
    path_ = std::filesystem::temp_directory_path() / (std::string("weft-gnn-") + test->test_suite_name() +
                                                      "-" + test->name() + "-" + std::to_string(::getpid()));
    std::filesystem::remove_all(path_);
    std::filesystem::create_directories(path_);
  }
  ~TestFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

// Collects nodes and edges, then writes a snapshot. External ids are "<type><number>".
class GraphBuilder {
 public:
  graph::NodeTypeId nodes(const std::string& name, std::size_t count, std::vector<graph::Field> fields = {});
  graph::EdgeTypeId edges(const std::string& name, graph::NodeTypeId from, graph::NodeTypeId to, bool timed,
                          bool weighted = false);
  void value(graph::NodeTypeId type, std::size_t field, graph::NodeId node, graph::FieldValue value);
  void first_seen(graph::NodeTypeId type, graph::NodeId node, graph::TimeMs time);
  void edge(graph::EdgeTypeId type, graph::NodeId from, graph::NodeId to, graph::TimeMs time,
            graph::EventId event, float weight = 1);
  graph::Snapshot write(const std::filesystem::path& folder);

 private:
  graph::GraphTables tables_;
};

// A repeatable stream of small random numbers.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : state_(seed) {}
  std::uint32_t below(std::uint32_t n);

 private:
  std::uint64_t state_;
};

graph::Split time_split(const graph::Snapshot& snapshot, const std::string& target, double valid = 0.1,
                        double test = 0.2);
graph::Split random_split(const graph::Snapshot& snapshot, const std::string& target, double valid = 0.1,
                          double test = 0.2);

// A configuration with target "buys" from the text of [model] and [train].
TomlFile config(const std::string& model, const std::string& train);

}  // namespace weft::gnn
