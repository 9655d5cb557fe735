// Every command of the real program, checked on values, over one small synthetic shop that is trained once.
#include <arrow/api.h>
#include <arrow/io/file.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <parquet/arrow/reader.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "base/npy.h"
#include "tests/tools/run_weft.h"

namespace weft {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::HasSubstr;

constexpr const char* kFast =
    " --set train.epochs=2 --set train.batch_size=512 --set model.fan_outs=[8] --set model.hidden=16 --set "
    "model.dim=16";

class Commands : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = scratch_folder("commands");
    const RunResult synth =
        run_weft("synth --json --users 150 --items 120 --seed 3 --quiet " + (folder_ / "shop").string());
    ASSERT_EQ(synth.exit_code, 0) << synth.err;
    synth_ = synth.json();
    project_ = (folder_ / "shop" / "shop.toml").string();
    const RunResult ingest = run_weft("ingest --json " + project_);
    ASSERT_EQ(ingest.exit_code, 0) << ingest.err;
    ingest_ = ingest.json();
    const RunResult train = run_weft("train --json " + project_ + kFast);
    ASSERT_EQ(train.exit_code, 0) << train.err;
    train_ = train.json();
  }

  static json run(const std::string& command) {
    const RunResult result = run_weft(command);
    EXPECT_EQ(result.exit_code, 0) << command << "\n" << result.err;
    return result.exit_code == 0 ? result.json() : json();
  }
  // Some user with history: the ends of the first good line of events.csv.
  static std::string some_user() { return event_field(1); }
  static std::string some_item() { return event_field(2); }

  static fs::path folder_;
  static std::string project_;
  static json synth_, ingest_, train_;

 private:
  static std::string event_field(int column) {
    std::ifstream in(folder_ / "shop" / "events.csv");
    std::string line, cell;
    std::getline(in, line);
    std::getline(in, line);
    std::istringstream cells(line);
    for (int c = 0; c <= column; ++c) std::getline(cells, cell, ',');
    return cell;
  }
};

fs::path Commands::folder_;
std::string Commands::project_;
json Commands::synth_, Commands::ingest_, Commands::train_;

std::vector<std::vector<std::string>> read_tsv(const fs::path& file) {
  std::vector<std::vector<std::string>> rows;
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    std::vector<std::string> row;
    std::istringstream cells(line);
    for (std::string cell; std::getline(cells, cell, '\t');) row.push_back(cell);
    rows.push_back(std::move(row));
  }
  return rows;
}

TEST_F(Commands, IngestFindsWhatSynthWrote) {
  EXPECT_EQ(synth_["users"], 150);
  EXPECT_EQ(synth_["items"], 120);
  EXPECT_GE(ingest_["nodes"]["user"]["total"].get<int>(), 140);  // some rows are dirt
  EXPECT_LE(ingest_["nodes"]["user"]["total"].get<int>(), 150);
  EXPECT_LE(ingest_["nodes"]["item"]["total"].get<int>(), 120);
  const auto bought = ingest_["edges"]["buys"]["total"].get<double>(),
             made = synth_["purchases"].get<double>();
  EXPECT_NEAR(bought / made, 1, 0.05);
  EXPECT_GT(ingest_["quarantined_rows"].get<int>(), 0);
}

// The tables for people: each command's title row and a value that its JSON has too.
TEST_F(Commands, TextOutputShowsTheSameFigures) {
  const RunResult synth =
      run_weft("synth --users 30 --items 30 --no-media --quiet " + (folder_ / "small").string());
  EXPECT_EQ(synth.exit_code, 0) << synth.err;
  EXPECT_THAT(synth.out, HasSubstr("users"));
  EXPECT_THAT(synth.out, HasSubstr("Next: weft ingest"));
  const std::string user = some_user(), item = some_item();
  const std::vector<std::pair<std::string, std::string>> expected = {
      {"ingest", "nodes and edges"},
      {"info", "node type"},
      {"info --analyse", "connected components"},
      {"verify", "ok: "},
      {"encode", "item.photo"},
      {"evaluate", "popularity"},
      {"recommend --user " + user, "why"},
      {"similar --item " + item, item},
      {"score --user " + user + " --item " + item, "rank"},
      {"embed --type user --out " + (folder_ / "u.npy").string(), "embeddings of user nodes"}};
  for (const auto& [command, text] : expected) {
    const RunResult result = run_weft(command + " --quiet " + project_);
    EXPECT_EQ(result.exit_code, 0) << command << result.err;
    EXPECT_THAT(result.out, HasSubstr(text)) << command;
  }
  const RunResult train = run_weft("train --quiet --model text " + project_ + kFast);
  EXPECT_EQ(train.exit_code, 0) << train.err;
  EXPECT_THAT(train.out, HasSubstr("supervised events"));
  EXPECT_EQ(run_weft("info --devices").exit_code, 0);
}

