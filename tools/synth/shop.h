// The logs of the synthetic shop: each function writes one or more files into the folder. docs/synth.md lists
// the columns.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "base/progress.h"
#include "base/thread_pool.h"
#include "tools/synth/event_buckets.h"
#include "tools/synth/random.h"
#include "tools/synth/row_writer.h"
#include "tools/synth/world.h"

namespace weft::synth {

// External ids. They are shuffled: neither their order nor their digits tell anything.
inline constexpr double kAppShare = 0.3;  // of the users

class Ids {
 public:
  explicit Ids(const SynthOptions& options);
  std::string user(std::uint64_t index) const;
  std::string item(std::uint64_t index) const;
  std::string visit(std::uint64_t user, std::uint32_t visit) const;
  // Whether a user is one of the app's (where there is one), and what the app calls the user.
  bool of_app(std::uint64_t user) const;
  std::string app_user(std::uint64_t user) const;

 private:
  std::uint64_t seed_;
  Permutation users_, items_;
};

// What the writers share. `report` is added to.
struct Shop {
  const World& world;
  const Ids& ids;
  const std::filesystem::path& folder;
  ThreadPool& pool;
  ProgressSink& progress;
  SynthReport& report;
};

// "events" -> "events.csv" or "events.parquet"; and the file, opened.
std::string table_name(const Shop& shop, std::string_view name);
RowWriter open_table(const Shop& shop, std::string_view name, std::uint64_t stream);

// Adds a closed log's dirt to the report.
void count_dirt(const Shop& shop, const RowWriter& log);

void write_items(const Shop& shop);      // items.jsonl
void write_media(const Shop& shop);      // photos/, clips/
void write_users(const Shop& shop);      // users.csv
void write_app_users(const Shop& shop);  // app_users.csv: the app's ids beside the shop's
void write_follows(const Shop& shop);    // follows.csv
// events.csv, impressions.csv, searches.jsonl, reviews.jsonl; takes the buckets' events and sets
// report.test_start_ms.
void write_events(const Shop& shop, EventBuckets& buckets);
void write_project(const Shop& shop);  // shop.toml

// How an item's picture or clip is delivered.
enum class Delivery { kWhole, kUnnamed, kMissing, kCut, kNoise, kEmpty };
Delivery photo_delivery(const World& world, std::uint32_t item);
Delivery clip_delivery(const World& world, std::uint32_t item);
std::string photo_path(const Shop& shop,
                       std::uint32_t item);  // relative to the folder: "photos/1f/p02a51f.jpg"
std::string clip_path(const Shop& shop, std::uint32_t item);

}  // namespace weft::synth
