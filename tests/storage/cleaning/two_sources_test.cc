// Two shops that write the same things differently, joined by rules alone: the graph is that of the same rows
// written alike by hand.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <random>

#include "storage/graph_store.h"
#include "storage/ingest.h"
#include "storage/snapshot_export.h"
#include "storage/values.h"
#include "tests/support/temp_folder.h"

namespace weft::storage {
namespace {

constexpr const char* kTypes = R"([nodes.user]
[nodes.item]
source = ["a.csv", "b.csv"]
id = "item"
fields.price = { kind = "number" }
fields.colour = { kind = "category", as_node = true }
[edges.rates]
source = ["a.csv", "b.csv"]
from = "user:user"
to = "item:item"
weight = "stars"
)";

constexpr const char* kAlike = "time = { column = \"time\", unit = \"ms\" }\n";

// a.csv: cents, seconds, stars of 1 to 5. b.csv: other names, dollars, local time, marks of 0 to 100,
// customers and goods under ids of its own.
constexpr const char* kRules = R"(time = { column = "time" }

[sources."a.csv".columns]
price = { factor = 0.01 }
time = { time = { unit = "s" } }
user = { prefix = "a:" }
[sources."b.csv".columns]
Kunde = { rename = "user", tidy = "space", ids = "customers.csv", prefix = "b:" }
Ware = { rename = "item", ids = { W1 = "i1", W2 = "i2", W3 = "i3" } }
Preis = { rename = "price", factor = 0.92 }
Farbe = { rename = "colour", values = { rot = "red", blau = "blue" } }
Zeit = { rename = "time", time = { unit = "iso8601", zone = "+05:30" } }
Note = { rename = "stars", scale = { from = [0, 100], to = [1, 5] } }
)";

class TwoSources : public ::testing::TestWithParam<std::uint64_t> {
 protected:
  // The checksum of the snapshot of a project with these files.
  std::uint64_t ingested(const std::string& name, const std::string& a, const std::string& b,
                         const std::string& rules, std::uint64_t bulk_from) {
    const std::filesystem::path folder = folder_ / name;
    std::filesystem::create_directories(folder);
    real_files().write_whole(folder / "a.csv", a);
    real_files().write_whole(folder / "b.csv", b);
    real_files().write_whole(folder / "customers.csv", "theirs,ours\nK1,a:u1\nK2,a:u2\nK3,a:u3\n");
    const Project project = read_project(TomlFile::parse(kTypes + rules, "p.toml"), folder / "p.toml");
    GraphStore store = GraphStore::open(project.workspace.store(), project.schema, {.sync = Sync::kNever});
    const IngestReport report = ingest(project, store, {.bulk_from_bytes = bulk_from, .snapshot = true});
    EXPECT_EQ(report.quarantined_rows, 0U);
    EXPECT_EQ(report.rows, 400U);
    const StoreInfo info = store.info();
    EXPECT_EQ(info.node_counts[0], 8U) << "of 6 users of a, 2 of b alone";
    EXPECT_EQ(info.node_counts[1], 5U);
    return export_snapshot(store, project.workspace, folder.string()).info.checksum;
  }
  test::TempFolder folder_;
};

TEST_P(TwoSources, AreOneGraphAsIfTheyWroteAlike) {
  std::mt19937_64 random(GetParam());
  const auto below = [&](std::uint64_t count) { return random() % count; };
  std::string a = "user,item,price,colour,time,stars\n", b = "Kunde,Ware,Preis,Farbe,Zeit,Note\n";
  std::string alike_a = "user,item,price,colour,time,stars\n", alike_b = alike_a;
  for (int i = 0; i < 200; ++i) {
    const std::uint64_t user = i < 6 ? i + 1 : 1 + below(6), item = i < 3 ? i + 1 : 1 + below(3);
    const std::uint64_t cents = below(10'000), time = 1'600'000'000 + below(1'000'000), stars = 1 + below(5);
    const char* colour = below(2) == 0 ? "red" : "blue";
    a += fmt::format("u{},i{},{},{},{},{}\n", user, item, cents, colour, time, stars);
    alike_a += fmt::format("a:u{},i{},{},{},{},{}\n", user, item, static_cast<double>(cents) * 0.01, colour,
                           time * 1000, stars);
  }
  for (int i = 0; i < 200; ++i) {
    const std::uint64_t user = i < 5 ? i + 1 : 1 + below(5), item = i < 5 ? i + 1 : 1 + below(5);
    const double dollars = static_cast<double>(below(1000)) / 8;
    const std::uint64_t minute = 26'000'000 + below(10'000), mark = below(101);
    const bool red = below(2) == 0;
    std::string local = time_text(static_cast<graph::TimeMs>((minute + 330) * 60'000));
    local.resize(16);  // 2020-09-13T12:26
    b += fmt::format(" K{} ,W{},{},{},{},{}\n", user, item, dollars, red ? "rot" : "blau", local, mark);
    alike_b += fmt::format("{}{},{}{},{},{},{},{}\n", user <= 3 ? "a:u" : "b:K", user, item <= 3 ? "i" : "W",
                           item, dollars * 0.92, red ? "red" : "blue", minute * 60'000,
                           1 + static_cast<double>(mark) / 100 * 4);
  }
  const std::uint64_t alike = ingested("alike", alike_a, alike_b, kAlike, ~std::uint64_t{0});
  EXPECT_EQ(ingested("batches", a, b, kRules, ~std::uint64_t{0}), alike);
  EXPECT_EQ(ingested("bulk", a, b, kRules, 0), alike);
}

INSTANTIATE_TEST_SUITE_P(Seeds, TwoSources, ::testing::Values(1, 2, 3));

}  // namespace
}  // namespace weft::storage
