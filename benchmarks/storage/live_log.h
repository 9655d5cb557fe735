// A log of ratings as large as is asked for, its store, and seeds weighted by degree: what live reads and
// writes are measured on.
#pragma once

#include <cstdint>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "graph/event.h"
#include "storage/project.h"

namespace weft::storage::benchmarks {

// Users = rows / 10, items = rows / 50; power laws as in the peers' log: exponents 0.6 and 0.8.
class LiveLog {
 public:
  LiveLog(std::filesystem::path folder, std::uint64_t rows);

  // Writes log.csv (user_id, item_id, rating, timestamp), users.csv, items.csv (the ids that it has),
  // seeds.txt (users of rows drawn at random) and live.toml, unless they are there. Same rows, same bytes.
  void make(std::size_t seeds) const;

  Project project() const;
  std::vector<std::string> seeds() const;
  std::uint64_t rows() const { return rows_; }
  std::filesystem::path folder() const { return folder_; }

  std::string user(std::mt19937_64& random) const;
  std::string item(std::mt19937_64& random) const;

 private:
  std::filesystem::path folder_;
  std::uint64_t rows_, users_, items_;
};

}  // namespace weft::storage::benchmarks
