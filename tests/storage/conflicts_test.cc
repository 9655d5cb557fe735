// Fields that several sources give: which value stands does not depend on the order in which rows arrive, nor
// on batches, nor on the path by which they are read.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <array>
#include <map>
#include <random>
#include <tuple>

#include "base/error.h"
#include "graph/snapshot.h"
#include "storage/field_conflicts.h"
#include "storage/graph_store.h"
#include "storage/ingest.h"
#include "storage/keys.h"
#include "storage/snapshot_export.h"
#include "storage/verify.h"
#include "tests/support/temp_folder.h"

namespace weft::storage {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

constexpr std::size_t kSources = 3;
constexpr const char* kFiles[kSources] = {"a.csv", "b.csv", "c.csv"};

struct GivenRow {
  std::size_t source = 0;
  std::string id = {}, title = {}, price = {}, tags = {};
  int time = 0;
  std::string text() const { return fmt::format("{},{},{},{},{}\n", id, title, price, tags, time); }
};

std::string project_text(const std::string& rule) {
  return "[nodes.item]\nsource = [\"a.csv\", \"b.csv\", \"c.csv\"]\nid = \"id\"\n"
         "time = { column = \"time\", unit = \"s\" }\n" +
         (rule.empty() ? "" : "conflicts = \"" + rule + "\"\n") +
         "fields.title = { kind = \"text\" }\nfields.price = { kind = \"number\" }\n"
         "fields.tags = { kind = \"category\", separator = \"|\" }\n";
}

// Rows of few nodes, in the order in which the three files have them.
std::vector<GivenRow> random_rows(std::mt19937_64& random, std::size_t count) {
  const auto below = [&](std::uint64_t bound) { return random() % bound; };
  std::vector<GivenRow> rows;
  for (std::size_t i = 0; i < count; ++i) {
    rows.push_back({.source = below(kSources),
                    .id = fmt::format("i{}", below(25)),
                    .title = below(4) == 0 ? "" : fmt::format("title {}", below(3)),
                    .price = below(4) == 0 ? "" : fmt::format("{}", below(3)),
                    .tags = std::string(std::array{"", "t0|t1", "t1|t0", "t2"}[below(4)]),
                    .time = static_cast<int>(below(12))});
  }
  return rows;
}

using Values = std::map<std::pair<std::string, std::size_t>, std::string>;  // (id, field) -> as text

// ---- The oracle: all rows of a node at once.
struct Oracle {
  Values values;
  std::map<std::size_t, FieldConflicts> counts;  // [field]
};

Oracle oracle(const std::vector<GivenRow>& rows, bool by_time) {
  using Rank = std::tuple<std::int64_t, std::int64_t, std::size_t>;  // the greatest stands
  std::map<std::pair<std::string, std::size_t>, std::map<Rank, std::string>> given;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::string* values[] = {&rows[i].title, &rows[i].price, &rows[i].tags};
    const auto trust = -static_cast<std::int64_t>(rows[i].source);
    const Rank rank = by_time ? Rank{rows[i].time, trust, i} : Rank{trust, rows[i].time, i};
    for (std::size_t field = 0; field < 3; ++field) {
      if (!values[field]->empty()) given[{rows[i].id, field}][rank] = *values[field];
    }
  }
  Oracle out;
  for (const auto& [key, by_rank] : given) {
    out.values[key] = by_rank.rbegin()->second;
    FieldConflicts& counts = out.counts[key.second];
    const bool differ = std::any_of(by_rank.begin(), by_rank.end(),
                                    [&](const auto& each) { return each.second != by_rank.begin()->second; });
    counts.conflicting += differ ? 1 : 0;
    counts.agreeing += !differ && by_rank.size() > 1 ? 1 : 0;
    counts.filled += !by_time && std::get<0>(by_rank.rbegin()->first) < 0 ? 1 : 0;
  }
  return out;
}

