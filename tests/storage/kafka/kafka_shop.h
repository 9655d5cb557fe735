// A project whose purchases come from a topic, the same with files, and random messages for both.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "base/toml.h"
#include "storage/ingest.h"
#include "storage/project.h"
#include "storage/verify.h"
#include "tests/storage/small_store.h"
#include "tests/support/temp_folder.h"

namespace weft::storage {

inline constexpr const char* kTopicSection = R"([sources.log.kafka]
brokers = [{}]
topics = "events"
timeout = 20
)";

inline constexpr const char* kLogToml = R"([nodes.user]
[nodes.item]
source = {0}
id = "item"
fields.title = {{ kind = "text" }}
fields.price = {{ kind = "number", column = "offer.price" }}
fields.brand = {{ kind = "category", as_node = true }}
[nodes.review]
source = {0}
where = {{ body = {{ present = true }} }}
fields.body = {{ kind = "text" }}
[edges.buys]
source = {0}
from = "user:user"
to = "item:item"
time = {{ column = "time", unit = "s" }}
[edges.wrote]
source = {0}
from = "user:user"
to = "review"
[clean]
max_bad_rows = 0.5
)";

// [partition][message]: purchases, repeated ones among them, and one in ten that is bad.
inline std::vector<std::vector<std::string>> random_messages(std::size_t partitions, std::size_t count,
                                                             std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<std::vector<std::string>> out(partitions);
  std::vector<std::string> all;
  for (std::size_t i = 0; i < count; ++i) {
    std::string text;
    if (!all.empty() && random() % 6 == 0) {
      text = all[random() % all.size()];
    } else if (random() % 10 == 0) {
      text = random() % 2 == 0 ? "{\"user\": " : fmt::format("{{\"user\": \"u{}\", \"item\": \"\"}}", i);
    } else {
      text = fmt::format(
          "{{\"user\": \"u{}\", \"item\": \"i{}\", \"time\": {}, \"offer\": {{\"price\": {}}}, "
          "\"title\": \"Title {}\", \"brand\": \"b{}\"",
          random() % 30, random() % 50, 1000 + random() % 500, random() % 100, i, random() % 7);
      text += random() % 3 == 0 ? fmt::format(", \"body\": \"text {}\"}}", random() % 1000) : "}";
    }
    all.push_back(text);
    out[random() % partitions].push_back(std::move(text));
  }
  return out;
}

class LogShop {
 public:
  // Of files "part-0.jsonl" and so on; with a header row, "part-0.csv".
  explicit LogShop(const std::vector<std::vector<std::string>>& messages, const std::string& header = {}) {
    const char* const ending = header.empty() ? "jsonl" : "csv";
    std::vector<std::string> names;
    for (std::size_t part = 0; part < messages.size(); ++part) {
      names.push_back(fmt::format("\"part-{}.{}\"", part, ending));
      std::string text = header.empty() ? "" : header + "\n";
      for (const std::string& message : messages[part]) text += message + "\n";
      real_files().write_whole(folder_ / fmt::format("part-{}.{}", part, ending), text);
    }
    toml_ = fmt::format(fmt::runtime(kLogToml), "[" + fmt::format("{}", fmt::join(names, ", ")) + "]");
  }
  // Of a topic.
  explicit LogShop(const std::string& brokers) {
    std::string list = "\"";
    for (const char c : brokers) list += c == ',' ? std::string("\", \"") : std::string(1, c);
    toml_ = fmt::format(fmt::runtime(kTopicSection), list + "\"") +
            fmt::format(fmt::runtime(kLogToml), "\"log\"");
  }

  Project project(const std::vector<std::string>& sets = {}) const {
    TomlFile toml = TomlFile::parse(toml_, "shop.toml");
    for (const std::string& set : sets) toml.set(set);
    return read_project(toml, folder_ / "shop.toml");
  }
  // For another process: the project file's name.
  std::filesystem::path write() const {
    real_files().write_whole(folder_ / "shop.toml", toml_);
    return folder_ / "shop.toml";
  }
  IngestReport ingest(const IngestOptions& options = {}, const std::vector<std::string>& sets = {},
                      Files& files = real_files()) const {
    const Project each = project(sets);
    GraphStore store = GraphStore::open(each.workspace.store(), each.schema, {.sync = Sync::kNever}, files);
    return storage::ingest(each, store, options, no_progress(), files);
  }
  std::vector<LedgerEntry> ledger() const {
    return GraphStore::open_existing(folder_ / "shop.weft/store").ledger();
  }
  // The graph, without the names of sources and their positions.
  std::string graph() const {
    const GraphStore store = GraphStore::open_existing(folder_ / "shop.weft/store");
    EXPECT_THAT(verify_store(store).problems, ::testing::ElementsAre());
    return dump(store);
  }
  std::string quarantine() const {
    const GraphStore store = GraphStore::open_existing(folder_ / "shop.weft/store");
    std::string out;
    store.visit_quarantine([&](const QuarantinedRow& row) {
      out += fmt::format("{} {} {} {}\n", row.source, row.reason, row.detail, row.excerpt);
      return true;
    });
    return out;
  }
  const std::filesystem::path& folder() const { return folder_.path(); }

 private:
  test::TempFolder folder_{test::in_memory()};
  std::string toml_;
};

}  // namespace weft::storage