TEST(Init, WritesAProjectFileThatIngestsAsItIs) {
  const auto folder = scratch_folder("init");
  std::string orders = "customer,sku,ordered_at\n";
  for (int i = 0; i < 60; ++i)
    orders += fmt::format("c{},s{},2024-03-{:02}T10:00:00\n", i % 12, i * 7 % 20, 1 + i % 28);
  write_text(folder / "orders.csv", orders + "c1,s1,yesterday\n");
  std::string products = "sku,title,price\n";
  for (int i = 0; i < 20; ++i) products += fmt::format("s{},Chair with {} oak legs,{}.5\n", i, i + 1, 10 + i);
  write_text(folder / "products.csv", products);
  const std::string project = (folder / "shop.toml").string();
  const RunResult init = run_weft("init " + folder.string() + " --output " + project + " --json");
  ASSERT_EQ(init.exit_code, 0) << init.err;
  EXPECT_EQ(init.json().at("tables"), 2);
  const RunResult ingest = run_weft("ingest " + project + " --quiet --json");
  ASSERT_EQ(ingest.exit_code, 0) << ingest.err << read_text(project);
  const std::string text = read_text(project);
  EXPECT_THAT(text, testing::HasSubstr("ordered_at")) << "one row of 61 without a time is a bad row";
  EXPECT_THAT(text, testing::HasSubstr("fields.title = { kind = \"text\" }"));
  EXPECT_THAT(text, testing::Not(testing::HasSubstr("left out")));
  const RunResult info = run_weft("info " + project + " --json");
  ASSERT_EQ(info.exit_code, 0) << info.err;
  EXPECT_THAT(info.out, testing::HasSubstr("\"user\""));
  const RunResult again = run_weft("init " + folder.string() + " --output " + project);
  EXPECT_EQ(again.exit_code, 2) << "never over a file that is there";
  EXPECT_THAT(again.err, testing::HasSubstr("--force"));
}

TEST_F(Commands, IngestAgainChangesNothing) {
  const json again = run("ingest --json " + project_);
  for (const char* kind : {"nodes", "edges"}) {
    for (const auto& [name, counts] : again[kind].items()) {
      EXPECT_EQ(counts["new"], 0) << name;
      EXPECT_EQ(counts["total"], ingest_[kind][name]["total"]) << name;
    }
  }
  EXPECT_EQ(again["snapshot"]["checksum"], ingest_["snapshot"]["checksum"]);
}

TEST_F(Commands, InfoCountsAgreeWithIngest) {
  const json info = run("info --json --analyse " + project_);
  for (const auto& [name, type] : info["nodes"].items())
    EXPECT_EQ(type["count"], ingest_["nodes"][name]["total"]) << name;
  for (const auto& [name, type] : info["edges"].items())
    EXPECT_EQ(type["count"], ingest_["edges"][name]["total"]) << name;
  std::uint64_t nodes = 0;
  for (const auto& [name, type] : info["nodes"].items()) nodes += type["count"].get<std::uint64_t>();
  EXPECT_EQ(info["analysis"]["nodes"], nodes);
  EXPECT_GE(info["analysis"]["components"].get<int>(), 1);
}

TEST_F(Commands, DevicesSaysWhyThereIsNoGpuOrNamesIt) {
  const json devices = run("info --json --devices");
  EXPECT_GE(devices["cpu"]["cores"].get<int>(), 1);
  EXPECT_EQ(devices["cuda"]["usable"].get<bool>(), !devices["cuda"]["gpus"].empty());
  if (!devices["torch_cuda"]["loaded"].get<bool>()) {
    EXPECT_EQ(devices["torch_cuda"]["devices"], 0);
  }
  bool torch_line = false;
  for (const auto& line : devices["lines"]) torch_line |= line.get<std::string>().find("Torch's CUDA") == 0;
  EXPECT_TRUE(torch_line);
}

