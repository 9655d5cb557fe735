// The project files in examples/, each run by the real program from logs to recommendations: on a small data
// set of the same format, made here; and, where the real data sets are there (WEFT_SHARED_DATA, or
// ../shared/data beside the repository), their counts.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/tools/example_data.h"
#include "tests/tools/run_weft.h"

namespace weft {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::size_t kListed = 20;
constexpr const char* kFastNetwork =
    " --set train.epochs=2 --set train.batch_size=64 --set model.fan_outs=[8] --set model.hidden=16 --set "
    "model.dim=16";
constexpr const char* kFastLightGcn =
    " --set lightgcn.epochs=2 --set lightgcn.batch=128 --set lightgcn.dim=16 --set "
    "lightgcn.learning_rate=0.01";

// One of the project files, on data and in a workspace that are given.
class Example {
 public:
  Example(const std::string& name, const fs::path& data, std::string settings = "")
      : scratch_(scratch_folder("example")),
        arguments_(" --json --quiet " WEFT_EXAMPLES "/" + name +
                   ".toml --set project.data_root=" + data.string() +
                   " --set project.workspace=" + (scratch_ / "workspace").string() + std::move(settings)) {}

  const fs::path& scratch() const { return scratch_; }
  // The command's JSON; fails the test, and gives null, if the program fails.
  json run(const std::string& command, const std::string& more = "") const {
    const RunResult result = run_weft(command + arguments_ + " " + more);
    EXPECT_EQ(result.exit_code, 0) << command << arguments_ << " " << more << "\n" << result.err;
    return result.exit_code == 0 ? result.json() : json();
  }

