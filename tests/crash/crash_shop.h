// A small shop whose sources grow, and the oracle of the crash tests: it knows the rows as they were made,
// and replays any prefix of what ingest reads, row by row, into plain maps.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "storage/graph_store.h"

namespace weft::storage {

// What a store holds, as lines of text by section: "nodes.user" in order of dense ids, "edges.buys",
// "quarantine", "ledger", "sequence". Dense ids of edges' ends are shown by what they stand for.
using StoreContent = std::map<std::string, std::vector<std::string>>;

StoreContent read_content(const GraphStore& store);

// The first line that differs, for people; empty if none does.
std::string first_difference(const StoreContent& found, const StoreContent& wanted);

class CrashShop {
 public:
  enum class Pictures { kSome, kNone };

  // Writes the project file; grow() makes the first rows.
  CrashShop(std::filesystem::path folder, std::uint64_t seed, Pictures pictures = Pictures::kSome);

  // Appends rows to every source. Pictures that rows of the call before named turn up.
  void grow();

  std::filesystem::path project() const { return folder_ / "shop.toml"; }

  // How many steps, rows and pictures that turned up, the store has taken, by its ledger and its sequence;
  // nothing if they are of no prefix.
  std::optional<std::size_t> steps_taken(const StoreContent& content) const;
  StoreContent expected(std::size_t steps) const;  // after so many
  std::size_t steps() const { return steps_.size(); }
  std::size_t steps_with_all_rows() const;  // without the pictures that turned up in the last call of grow()

 private:
  struct Step {
    enum class Kind { kUser, kItem, kReview, kPurchase, kBad, kPicture };
    Kind kind = Kind::kBad;
    std::size_t source = 0;  // in order of ingest; kPicture: none
    std::uint64_t line = 0;
    std::string user = {}, item = {};
    std::optional<int> age = {};
    std::string text = {};  // title, body
    std::vector<std::string> tags = {};
    std::string photo = {};
    bool photo_found = false;
    std::int64_t time = 0;  // s
    double weight = 1;
    bool deletes = false;  // the purchases of the two, up to the time
  };
  struct Replay;

  void add(std::size_t source, Step step, const std::string& row);
  void add_users();
  void add_items();
  void add_reviews();
  void add_purchases(std::size_t source);
  void add_pictures();
  std::uint64_t below(std::uint64_t bound) { return random_() % bound; }

  std::filesystem::path folder_;
  std::mt19937_64 random_;
  Pictures pictures_;
  int round_ = 0;
  std::vector<Step> steps_;
  std::vector<std::string> text_;    // [source] all of it
  std::vector<std::uint64_t> rows_;  // [source]
};

}  // namespace weft::storage