class Shop {
 public:
  Shop(const fs::path& folder, const std::string& rule) : folder_(folder) {
    fs::create_directories(folder);
    for (const char* file : kFiles) real_files().write_whole(folder / file, "id,title,price,tags,time\n");
    project_ = read_project(TomlFile::parse(project_text(rule), "p.toml"), folder / "p.toml");
    store_.emplace(GraphStore::open(project_.workspace.store(), project_.schema, {.sync = Sync::kNever}));
  }
  void append(const GivenRow& row) const {
    const fs::path file = folder_ / kFiles[row.source];
    real_files().write_whole(file, real_files().read_whole(file) + row.text());
  }
  void run(std::size_t batch_rows, bool bulk) {
    const IngestReport report = ingest(
        project_, *store_, {.batch_rows = batch_rows, .bulk_from_bytes = bulk ? 0 : ~std::uint64_t{0}});
    EXPECT_EQ(report.quarantined_rows, 0U);
    for (const auto& [field, counts] : report.conflicts) {
      FieldConflicts& sum = counts_[field.second];
      sum.agreeing += counts.agreeing;
      sum.conflicting += counts.conflicting;
      sum.filled += counts.filled;
    }
  }
  // By the snapshot, whose values the store is asked for as well.
  Values values() {
    const auto exported = export_snapshot(*store_, project_.workspace, folder_);
    const graph::Snapshot snapshot = graph::Snapshot::open(exported.folder);
    Values out;
    for (graph::NodeId node = 0; node < snapshot.node_count(0); ++node) {
      const std::string id(snapshot.external_id({0, node}));
      if (const auto text = snapshot.texts(0, 0)[node]; !text.empty()) out[{id, 0}] = text;
      if (const double price = snapshot.numbers(0, 1)[node]; price == price)
        out[{id, 1}] = fmt::format("{}", price);
      std::string tags;
      const graph::FieldValue words = store_->field({0, node}, 2);
      if (const auto* list = std::get_if<std::vector<std::string>>(&words)) {
        for (const std::string& word : *list) tags += (tags.empty() ? "" : "|") + word;
      }
      if (!tags.empty()) out[{id, 2}] = tags;
      const graph::FieldValue title = store_->field({0, node}, 0);
      EXPECT_EQ(std::holds_alternative<std::string>(title) ? std::get<std::string>(title) : "",
                snapshot.texts(0, 0)[node]);
    }
    EXPECT_TRUE(verify_store(*store_).problems.empty());
    return out;
  }
  const std::map<std::size_t, FieldConflicts>& counts() const { return counts_; }

 private:
  fs::path folder_;
  Project project_;
  std::optional<GraphStore> store_;
  std::map<std::size_t, FieldConflicts> counts_;
};

class Conflicts : public ::testing::TestWithParam<const char*> {};

