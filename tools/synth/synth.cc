#include "tools/synth/synth.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "base/thread_pool.h"
#include "tools/synth/behaviour.h"
#include "tools/synth/event_buckets.h"
#include "tools/synth/shop.h"
#include "tools/synth/truth.h"
#include "tools/synth/world.h"

namespace weft::synth {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kAutoPairs = 25'000'000;
constexpr std::string_view kMarker = "synth.json";
constexpr std::string_view kUnfinished = ".synth-unfinished";
// In the order in which they appear under their names; the project file and the marker last.
constexpr std::array<std::string_view, 19> kOutputs = {
    "users.csv",      "users.parquet",      "items.jsonl",     "photos",
    "clips",          "events.csv",         "events.parquet",  "app_events.csv",
    "app_users.csv",  "app_events.parquet", "impressions.csv", "impressions.parquet",
    "searches.jsonl", "reviews.jsonl",      "follows.csv",     "follows.parquet",
    "truth",          "shop.toml",          "synth.json"};

void require(bool holds, std::string_view option, const std::string& value, std::string_view expected) {
  if (holds) return;
  throw Error("option out of range",
              {.field = std::string(option), .value = value, .expected = std::string(expected)},
              ErrorKind::kUsage);
}

void check(const SynthOptions& o) {
  constexpr std::uint64_t kMost = 100'000'000;
  require(o.users >= 1 && o.users <= kMost, "users", std::to_string(o.users), "1 to 100,000,000");
  require(o.items >= 20 && o.items <= kMost, "items", std::to_string(o.items), "20 to 100,000,000");
  require(o.days >= 30 && o.days <= 3650, "days", std::to_string(o.days), "30 to 3,650");
  require(o.purchases_per_user > 0 && o.purchases_per_user <= 400, "purchases_per_user",
          fmt::format("{}", o.purchases_per_user), "more than 0, at most 400");
  require(o.dirt >= 0 && o.dirt <= 0.5, "dirt", fmt::format("{}", o.dirt), "0 to 0.5");
}

// The folder may be new, empty, or a synthetic shop of before (also one whose making was interrupted).
void check_folder(const fs::path& folder) {
  if (!fs::exists(folder)) return;
  if (!fs::is_directory(folder)) throw Error("not a folder", {.file = folder.string()}, ErrorKind::kUsage);
  if (fs::exists(folder / kMarker) || fs::exists(folder / kUnfinished) || fs::is_empty(folder)) return;
  throw Error("the folder is not empty and holds no synthetic shop",
              {.file = folder.string(), .hint = "name a new folder; nothing was written"}, ErrorKind::kUsage);
}

void generate_events(const World& world, bool exact, ThreadPool& pool, EventBuckets& buckets,
                     ProgressSink& progress, SynthReport& report) {
  const std::uint64_t users = world.options().users;
  std::vector<Choice> choices(pool.size(), Choice(world, exact));
  const std::size_t chunk = 64 * pool.size();
  std::vector<std::vector<Event>> events(chunk);
  progress.begin("visits", users, "users");
  for (std::uint64_t begin = 0; begin < users; begin += chunk) {
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(chunk, users - begin));
    pool.parallel_for(choices.size(), 1, [&](std::size_t from, std::size_t to) {
      for (std::size_t slot = from; slot < to; ++slot) {
        for (std::size_t k = slot; k < count; k += choices.size()) {
          events[k] = user_events(world, world.user(begin + k), choices[slot]);
        }
      }
    });
    for (std::size_t k = 0; k < count; ++k) {
      buckets.add(events[k]);
      if (!events[k].empty()) report.visits += visits_of(events[k]);
    }
    progress.advance(begin + count);
  }
  progress.end();
}