TEST_F(Commands, VerifyFindsASingleFlippedByte) {
  EXPECT_TRUE(run("verify --json " + project_)["ok"].get<bool>());
  const fs::path snapshot = ingest_["snapshot"]["folder"].get<std::string>();
  fs::path largest;
  for (const auto& entry : fs::directory_iterator(snapshot)) {
    if (largest.empty() || entry.file_size() > fs::file_size(largest)) largest = entry.path();
  }
  std::string bytes = read_text(largest);
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  const std::string good = read_text(largest);
  write_text(largest, bytes);
  const RunResult broken = run_weft("verify " + project_);
  EXPECT_EQ(broken.exit_code, 1);
  EXPECT_THAT(broken.out, HasSubstr(largest.filename().string()));
  write_text(largest, good);
  EXPECT_TRUE(run("verify --json " + project_)["ok"].get<bool>());
}

TEST_F(Commands, EncodeIsDoneOnce) {
  const json fields = run("encode --json " + project_);
  std::set<std::string> names;
  for (const auto& field : fields) {
    names.insert(field["field"]);
    EXPECT_FALSE(field["fitted"].get<bool>());
    EXPECT_FALSE(field["encoded"].get<bool>());
    EXPECT_GT(field["present"].get<int>(), 0) << field["field"];
    EXPECT_LE(field["present"].get<int>(), field["rows"].get<int>());
  }
  EXPECT_TRUE(names.contains("item.photo") && names.contains("item.clip") && names.contains("item.title"));
}

TEST_F(Commands, TrainReportsItsLosses) {
  EXPECT_TRUE(train_["finished"].get<bool>());
  ASSERT_EQ(train_["epochs"].size(), 2U);
  EXPECT_LT(train_["epochs"][1]["mean_loss"].get<double>(), train_["epochs"][0]["mean_loss"].get<double>());
  EXPECT_TRUE(fs::exists(fs::path(train_["model"].get<std::string>()) / "model.safetensors"));
}

// The figures follow from the ranked lists and the split files alone.
TEST_F(Commands, EvaluateFiguresCanBeRecomputedFromWhatItWrites) {
  const fs::path lists = folder_ / "lists", split = folder_ / "split";
  const json report =
      run("evaluate --json " + project_ + " --oracle " + (folder_ / "shop" / "truth").string() + " --lists " +
          lists.string() + " --write-split " + split.string());
  std::map<std::string, std::set<std::string>> known, wanted;
  for (const char* part : {"train", "valid"}) {
    for (const auto& row : read_tsv(split / (std::string(part) + ".tsv"))) known[row[0]].insert(row[1]);
  }
  for (const auto& row : read_tsv(split / "test.tsv")) {
    if (row[0] != "user" && !known[row[0]].contains(row[1])) wanted[row[0]].insert(row[1]);
  }
  for (const char* model : {"oracle", "model", "popularity", "item-knn", "ease"}) {
    std::map<std::string, int> hits;
    for (const auto& row : read_tsv(lists / (std::string(model) + ".tsv"))) {
      if (row[0] == "user") continue;
      EXPECT_FALSE(known[row[0]].contains(row[3])) << "a known pair was ranked";
      hits[row[0]] += wanted[row[0]].contains(row[3]) ? 1 : 0;
    }
    double recall = 0;
    for (const auto& [user, items] : wanted)
      recall += static_cast<double>(hits[user]) / static_cast<double>(items.size());
    recall /= static_cast<double>(wanted.size());
    const double reported = report["models"][model]["groups"]["all"]["recall@20"];
    EXPECT_NEAR(reported, recall, 1e-9) << model;
  }
}

TEST_F(Commands, RecommendLeavesOutWhatTheUserHasAndAgreesWithScore) {
  const std::string user = some_user();
  const json best = run("recommend --json " + project_ + " --user " + user + " -k 5");
  ASSERT_EQ(best["items"].size(), 5U);
  std::set<std::string> bought;
  std::ifstream in(folder_ / "shop" / "events.csv");
  for (std::string line; std::getline(in, line);) {
    if (line.find("," + user + ",") != std::string::npos && line.find(",purchase,") != std::string::npos) {
      const auto at = line.find("," + user + ",") + user.size() + 2;
      bought.insert(line.substr(at, line.find(',', at) - at));
    }
  }
  double last = 1e30;
  for (const auto& item : best["items"]) {
    EXPECT_FALSE(bought.contains(item["id"]));
    EXPECT_FALSE(item["title"].get<std::string>().empty());
    EXPECT_FALSE(item["reason"].get<std::string>().empty());
    EXPECT_LE(item["score"].get<double>(), last);
    last = item["score"];
  }
  const json score = run("score --json " + project_ + " --user " + user + " --item " +
                         best["items"][0]["id"].get<std::string>());
  EXPECT_EQ(score["score"], best["items"][0]["score"]);
  const json all = run("recommend --json --include-known -k 1 " + project_ + " --user " + user);
  const json top = run("score --json " + project_ + " --user " + user + " --item " +
                       all["items"][0]["id"].get<std::string>());
  EXPECT_EQ(top["rank"], 1);
}