 private:
  fs::path scratch_;
  std::string arguments_;
};

std::map<std::string, std::uint64_t> totals(const json& counts) {
  std::map<std::string, std::uint64_t> out;
  for (const auto& [name, count] : counts.items()) out[name] = count["total"];
  return out;
}

std::uint64_t sum(const std::map<std::string, std::uint64_t>& counts) {
  std::uint64_t out = 0;
  for (const auto& [name, count] : counts) out += count;
  return out;
}

void expect_ingested(const Example& example, const ExampleData& data) {
  const json report = example.run("ingest");
  ASSERT_TRUE(report.is_object());
  EXPECT_EQ(totals(report["nodes"]), data.nodes);
  EXPECT_EQ(totals(report["edges"]), data.edges);
  EXPECT_EQ(report["quarantined_rows"], 0);
  EXPECT_EQ(report["duplicates"], 0);
  EXPECT_EQ(report["media"]["found"], data.pictures);
  EXPECT_EQ(report["media"]["missing"], 0);
  EXPECT_EQ(report["media"]["corrupt"], 0);
  if (data.with_entities > 0) {
    EXPECT_EQ(report["cleaning"]["columns"][0]["values"]["html"], data.with_entities);
  }
  const json info = example.run("info");
  ASSERT_TRUE(info.is_object());
  std::map<std::string, std::uint64_t> present;
  for (const auto& [type, node] : info["nodes"].items()) {
    for (const auto& [field, entry] : node["fields"].items())
      present[fmt::format("{}.{}", type, field)] = entry["present"];
  }
  EXPECT_EQ(present, data.present);
}

// After training, so that the vectors of `feature_sets` fields are looked at too.
void expect_verified(const Example& example, const ExampleData& data, std::size_t feature_sets) {
  const json report = example.run("verify");
  ASSERT_TRUE(report.is_object());
  EXPECT_TRUE(report["ok"].get<bool>()) << report["problems"];
  EXPECT_EQ(report["nodes"], sum(data.nodes));
  EXPECT_EQ(report["edges"], sum(data.edges));
  EXPECT_EQ(report["quarantined"], 0);
  EXPECT_TRUE(report["snapshot"].get<bool>());
  EXPECT_EQ(report["feature_sets"], feature_sets);
}

json expect_trained(const Example& example) {
  json report = example.run("train");
  if (!report.is_object()) return report;
  EXPECT_TRUE(report["finished"].get<bool>());
  EXPECT_EQ(report["epochs"].size(), 2U);
  if (report["epochs"].size() == 2) {
    EXPECT_LT(report["epochs"][1]["mean_loss"].get<double>(), report["epochs"][0]["mean_loss"].get<double>());
    EXPECT_GE(report["epochs"][1]["ndcg@20"].get<double>(), 0);
  }
  return report;
}

// What `evaluate --write-split` left: the cells of each line but the first.
using Rows = std::vector<std::vector<std::string>>;
struct SplitFiles {
  Rows train, valid, test;
  std::size_t size() const { return train.size() + valid.size() + test.size(); }
};

std::vector<std::string> cells_of(const std::string& line) {
  std::vector<std::string> cells(1);
  for (const char c : line) {
    if (c == '\t')
      cells.emplace_back();
    else
      cells.back() += c;
  }
  return cells;
}

Rows read_rows(const fs::path& file) {
  Rows rows;
  std::ifstream in(file);
  std::string line;
  std::getline(in, line);
  EXPECT_EQ(line, "user\titem\ttime\tweight") << file;
  while (std::getline(in, line)) rows.push_back(cells_of(line));
  return rows;
}

Rows rows_of(const std::vector<ExampleEvent>& events) {
  Rows rows;
  for (const ExampleEvent& e : events) {
    rows.push_back({e.user, e.item, e.time_ms ? std::to_string(*e.time_ms) : "",
                    e.rating ? std::to_string(*e.rating) : ""});
  }
  return rows;
}

Rows sorted(Rows rows) {
  std::sort(rows.begin(), rows.end());
  return rows;
}

using Pairs = std::map<std::string, std::set<std::string>>;

Pairs known_pairs(const SplitFiles& split) {
  Pairs known;
  for (const Rows* part : {&split.train, &split.valid}) {
    for (const auto& row : *part) known[row[0]].insert(row[1]);
  }
  return known;
}

Pairs wanted_pairs(const SplitFiles& split) {
  const Pairs known = known_pairs(split);
  Pairs wanted;
  for (const auto& row : split.test) {
    const auto of_user = known.find(row[0]);
    if (of_user == known.end() || !of_user->second.contains(row[1])) wanted[row[0]].insert(row[1]);
  }
  return wanted;
}

// docs/metrics.md by plain loops: items by their number of buyers before the test part, ties by first
// mention.
double popularity_recall(const SplitFiles& split, std::vector<std::string> items) {
  Pairs known = known_pairs(split);
  std::map<std::string, int> buyers;
  for (const auto& [user, mine] : known) {
    for (const std::string& item : mine) ++buyers[item];
  }
  std::stable_sort(items.begin(), items.end(),
                   [&](const std::string& a, const std::string& b) { return buyers[a] > buyers[b]; });
  const Pairs wanted = wanted_pairs(split);
  double recall = 0;
  for (const auto& [user, relevant] : wanted) {
    std::size_t shown = 0, hits = 0;
    for (const std::string& item : items) {
      if (known[user].contains(item)) continue;
      if (++shown > kListed) break;
      hits += relevant.contains(item) ? 1 : 0;
    }
    recall += static_cast<double>(hits) / static_cast<double>(relevant.size());
  }
  return recall / static_cast<double>(wanted.size());
}

void expect_shares(const std::string& model, const json& groups) {
  EXPECT_TRUE(groups.contains("all")) << model;
  for (const auto& [group, figures] : groups.items()) {
    for (const auto& [figure, value] : figures.items()) {
      if (figure == "users" || figure == "pairs" || figure == "auc_users") continue;
      EXPECT_GE(value.get<double>(), 0) << model << ", " << group << ": " << figure;
      EXPECT_LE(value.get<double>(), 1) << model << ", " << group << ": " << figure;
    }
  }
}

SplitFiles expect_evaluated(const Example& example, const ExampleData& data) {
  const fs::path folder = example.scratch() / "split";
  const json report = example.run("evaluate", "--write-split " + folder.string());
  SplitFiles split{.train = read_rows(folder / "train.tsv"),
                   .valid = read_rows(folder / "valid.tsv"),
                   .test = read_rows(folder / "test.tsv")};
  if (!report.is_object()) return split;
  Rows all = split.train;
  all.insert(all.end(), split.valid.begin(), split.valid.end());
  all.insert(all.end(), split.test.begin(), split.test.end());
  EXPECT_EQ(sorted(all), sorted(rows_of(data.events)));

  const Pairs wanted = wanted_pairs(split);
  std::size_t pairs = 0;
  for (const auto& [user, items] : wanted) pairs += items.size();
  EXPECT_GT(pairs, 30U);
  EXPECT_EQ(report["users"], data.nodes.at("user"));
  EXPECT_EQ(report["items"], data.nodes.at(data.item_type));
  EXPECT_EQ(report["pairs"], pairs);
  for (const char* model : {"model", "popularity", "item-knn", "ease"}) {
    EXPECT_TRUE(report["models"].contains(model)) << model;
    if (!report["models"].contains(model)) continue;
    const json& figures = report["models"][model];
    EXPECT_EQ(figures["candidates"], data.items.size()) << model;
    EXPECT_EQ(figures["groups"]["all"]["users"], wanted.size()) << model;
    EXPECT_EQ(figures["groups"]["all"]["pairs"], pairs) << model;
    expect_shares(model, figures["groups"]);
  }
  const double recall = report["models"]["popularity"]["groups"]["all"]["recall@20"];
  EXPECT_GT(recall, 0);
  EXPECT_NEAR(recall, popularity_recall(split, data.items), 1e-9);
  return split;
}

void expect_recommended(const Example& example, const ExampleData& data, const SplitFiles& split) {
  ASSERT_FALSE(split.train.empty());
  const std::string user = split.train.front()[0];
  std::set<std::string> known, shown;
  for (const ExampleEvent& e : data.events) {
    if (e.user == user) known.insert(e.item);
  }
  const json report = example.run("recommend", "-k 10 --user " + user);
  ASSERT_TRUE(report.is_object());
  EXPECT_EQ(report["user"], user);
  ASSERT_EQ(report["items"].size(), 10U);
  double last = INFINITY;
  for (const json& item : report["items"]) {
    const std::string id = item["id"];
    EXPECT_NE(std::find(data.items.begin(), data.items.end(), id), data.items.end()) << id;
    EXPECT_FALSE(known.contains(id)) << id;
    EXPECT_TRUE(shown.insert(id).second) << id;
    EXPECT_EQ(item["title"], data.titles.empty() ? id : data.titles.at(id));
    EXPECT_LE(item["score"].get<double>(), last);
    last = item["score"];
  }
}

// The earliest and the latest.
std::pair<std::int64_t, std::int64_t> times_of(const Rows& rows) {
  std::pair<std::int64_t, std::int64_t> range = {INT64_MAX, INT64_MIN};
  for (const auto& row : rows) {
    const std::int64_t time = std::stoll(row[2]);
    range = {std::min(range.first, time), std::max(range.second, time)};
  }
  return range;
}

struct WholeWay {
  json trained;
  SplitFiles split;
};

// Ingest, train, verify, evaluate, recommend.
WholeWay expect_whole_way(const Example& example, const ExampleData& data, std::size_t feature_sets) {
  expect_ingested(example, data);
  WholeWay way{.trained = expect_trained(example), .split = {}};
  expect_verified(example, data, feature_sets);
  way.split = expect_evaluated(example, data);
  expect_recommended(example, data, way.split);
  return way;
}

TEST(Examples, Ml100kOnASmallCopy) {
  const ExampleData data = write_ml_100k(scratch_folder("ml-100k"));
  const Example example("ml-100k", data.folder, kFastNetwork);
  const auto [trained, split] = expect_whole_way(example, data, 3);

  EXPECT_EQ(trained["supervised_events"], split.train.size());
  const auto size = static_cast<double>(split.size());
  EXPECT_NEAR(static_cast<double>(split.valid.size()) / size, 0.1, 0.03);
  EXPECT_NEAR(static_cast<double>(split.test.size()) / size, 0.1, 0.03);
}

TEST(Examples, MusicalInstrumentsOnASmallCopy) {
  const ExampleData data = write_musical_instruments(scratch_folder("musical-instruments"));
  const Example example("musical-instruments", data.folder, kFastNetwork);
  const SplitFiles split = expect_whole_way(example, data, 2).split;
  EXPECT_GT(data.with_entities, 0U);

  // Cut in time, and no day is on both sides of a cut.
  EXPECT_LT(times_of(split.train).second, times_of(split.valid).first);
  EXPECT_LT(times_of(split.valid).second, times_of(split.test).first);
}

TEST(Examples, GowallaOnASmallCopy) {
  const ExampleData data = write_gowalla(scratch_folder("gowalla"));
  const Example example("gowalla", data.folder, kFastLightGcn);
  const auto [trained, split] = expect_whole_way(example, data, 0);

  EXPECT_EQ(trained["supervised_events"], split.train.size());
  EXPECT_TRUE(fs::exists(fs::path(trained["model"].get<std::string>()) / "lightgcn.safetensors"));
  std::vector<ExampleEvent> held_out;
  for (const ExampleEvent& e : data.events) {
    if (e.source == "test.csv.gz") held_out.push_back(e);
  }
  EXPECT_EQ(sorted(split.test), sorted(rows_of(held_out)));
  const auto rest = static_cast<double>(data.events.size() - held_out.size());
  EXPECT_NEAR(static_cast<double>(split.valid.size()) / rest, 0.1, 0.04);
}

TEST(Examples, LastfmOnASmallCopy) {
  const ExampleData data = write_lastfm(scratch_folder("lastfm"));
  const Example example("lastfm", data.folder, kFastNetwork);
  expect_whole_way(example, data, 1);  // the names shown are those of the file, quotes and all
}

TEST(Examples, TiktokOnASmallCopy) {
  const ExampleData data = write_tiktok(scratch_folder("tiktok"));
  const Example example("tiktok", data.folder, kFastLightGcn);
  expect_ingested(example, data);
  expect_trained(example);
  expect_verified(example, data, 0);
  const SplitFiles split = expect_evaluated(example, data);
  const auto of = [&](const std::string& source) {
    std::vector<ExampleEvent> events;
    for (const ExampleEvent& e : data.events) {
      if (e.source == source) events.push_back(e);
    }
    return sorted(rows_of(events));
  };
  EXPECT_EQ(sorted(split.train), of("train.csv.gz"));
  EXPECT_EQ(sorted(split.valid), of("valid.csv.gz"));
  EXPECT_EQ(sorted(split.test), of("test.csv.gz"));
}

TEST(Examples, ChineseReviewsOnASmallCopy) {
  const ExampleData data = write_chinese_reviews(scratch_folder("chinese-reviews"));
  const Example example("chinese-reviews", data.folder);
  expect_ingested(example, data);
  expect_verified(example, data, 0);
}

fs::path shared_data() {
  if (const char* given = std::getenv("WEFT_SHARED_DATA")) return given;  // NOLINT(concurrency-mt-unsafe)
  return fs::path(WEFT_EXAMPLES).parent_path().parent_path() / "shared" / "data";
}

// The counts of shared/data/README.md.
struct RealCounts {
  std::map<std::string, std::uint64_t> nodes, edges;
  std::uint64_t pictures = 0;
};

void expect_real_counts(const std::string& name, const RealCounts& counts) {
  const fs::path folder = shared_data() / name;
  if (!fs::exists(folder))
    GTEST_SKIP() << folder << " is not there (WEFT_SHARED_DATA names the folder that holds " << name << ")";
  const json report = Example(name, folder).run("ingest");
  ASSERT_TRUE(report.is_object());
  EXPECT_EQ(totals(report["nodes"]), counts.nodes);
  EXPECT_EQ(totals(report["edges"]), counts.edges);
  EXPECT_EQ(report["quarantined_rows"], 0);
  EXPECT_EQ(report["duplicates"], 0);
  EXPECT_EQ(report["media"]["found"], counts.pictures);
  EXPECT_EQ(report["media"]["missing"], 0);
  EXPECT_EQ(report["media"]["corrupt"], 0);
}

TEST(ExamplesOnRealData, Ml100k) {
  expect_real_counts(
      "ml-100k",
      {.nodes = {{"user", 943}, {"item", 1682}, {"genre", 19}, {"plot", 1671}, {"poster", 1471}},
       .edges = {{"rates", 100'000}, {"item_genre", 2893}, {"has_plot", 1671}, {"has_poster", 1471}},
       .pictures = 1471});
}

TEST(ExamplesOnRealData, MusicalInstruments) {
  expect_real_counts("musical-instruments",
                     {.nodes = {{"user", 1429}, {"item", 900}, {"review", 10'261}},
                      .edges = {{"rates", 10'261}, {"wrote", 10'261}, {"about", 10'261}}});
}

TEST(ExamplesOnRealData, Gowalla) {
  expect_real_counts("gowalla",
                     {.nodes = {{"user", 29'858}, {"item", 40'981}}, .edges = {{"visits", 1'027'370}}});
}

TEST(ExamplesOnRealData, Lastfm) {
  expect_real_counts("lastfm", {.nodes = {{"user", 1892}, {"artist", 17'632}},
                                .edges = {{"listens", 92'834}, {"friend", 25'434}}});
}

TEST(ExamplesOnRealData, Tiktok) {
  expect_real_counts("tiktok", {.nodes = {{"user", 9308}, {"item", 6710}}, .edges = {{"watches", 68'722}}});
}

TEST(ExamplesOnRealData, ChineseReviews) {
  expect_real_counts("chinese-reviews",
                     {.nodes = {{"review", 5000}, {"category", 10}}, .edges = {{"review_category", 5000}}});
}

}  // namespace
}  // namespace weft