TEST_P(Conflicts, TheSameValuesStandInWhateverOrderRowsArrive) {
  const bool by_time = std::string(GetParam()) == "recency";
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    test::TempFolder folder;
    const std::vector<GivenRow> rows = random_rows(random, 120);
    const Oracle expected = oracle(rows, by_time);

    Shop bulk(folder / "bulk", GetParam());
    for (const GivenRow& row : rows) bulk.append(row);
    bulk.run(1000, true);
    EXPECT_EQ(bulk.values(), expected.values);
    EXPECT_EQ(bulk.counts(), expected.counts);

    // The files grow in another order each time, read in runs and batches of other sizes.
    for (int order = 0; order < 2; ++order) {
      Shop shop(folder / fmt::format("order {}", order), GetParam());
      std::vector<std::vector<GivenRow>> waiting(kSources);
      for (const GivenRow& row : rows) waiting[row.source].push_back(row);
      std::vector<std::size_t> next(kSources, 0);
      for (std::size_t left = rows.size(); left > 0;) {
        const std::size_t source = random() % kSources;
        for (std::size_t i = random() % 20; i > 0 && next[source] < waiting[source].size(); --i, --left)
          shop.append(waiting[source][next[source]++]);
        if (random() % 3 == 0) shop.run(1 + random() % 9, false);
      }
      shop.run(1 + random() % 50, false);
      EXPECT_EQ(shop.values(), expected.values);
      for (const auto& [field, counts] : expected.counts) EXPECT_EQ(shop.counts().at(field), counts) << field;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Rules, Conflicts, ::testing::Values("priority", "recency"));

TEST(ConflictsByDefault, TheRowThatIsReadLastStands) {
  test::TempFolder folder;
  Shop shop(folder / "shop", "");
  shop.append({.source = 2, .id = "i1", .title = "of c", .time = 1});
  shop.append({.source = 0, .id = "i1", .title = "of a", .price = "5", .time = 9});
  shop.run(10, false);
  EXPECT_EQ(shop.values(), (Values{{{"i1", 0}, "of c"}, {{"i1", 1}, "5"}}));
  EXPECT_TRUE(shop.counts().empty());
}

TEST(ConflictsByDefault, AStoreDoesNotChangeItsRule) {
  test::TempFolder folder;
  Shop shop(folder / "shop", "priority");
  shop.append({.source = 0, .id = "i1", .title = "of a", .time = 1});
  shop.run(10, false);
  const Project other =
      read_project(TomlFile::parse(project_text("recency"), "p.toml"), folder / "shop" / "p.toml");
  for (std::uint16_t source = 0; source < kSources; ++source) {
    const Project same =
        read_project(TomlFile::parse(project_text("priority"), "p.toml"), folder / "shop" / "p.toml");
    const Project none =
        read_project(TomlFile::parse(project_text(""), "p.toml"), folder / "shop" / "p.toml");
    EXPECT_NE(other.fingerprint(source), same.fingerprint(source));
    EXPECT_NE(none.fingerprint(source), same.fingerprint(source));
  }
}

std::string error_of(const std::string& text) {
  test::TempFolder folder;
  for (const char* file : kFiles) real_files().write_whole(folder / file, "id,title,price,tags,time\n");
  try {
    read_project(TomlFile::parse(text, "p.toml"), folder / "p.toml");
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(ConflictRules, MistakesAreErrors) {
  const std::string item =
      "[nodes.item]\nsource = \"a.csv\"\nid = \"id\"\nfields.title = { kind = \"text\" }\n";
  EXPECT_THAT(error_of(item + "conflicts = \"newest\"\n"), HasSubstr("recency"));
  EXPECT_THAT(error_of(item + "conflicts = \"recency\"\n"), HasSubstr("neither older nor newer"));
  EXPECT_THAT(error_of(item + "conflicts = \"priority\"\n"), HasSubstr("there is one source"));
  EXPECT_THAT(error_of("[nodes.review]\nsource = [\"a.csv\", \"b.csv\"]\nconflicts = \"priority\"\n"
                       "fields.title = { kind = \"text\" }\n"),
              HasSubstr("a node of its own"));
  EXPECT_THAT(error_of("[nodes.item]\nconflicts = \"priority\"\n"), HasSubstr("without a source"));
}

TEST(RankedFields, JoinInAnyGrouping) {
  std::mt19937_64 random(4);
  for (int round = 0; round < 500; ++round) {
    std::vector<std::string> values;
    for (std::size_t i = 0; i < 2 + random() % 5; ++i) {
      values.push_back(encode_field_value(std::string(1, static_cast<char>('a' + random() % 2)),
                                          {.ranked = true,
                                           .lower = random() % 2 == 0,
                                           .major = static_cast<std::int64_t>(random() % 3) - 1,
                                           .minor = static_cast<std::int64_t>(random() % 2)}));
    }
    std::string from_left = values[0];
    for (std::size_t i = 1; i < values.size(); ++i) from_left = join_fields(from_left, values[i]);
    while (values.size() > 1) {
      const std::size_t at = random() % (values.size() - 1);
      values[at] = join_fields(values[at], values[at + 1]);
      values.erase(values.begin() + static_cast<std::ptrdiff_t>(at) + 1);
    }
    EXPECT_EQ(values[0], from_left);
    EXPECT_TRUE(decode_field_value(values[0]));
  }
}

TEST(RankedFields, AnArrivalWithoutRankTakesTheRankThatStands) {
  const graph::MediaValue missing{"a.jpg", ""}, found{"a.jpg", std::string(32, 'a')};
  const FieldRank rank{.ranked = true, .major = 5, .minor = 6};
  EXPECT_EQ(join_fields(encode_field_value(missing, rank), encode_field_value(found)),
            encode_field_value(found, rank));
}

TEST(RankedFields, DamagedOnesAreNotRead) {
  const std::string good = encode_field_value(2.5, {.ranked = true, .major = -1, .minor = 7});
  EXPECT_EQ(decode_field_value(good), graph::FieldValue(2.5));
  for (std::size_t size = 1; size < good.size(); ++size)
    EXPECT_FALSE(decode_field_value(good.substr(0, size))) << size;
  std::string flags = good;
  flags[1] = 2;  // differs from what, if there was one value alone?
  EXPECT_FALSE(decode_field_value(flags));
  flags[1] = 8;
  EXPECT_FALSE(decode_field_value(flags));
}

}  // namespace
}  // namespace weft::storage
