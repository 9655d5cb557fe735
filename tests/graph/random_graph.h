// Random small graphs and folders for the tests of graph/.
#pragma once

#include <cstdint>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "graph/snapshot_writer.h"

namespace weft::graph {

// A folder of its own, removed at the end. In memory where the system has /dev/shm (a few megabytes: for
// tests that write and sync thousands of small files), else or if asked under the system's temporary folder.
class TestFolder {
 public:
  enum class Place { kMemory, kDisk };
  explicit TestFolder(Place place = Place::kMemory);
  ~TestFolder();
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

// A generator whose values do not depend on the standard library.
class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}
  std::uint64_t below(std::uint64_t bound) { return engine_() % bound; }
  std::int64_t between(std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(below(static_cast<std::uint64_t>(high - low) + 1));
  }
  bool chance(double share) { return static_cast<double>(engine_() >> 11) * 0x1p-53 < share; }

 private:
  std::mt19937_64 engine_;
};

// A shop: users, items with a field of every kind, reviews (made by the event of a purchase), and edge types
// of every sort: 0 buys (timed, weighted), 1 wrote and 2 about (timed, shared with buys by event), 3 has_tag
// (untimed, some share the event of a purchase), 4 friend (symmetric, untimed, weighted), 5 nothing (never an
// edge), 6 views (timed, some without an event id).
GraphTables random_shop(std::uint64_t seed);
GraphTables random_shop(std::uint64_t seed, std::size_t users, std::size_t items, std::size_t purchases);

// A schema of one node type "node" and one edge type "link" with the edges (from, to) given; untimed,
// unweighted.
GraphTables plain_graph(std::size_t nodes, const std::vector<std::pair<NodeId, NodeId>>& edges);

// All bytes of all files below a folder, by relative name.
std::vector<std::pair<std::string, std::string>> folder_content(const std::filesystem::path& folder);

}  // namespace weft::graph