TEST_F(Commands, UnknownUserAndItem) {
  const RunResult user = run_weft("recommend " + project_ + " --user nobody");
  EXPECT_EQ(user.exit_code, 2);
  EXPECT_THAT(user.err, HasSubstr("nobody"));
  EXPECT_EQ(run_weft("similar " + project_ + " --item nothing").exit_code, 2);
}

TEST_F(Commands, EmbedWritesTheSameVectorsAsNpyAndParquetAndSimilarUsesThem) {
  const fs::path npy = folder_ / "items.npy", parquet = folder_ / "items.parquet";
  run("embed --json " + project_ + " --type item --out " + npy.string());
  const json report = run("embed --json " + project_ + " --type item --out " + parquet.string());
  const NpyFile file = NpyFile::open(npy);
  ASSERT_EQ(file.rows(), report["rows"].get<std::size_t>());
  const std::vector<float> values = file.floats();
  std::vector<std::string> ids;
  std::ifstream lines(npy.string() + ".ids.jsonl");
  for (std::string line; std::getline(lines, line);) ids.push_back(json::parse(line).get<std::string>());
  ASSERT_EQ(ids.size(), file.rows());

  auto reader = parquet::arrow::OpenFile(*arrow::io::ReadableFile::Open(parquet.string()),
                                         arrow::default_memory_pool());
  ASSERT_TRUE(reader.ok()) << reader.status().ToString();
  const auto table = (*reader)->ReadTable();
  ASSERT_TRUE(table.ok()) << table.status().ToString();
  const auto combined = *(*table)->CombineChunks();
  const auto id_column = std::static_pointer_cast<arrow::StringArray>(combined->column(0)->chunk(0));
  const auto list = std::static_pointer_cast<arrow::FixedSizeListArray>(combined->column(1)->chunk(0));
  const auto flat = std::static_pointer_cast<arrow::FloatArray>(list->values());
  ASSERT_EQ(static_cast<std::size_t>(id_column->length()), ids.size());
  ASSERT_EQ(static_cast<std::size_t>(flat->length()), values.size());
  for (std::size_t i = 0; i < ids.size(); ++i)
    EXPECT_EQ(id_column->GetString(static_cast<std::int64_t>(i)), ids[i]);
  for (std::size_t i = 0; i < values.size(); ++i)
    ASSERT_EQ(flat->Value(static_cast<std::int64_t>(i)), values[i]);

  const std::string item = some_item();
  const auto row = static_cast<std::size_t>(std::find(ids.begin(), ids.end(), item) - ids.begin());
  ASSERT_LT(row, ids.size());
  const std::size_t dim = file.columns();
  const auto cosine = [&](std::size_t a, std::size_t b) {
    double dot = 0, aa = 0, bb = 0;
    for (std::size_t d = 0; d < dim; ++d) {
      dot += static_cast<double>(values[a * dim + d]) * values[b * dim + d];
      aa += static_cast<double>(values[a * dim + d]) * values[a * dim + d];
      bb += static_cast<double>(values[b * dim + d]) * values[b * dim + d];
    }
    return dot / std::sqrt(aa * bb);
  };
  double best = -2;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (i != row) best = std::max(best, cosine(row, i));
  }
  const json similar = run("similar --json " + project_ + " --item " + item + " -k 3");
  ASSERT_EQ(similar["items"].size(), 3U);
  EXPECT_NEAR(similar["items"][0]["cosine"].get<double>(), best, 1e-5);
  EXPECT_NE(similar["items"][0]["id"], item);
}

TEST_F(Commands, SameSeedSameLossesWithOneAndTwoSamplerThreads) {
  const json one = run("train --json --model one " + project_ + kFast + " --set train.threads=1");
  const json two = run("train --json --model two " + project_ + kFast + " --set train.threads=2");
  for (std::size_t e = 0; e < one["epochs"].size(); ++e)
    EXPECT_EQ(one["epochs"][e]["mean_loss"], two["epochs"][e]["mean_loss"]);
  const std::string ask = "recommend --json " + project_ + " --user " + some_user() + " --model ";
  EXPECT_EQ(run(ask + "one")["items"], run(ask + "two")["items"]);
}

}  // namespace
}  // namespace weft
