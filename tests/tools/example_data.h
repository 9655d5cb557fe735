// The data sets of the project files in examples/, small and made up: the same files, columns and oddities as
// the real ones (shared/data/README.md), with generated words, people and pictures. The same on every run of
// a build.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace weft {

// A row that makes an edge of the target type.
struct ExampleEvent {
  std::string user = {}, item = {};          // external ids
  std::optional<std::int64_t> time_ms = {};  // since 1970
  std::optional<int> rating = {};
  std::string source = {};  // file, below the folder
};

// What was written, and what `weft ingest` of the example's project file has to find in it.
struct ExampleData {
  std::filesystem::path folder = {};
  std::map<std::string, std::uint64_t> nodes = {}, edges = {};  // by type
  std::map<std::string, std::uint64_t> present = {};            // "type.field" -> nodes with a value
  std::uint64_t pictures = 0;                                   // files
  std::uint64_t with_entities = 0;                 // texts with HTML entities, of the first column with rules
  std::string item_type = "item";                  // at the target's far end
  std::vector<ExampleEvent> events = {};           // no (user, item) pair twice
  std::vector<std::string> items = {};             // ids in the order of their first mention
  std::map<std::string, std::string> titles = {};  // id -> what people are shown; empty: the id itself
};

// MovieLens 100K with plots and posters: ml-100k.inter, .item, .user, plots.jsonl, posters.csv,
// posters/ID.jpg (progressive). Some films have no plot, some no poster, two share title and poster, one has
// an unknown year.
ExampleData write_ml_100k(const std::filesystem::path& folder);

// Amazon's reviews: reviews.jsonl.gz, sorted by product; whole days; HTML entities, escaped quotes, some
// names and some texts missing.
ExampleData write_musical_instruments(const std::filesystem::path& folder);

// Check-ins without times: train.csv.gz (sorted) and test.csv.gz; every user is in both, every place in
// train.
ExampleData write_gowalla(const std::filesystem::path& folder);

// Last.fm of HetRec 2011: user_artists.dat with counts, lastfm.inter (the same pairs), lastfm.item, and
// lastfm.net with both directions of each friendship and CRLF line ends. Ids with gaps; names with quotes
// that are none, and damaged ones; some artists without a picture's address.
ExampleData write_lastfm(const std::filesystem::path& folder);

// Short videos without times: train.csv.gz, valid.csv.gz and test.csv.gz. Some users are not in train, some
// items in valid or test alone.
ExampleData write_tiktok(const std::filesystem::path& folder);

// reviews.csv.gz: category, label and text in Chinese, some quoted, one empty. No users and no items.
ExampleData write_chinese_reviews(const std::filesystem::path& folder);

}  // namespace weft