void write_marker(const fs::path& folder, const SynthOptions& o, const SynthReport& r) {
  nlohmann::ordered_json json = {{"options",
                                  {{"users", o.users},
                                   {"items", o.items},
                                   {"seed", o.seed},
                                   {"days", o.days},
                                   {"purchases_per_user", o.purchases_per_user},
                                   {"dirt", o.dirt},
                                   {"mismatches", o.mismatches},
                                   {"parquet", o.parquet},
                                   {"media", o.media}}}};
  json.update(nlohmann::ordered_json::parse(to_json(r)));
  real_files().write_whole(folder / kMarker, json.dump(2) + "\n");
}

// Everything was written beside the old shop; now it takes its place.
void publish(const fs::path& unfinished, const fs::path& folder) {
  Files& files = real_files();
  files.remove_all(folder / kMarker);
  for (const std::string_view name : kOutputs) {
    if (name != kMarker) files.remove_all(folder / name);
    if (fs::exists(unfinished / name)) files.rename(unfinished / name, folder / name);
  }
  files.remove_all(unfinished);
}

}  // namespace

void count_dirt(const Shop& shop, const RowWriter& log) {
  shop.report.dirty_rows += log.dirty_rows();
  shop.report.broken_rows_share = std::max(shop.report.broken_rows_share, log.broken_share());
}

std::string table_name(const Shop& shop, std::string_view name) {
  return fmt::format("{}.{}", name, shop.world.options().parquet ? "parquet" : "csv");
}

RowWriter open_table(const Shop& shop, std::string_view name, std::uint64_t stream) {
  const SynthOptions& options = shop.world.options();
  return {shop.folder / table_name(shop, name), options.parquet ? RowKind::kParquet : RowKind::kCsv,
          options.seed, stream, options.dirt * 0.75};
}

std::string to_json(const SynthReport& r) {
  const nlohmann::ordered_json json = {{"users", r.users},
                                       {"items", r.items},
                                       {"brands", r.brands},
                                       {"categories", r.categories},
                                       {"visits", r.visits},
                                       {"browses", r.browses},
                                       {"carts", r.carts},
                                       {"purchases", r.purchases},
                                       {"impressions", r.impressions},
                                       {"searches", r.searches},
                                       {"reviews", r.reviews},
                                       {"reviews_chinese", r.reviews_chinese},
                                       {"follows", r.follows},
                                       {"photos", r.photos},
                                       {"clips", r.clips},
                                       {"app_rows", r.app_rows},
                                       {"dirty_rows", r.dirty_rows},
                                       {"dirty_media", r.dirty_media},
                                       {"test_start_ms", r.test_start_ms},
                                       {"exact", r.exact},
                                       {"truth", r.truth}};
  return json.dump();
}

SynthReport generate(const SynthOptions& options, const fs::path& folder, ProgressSink& progress) {
  check(options);
  check_folder(folder);
  Files& files = real_files();
  const fs::path unfinished = folder / kUnfinished;
  files.make_folders(folder);
  files.remove_all(unfinished);
  files.make_folders(unfinished);

  SynthReport report;
  const auto chosen = [&](Wanted wanted) {
    return wanted == Wanted::kYes || (wanted == Wanted::kAuto && options.users <= kAutoPairs / options.items);
  };
  report.exact = chosen(options.exact);
  report.truth = chosen(options.truth);
  const World world(options);
  const Ids ids(options);
  ThreadPool pool(options.threads);
  report.users = options.users;
  report.items = options.items;
  report.brands = world.brands();
  report.categories = kCategories;

  const Shop shop{
      .world = world, .ids = ids, .folder = unfinished, .pool = pool, .progress = progress, .report = report};
  write_users(shop);
  write_app_users(shop);
  write_items(shop);
  write_media(shop);
  write_follows(shop);
  const fs::path spill = unfinished / "spill";
  EventBuckets buckets(world.log_start(), spill, options.memory_bytes);
  generate_events(world, report.exact, pool, buckets, progress, report);
  write_events(shop, buckets);
  files.remove_all(spill);
  write_truth(shop);
  write_project(shop);
  write_marker(unfinished, options, report);
  publish(unfinished, folder);
  return report;
}

}  // namespace weft::synth
