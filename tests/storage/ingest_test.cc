#include "storage/ingest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <nlohmann/json.hpp>
#include <set>

#include "base/fault_files.h"
#include "base/hash.h"
#include "storage/kill_points.h"
#include "storage/verify.h"
#include "tests/storage/shop.h"
#include "tests/storage/small_store.h"

namespace weft::storage {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

std::string state_of(const Shop& shop) {
  const Project project = shop.project();
  const GraphStore store = shop.open(project);
  EXPECT_THAT(verify_store(store).problems, ElementsAre());
  return dump(store);
}

std::string message_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(Ingest, TheShopInNumbers) {
  const Shop shop;
  const IngestReport report = shop.ingest();
  EXPECT_EQ(report.rows, 5U + 5U + 3U + 8U + 2U);
  EXPECT_THAT(report.quarantined, UnorderedElementsAre(Pair("invalid number", 1), Pair("missing id", 2),
                                                       Pair("media path outside the data root", 1),
                                                       Pair("invalid JSON", 1), Pair("invalid weight", 1),
                                                       Pair("invalid time", 1), Pair("missing time", 1)));
  EXPECT_EQ(report.filtered, 1U);
  EXPECT_EQ(report.duplicates, 1U);
  EXPECT_EQ(report.events, 23U - 8U - 1U);
  // user: ann bob | reviews: eve | events: zoe. item: 1 2 4 | events: 9. review 2, brand 1, tags 2, photo 1.
  EXPECT_THAT(report.new_nodes, ElementsAre(4, 4, 2, 1, 2, 1));
  // buys 2, views 2, rates 2, wrote 2, follows ann-bob twice and bob-bob once, item_brand 2, item_tags 3,
  // item_photo 1.
  EXPECT_THAT(report.new_edges, ElementsAre(2, 2, 2, 2, 3, 2, 3, 1));
  EXPECT_EQ(report.media_found, 2U);
  EXPECT_EQ(report.media_missing, 1U);
  EXPECT_EQ(report.media_corrupt, 1U);
  ASSERT_EQ(report.media_problems.size(), 2U);
  EXPECT_EQ(report.media_problems[1].what, "the JPEG ends early");
  state_of(shop);
}

TEST(Ingest, TheQuarantineFileSaysSourceLineAndReason) {
  const Shop shop;
  shop.ingest();
  std::istringstream lines(real_files().read_whole(shop.folder() / "shop.weft/quarantine.jsonl"));
  std::vector<nlohmann::json> rows;
  for (std::string line; std::getline(lines, line);) rows.push_back(nlohmann::json::parse(line));
  ASSERT_EQ(rows.size(), 8U);
  EXPECT_EQ(rows[0]["source"], "users.csv");
  EXPECT_EQ(rows[0]["line"], 4);
  EXPECT_EQ(rows[0]["reason"], "invalid number");
  EXPECT_EQ(rows[0]["excerpt"], "\"c, d\",300,x,Oslo");
  const std::string users = real_files().read_whole(shop.folder() / "users.csv");
  EXPECT_EQ(users.substr(rows[0]["offset"], 5), "\"c, d");
}

TEST(Ingest, TwiceChangesNothing) {
  const Shop shop;
  shop.ingest();
  const std::string before = state_of(shop);
  const IngestReport again = shop.ingest();
  EXPECT_EQ(again.events, 0U);
  EXPECT_EQ(again.rows, 1U) << "the cut last line of items.jsonl is tried again";
  EXPECT_EQ(state_of(shop), before);
}

TEST(Ingest, ARenamedCopyAddsNoEdges) {
  Shop shop;
  shop.ingest();
  std::string text = kShopToml;
  for (std::size_t at = 0; (at = text.find("\"events.csv\"", at)) != std::string::npos; at += 20)
    text.replace(at, 12, "[\"events.csv\", \"copy.csv\"]");
  shop.write("shop.toml", text);
  shop.write("copy.csv", real_files().read_whole(shop.folder() / "events.csv"));
  const IngestReport report = shop.ingest();
  EXPECT_EQ(report.duplicates, 5U);
  EXPECT_THAT(report.new_edges, ElementsAre(0, 0, 0, 0, 0, 0, 0, 0));
}

TEST(Ingest, AGrownFileAddsItsTail) {
  Shop shop;
  shop.ingest();
  shop.append("events.csv", "new,1,buy,5000\n");
  shop.append("items.jsonl", "p\"}\n{\"item_id\": 6}\n");
  const IngestReport report = shop.ingest();
  EXPECT_EQ(report.rows, 3U);
  EXPECT_EQ(report.new_edges[0], 1U);
  const Project project = shop.project();
  const GraphStore store = shop.open(project);
  EXPECT_EQ(store.field({1, *store.find_node(1, "5")}, 0), graph::FieldValue(std::string("Lamp")))
      << "the line that was cut is whole now";
  std::vector<std::string> sources;
  store.visit_quarantine([&](const QuarantinedRow& row) {
    sources.push_back(std::to_string(row.source) + ":" + row.reason);
    return true;
  });
  EXPECT_THAT(sources, ::testing::Not(Contains("1:invalid JSON"))) << "and out of quarantine";
}

TEST(Ingest, GrownInPiecesEqualsOnce) {
  Shop pieces;
  const std::string events = real_files().read_whole(pieces.folder() / "events.csv");
  for (std::size_t end = events.find('\n'); end + 1 < events.size(); end = events.find('\n', end + 1)) {
    pieces.write("events.csv", events.substr(0, end + 1));
    pieces.ingest();
  }
  pieces.write("events.csv", events);
  pieces.ingest();
  const Shop once;
  once.ingest();
  // Ids are by first appearance in either, which differs: reviews came before the tail of the events.
  const Project a = pieces.project();
  const Project b = once.project();
  const GraphStore store_a = pieces.open(a);
  const GraphStore store_b = once.open(b);
  EXPECT_EQ(store_a.info().edge_counts, store_b.info().edge_counts);
  EXPECT_EQ(store_a.info().node_counts, store_b.info().node_counts);
  EXPECT_EQ(store_a.ledger(), store_b.ledger());
}

TEST(Ingest, AChangedOrShortenedFileIsAnErrorAndWritesNothing) {
  Shop shop;
  shop.ingest();
  const std::string before = state_of(shop);
  const std::string events = real_files().read_whole(shop.folder() / "events.csv");
  std::string changed = events;
  changed[changed.find("zoe")] = 'Z';
  shop.write("events.csv", changed + "x,1,buy,1\n");
  shop.append("users.csv", "dan,1,1,Bern\n");
  EXPECT_THAT(message_of([&] { shop.ingest(); }),
              HasSubstr("events.csv: the part of the file that was ingested has changed"));
  shop.write("events.csv", events.substr(0, events.size() / 2));
  EXPECT_THAT(message_of([&] { shop.ingest(); }),
              HasSubstr("events.csv: the file is shorter than what was ingested of it"));
  EXPECT_EQ(state_of(shop), before);
}

TEST(Ingest, ALastLineThatGoesOnIsAnError) {
  Shop shop;
  shop.write("events.csv", "user,item,action,time\nann,1,buy,10");
  shop.ingest();
  shop.append("events.csv", "0\nann,2,buy,7\n");
  EXPECT_THAT(message_of([&] { shop.ingest(); }),
              HasSubstr("events.csv:2: the last line was ingested without a line end"));
  shop.write("events.csv", "user,item,action,time\nann,1,buy,10\nann,2,buy,7\n");
  EXPECT_EQ(shop.ingest().new_edges[0], 1U) << "a line end alone is fine";
}

// Both ways in.
const IngestOptions kEitherWay[] = {{.bulk_from_bytes = ~std::uint64_t{0}}, {.bulk_from_bytes = 0}};

std::vector<std::string> quarantined(const Shop& shop, const std::string& source) {
  const Project project = shop.project();
  std::vector<std::string> out;
  shop.open(project).visit_quarantine([&](const QuarantinedRow& row) {
    if (project.sources[row.source].name == source) out.push_back(row.reason);
    return true;
  });
  return out;
}

TEST(Ingest, ALineThatIsBeingWrittenWaitsWhereFilesGrow) {
  const std::vector<std::string> grows = {"sources.\"events.csv\".growing=true", "clean.max_bad_rows=0"};
  for (const IngestOptions& way : kEitherWay) {
    SCOPED_TRACE(way.bulk_from_bytes);
    Shop shop;
    for (const char* name : {"users.csv", "items.jsonl", "reviews.jsonl", "follows.tsv"})
      shop.write(name, name[0] == 'u' ? "user_id,signup,age,city\n" : name[0] == 'f' ? "a\tb\n" : "");
    shop.write("events.csv", "user,item,action,time\nann,1,buy,10");
    EXPECT_EQ(shop.ingest(grows, way).new_edges[0], 0U) << "10 may be the beginning of 1000";
    EXPECT_THAT(quarantined(shop, "events.csv"), ElementsAre("unfinished line"));
    EXPECT_EQ(shop.ingest(grows, way).new_edges[0], 0U);
    shop.append("events.csv", "00\nbob,1,buy,20");
    EXPECT_EQ(shop.ingest(grows, way).new_edges[0], 1U);
    EXPECT_THAT(quarantined(shop, "events.csv"), ElementsAre("unfinished line"));
    const Project project = shop.project(grows);
    const GraphStore store = shop.open(project);
    EXPECT_EQ(store.tables("").edges[0].times, std::vector<graph::TimeMs>{1'000'000});
    EXPECT_EQ(project.fingerprint(3), shop.project().fingerprint(3)) << "rows mean what they meant";
  }
}

TEST(Ingest, ALineThatWaitsIsNotOneOfTooMany) {
  for (const IngestOptions& way : kEitherWay) {
    SCOPED_TRACE(way.bulk_from_bytes);
    Shop shop;
    shop.ingest({}, way);
    shop.append("follows.tsv", "zo");
    const IngestReport report = shop.ingest({"clean.max_bad_rows=0.22"}, way);
    EXPECT_EQ(report.quarantined_rows, 2U) << "and the last of items.jsonl";
    shop.append("follows.tsv", "e\tann\nx\n");
    EXPECT_THAT(message_of([&] { shop.ingest({"clean.max_bad_rows=0.22"}, way); }),
                HasSubstr("1 of 4 rows are bad"));
    // A file that is one line, and that bad, is another file than was meant.
    Shop list;
    list.write("reviews.jsonl", "[{\"user\": \"ann\", \"item\": 1}]");
    EXPECT_THAT(message_of([&] { list.ingest({}, way); }), HasSubstr("1 of 1 rows are bad"));
  }
}

TEST(Ingest, TheFirstRowOfAFileWaitsAsOthersDo) {
  for (const IngestOptions& way : kEitherWay) {
    SCOPED_TRACE(way.bulk_from_bytes);
    Shop shop;
    shop.write("reviews.jsonl", "{\"user\": \"ann\", \"item\": 1, \"sta");
    shop.ingest({"clean.max_bad_rows=1"}, way);
    EXPECT_THAT(quarantined(shop, "reviews.jsonl"), ElementsAre("invalid JSON"));
    shop.append("reviews.jsonl", "rs\": 5}\n");
    EXPECT_EQ(shop.ingest({}, way).events, 1U);
    EXPECT_THAT(quarantined(shop, "reviews.jsonl"), IsEmpty());
  }
}

TEST(Ingest, AChangedMeaningIsAnError) {
  const Shop shop;
  shop.ingest();
  EXPECT_THAT(message_of([&] { shop.ingest({"edges.buys.where.action=sell"}); }),
              HasSubstr("events.csv: the project file now reads this source in another way"));
}

TEST(Ingest, TooManyBadRowsLeaveTheStoreAsItWas) {
  Shop shop;
  EXPECT_THAT(
      message_of([&] { shop.ingest({"clean.max_bad_rows=0.1"}); }),
      ::testing::AllOf(
          HasSubstr("users.csv:4: 3 of 5 rows are bad (1 invalid number, 2 missing id); nothing was written"),
          HasSubstr("at most 10 % bad rows")));
  const Project project = shop.project();
  EXPECT_EQ(shop.open(project).info().sequence, 0U);
  shop.ingest({"clean.max_bad_rows=0.6"});
  const std::string before = state_of(shop);
  shop.append("events.csv", "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\nk\n");
  shop.append("users.csv", "dan,1,1,Bern\n");
  EXPECT_THAT(message_of([&] { shop.ingest({"clean.max_bad_rows=0.6"}); }), HasSubstr("events.csv"));
  EXPECT_EQ(state_of(shop), before) << "nothing of the good file before it either";
}

TEST(Ingest, DamagedPicturesPastTheThresholdStopTheRun) {
  const Shop shop;
  EXPECT_THAT(message_of([&] { shop.ingest({"clean.max_bad_media=0.05"}); }),
              ::testing::AllOf(HasSubstr("items.jsonl:4"), HasSubstr("the JPEG ends early"),
                               HasSubstr("images/cut.jpg"), HasSubstr("clean.max_bad_media")));
  const Project project = shop.project();
  EXPECT_EQ(shop.open(project).info().sequence, 0U);
}

TEST(Ingest, MediaThatTurnUpLaterAreTaken) {
  Shop shop;
  std::string text = kShopToml;
  const std::string photo = "\"images/{photo}\", as_node = true";
  text.replace(text.find(photo), photo.size(), "\"images/{photo}\"");
  shop.write("shop.toml", text);
  EXPECT_EQ(shop.ingest().media_recovered, 0U);
  const Project project = shop.project();
  const auto content = [&](const char* item) {
    const GraphStore store = shop.open(project);
    const graph::FieldValue value = store.field({1, *store.find_node(1, item)}, 2);
    return std::get<graph::MediaValue>(value).content_hash;
  };
  EXPECT_EQ(content("2"), "") << "missing";
  EXPECT_EQ(content("4"), "") << "damaged";
  const std::string picture = "\xFF\xD8\xFF picture 2 \xFF\xD9";
  const std::string hash = hash128_hex(std::as_bytes(std::span(picture)));
  shop.write("images/2.jpg", picture);
  EXPECT_EQ(shop.ingest().media_recovered, 1U);
  EXPECT_EQ(content("2"), hash);
  EXPECT_EQ(content("4"), "");
  shop.write("images/cut.jpg", picture);
  EXPECT_EQ(shop.ingest({}, {.batch_rows = 1}).media_recovered, 1U);
  EXPECT_EQ(content("4"), hash);
  const std::string before = state_of(shop);
  EXPECT_EQ(shop.ingest().media_recovered, 0U);
  EXPECT_EQ(state_of(shop), before);

  const Shop whole;  // the same as a store that had them from the beginning
  std::filesystem::copy(
      shop.folder(), whole.folder(),
      std::filesystem::copy_options::recursive | std::filesystem::copy_options::overwrite_existing);
  std::filesystem::remove_all(whole.folder() / "shop.weft");
  whole.ingest();
  const auto fields = [](const std::string& dumped) { return dumped.substr(dumped.find('\n')); };
  EXPECT_EQ(fields(state_of(whole)), fields(before));
}

TEST(Ingest, TheFirstPassShowsHowFarItIs) {
  struct Steps : ProgressSink {
    void begin(const std::string& name, std::uint64_t, const std::string&) override { phase = name; }
    void advance(std::uint64_t done) override {
      if (phase == "check") check.push_back(done);
    }
    std::string phase;
    std::vector<std::uint64_t> check;
  };
  Shop shop;
  std::string rows = "a\tb\n";
  for (int i = 0; i < 140'000; ++i) rows += "u\tv\n";
  shop.write("follows.tsv", rows);
  const Project project = shop.project();
  GraphStore store = shop.open(project);
  Steps steps;
  ingest(project, store, {}, steps);
  EXPECT_THAT(steps.check, ElementsAre(5, 10, 13, 21, 21 + 65'536, 21 + 131'072, 21 + 140'000));
}

TEST(Ingest, EmptyHeaderOnlyAndOneRowFiles) {
  Shop shop;
  shop.write("events.csv", "");
  shop.write("reviews.jsonl", "");
  shop.write("follows.tsv", "a\tb\n");
  shop.write("users.csv", "user_id,signup,age,city\nann,1,2,Rome");
  const IngestReport report = shop.ingest();
  EXPECT_THAT(report.notes,
              ElementsAre("reviews.jsonl: no rows", "events.csv: no rows", "follows.tsv: no rows"));
  EXPECT_EQ(report.new_nodes[0], 1U);
  shop.write("events.csv", "user,item,action,time\nann,1,buy,10\n");
  shop.append("follows.tsv", "ann\tbob\n");
  EXPECT_THAT(shop.ingest().new_edges, ElementsAre(1, 0, 0, 0, 2, 0, 0, 0));
}

TEST(Ingest, AMisspeltJsonKeyIsAnErrorAnAbsentOneANote) {
  Shop shop;
  shop.write("items.jsonl",
             "{\"item_id\": 1, \"titel\": \"Chair\", \"brand\": \"Oak\", \"tags\": \"\", \"photo\": null}\n");
  EXPECT_THAT(
      message_of([&] { shop.ingest(); }),
      ::testing::AllOf(HasSubstr("items.jsonl has no column 'title'"), HasSubstr("did you mean 'titel'?")));
  shop.write("items.jsonl",
             "{\"item_id\": 1, \"title\": \"Chair\", \"brand\": \"Oak\", \"tags\": \"\", \"photo\": null}\n");
  EXPECT_THAT(shop.ingest().notes, UnorderedElementsAre("items.jsonl: no row has 'offer.price'",
                                                        "items.jsonl: no row has 'clip'"));
}

TEST(Ingest, LaterRowsOverrideFieldsAndAttributesButNotWithMissingValues) {
  Shop shop;
  shop.write("items.jsonl",
             "{\"item_id\": 1, \"title\": \"Chair\", \"offer\": {\"price\": 9.5}, \"brand\": \"Oak\", "
             "\"tags\": \"red|old\"}\n"
             "{\"item_id\": 1, \"title\": \"Armchair\", \"offer\": {\"price\": null}, \"tags\": [\"old\", "
             "\"new\"]}\n");
  shop.ingest();
  const Project project = shop.project();
  const GraphStore store = shop.open(project);
  EXPECT_EQ(store.field({1, 0}, 0), graph::FieldValue(std::string("Armchair")));
  EXPECT_EQ(store.field({1, 0}, 1), graph::FieldValue(9.5));
  const auto targets = [&](const char* edge) {
    const graph::EdgeTypeId type = *project.schema.graph.find_edge_type(edge);
    std::vector<std::string> out;
    for (const Neighbour& each : store.neighbours({1, 0}, graph::outgoing_relation(type), 9)) {
      out.push_back(*store.external_id({project.schema.graph.edge_type(type).to, each.node}));
    }
    return out;
  };
  EXPECT_THAT(targets("item_brand"), ElementsAre("Oak"));
  EXPECT_THAT(targets("item_tags"), UnorderedElementsAre("old", "new"));
}

TEST(Ingest, BatchSizeChangesNothing) {
  std::set<std::string> dumps;
  for (const std::size_t rows : {1U, 2U, 5U, 1000U}) {
    const Shop shop;
    shop.ingest({}, {.batch_rows = rows});
    dumps.insert(state_of(shop));
  }
  for (const std::size_t bytes : {1U, 40U}) {
    const Shop shop;
    shop.ingest({}, {.batch_bytes = bytes});
    dumps.insert(state_of(shop));
  }
  EXPECT_EQ(dumps.size(), 1U);
}

// An error in the middle of a run (a full disk, say) leaves whole batches, and the next run ends as if
// nothing had happened.
TEST(Ingest, StoppedAtAnyKillPointItGoesOnWhereItWas) {
  const Shop whole;
  whole.ingest({}, {.batch_rows = 2});
  const std::string wanted = state_of(whole);
  std::map<std::string, std::uint64_t> passed;
  for (const std::string_view point : kKillPoints) {
    if (point.starts_with("export.") || point.starts_with("snapshot.")) continue;
    for (std::uint64_t passing = 1; passing <= 2; ++passing) {
      const Shop shop;
      FaultFiles files(real_files());
      std::uint64_t seen = 0;
      files.on_kill_point([&](std::string_view name) {
        if (name == point && ++seen == passing) throw Error("stopped at " + std::string(name));
      });
      const Project project = shop.project();
      const std::string message = message_of([&] {
        GraphStore store = GraphStore::open(project.workspace.store(), project.schema, {}, files);
        ingest(project, store, {.batch_rows = 2}, no_progress(), files);
      });
      if (seen >= passing) {
        EXPECT_THAT(message, HasSubstr(std::string(point)));
        ++passed[std::string(point)];
      }
      state_of(shop);
      shop.ingest({}, {.batch_rows = 2});
      EXPECT_EQ(state_of(shop), wanted) << point;
    }
  }
  EXPECT_GE(passed.size(), 12U);
}

TEST(Ingest, IdsWithUnicodeTabsAndNuls) {
  Shop shop;
  const std::string nul("n\0l", 3);
  shop.write("users.csv", "user_id,signup,age,city\n\"t\tb\",1,2,A\n漢字,1,2,B\n" + nul + ",1,2,C\n");
  shop.ingest();
  const Project project = shop.project();
  const GraphStore store = shop.open(project);
  for (const std::string& id : {std::string("t\tb"), std::string("漢字"), nul})
    EXPECT_TRUE(store.find_node(0, id)) << id;
}

}  // namespace
}  // namespace weft::storage
