#include "storage/row_mapper.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/hash.h"
#include "tests/storage/shop.h"

namespace weft::storage {
namespace {

using ::testing::HasSubstr;

struct Mapped {
  MapResult result;
  graph::Event event;
};

std::vector<Mapped> map_all(const Project& project, std::uint16_t source) {
  RowMapper mapper(project, source, MediaRead::kHash, real_files());
  const auto reader = RowReader::open(project.sources[source], mapper.columns(), real_files());
  mapper.check_columns(*reader);
  std::vector<Mapped> out;
  Row row;
  while (reader->next(row)) {
    if (!row.bad_reason.empty()) continue;
    graph::Event event;
    const MapResult result = mapper.map(row, event);
    out.push_back({result, event});
  }
  return out;
}

TEST(RowMapper, UsersWithMissingValuesAndBadRows) {
  const Shop shop;
  const auto rows = map_all(shop.project(), 0);
  ASSERT_EQ(rows.size(), 5U);
  const graph::NodeEvent& ann = rows[0].event.nodes.at(0);
  EXPECT_EQ(ann.external_id, "ann");
  EXPECT_EQ(ann.time, 100'000);
  EXPECT_EQ(ann.fields[0], graph::FieldValue(31.0));
  EXPECT_EQ(ann.fields[1], graph::FieldValue(std::vector<std::string>{"Rome"}));
  EXPECT_EQ(rows[1].event.nodes.at(0).fields[0].index(), 0U);
  EXPECT_EQ(rows[2].result.reason, "invalid number");
  EXPECT_THAT(rows[2].result.detail, HasSubstr("column 'age': 'x' is no number"));
  EXPECT_EQ(rows[3].result.reason, "missing id");
  EXPECT_EQ(rows[4].result.reason, "missing id") << "clean.missing";
}

TEST(RowMapper, AttributesAndMediaBecomeNodes) {
  const Shop shop;
  const Project project = shop.project();
  const auto rows = map_all(project, 1);
  ASSERT_EQ(rows.size(), 4U);
  const graph::Event& chair = rows[0].event;
  ASSERT_EQ(chair.nodes.size(), 2U);
  EXPECT_EQ(chair.nodes[0].fields[1], graph::FieldValue(9.5));
  const std::string wav = real_files().read_whole(shop.folder() / "a.wav");
  EXPECT_EQ(chair.nodes[0].fields[2],
            graph::FieldValue(graph::MediaValue{"a.wav", hash128_hex(std::as_bytes(std::span(wav)))}));
  EXPECT_EQ(chair.nodes[1].type, *project.schema.graph.find_node_type("photo"));
  EXPECT_EQ(chair.nodes[1].external_id, "images/1.jpg");
  std::vector<std::string> edges;
  for (const graph::EdgeEvent& edge : chair.edges)
    edges.push_back(project.schema.graph.edge_type(edge.type).name + " " + edge.from + " " + edge.to);
  EXPECT_THAT(edges, ::testing::ElementsAre("item_brand 1 Oak", "item_tags 1 red", "item_tags 1 old",
                                            "item_photo 1 images/1.jpg"));
  EXPECT_EQ(rows[1].event.nodes.size(), 1U) << "a missing picture makes no node";
  EXPECT_EQ(rows[2].result.reason, "media path outside the data root");
  EXPECT_EQ(rows[3].event.nodes.size(), 1U) << "a corrupt picture makes no node";
}

TEST(RowMapper, AReviewIsItsRowsEvent) {
  const Shop shop;
  const Project project = shop.project();
  const auto rows = map_all(project, 2);
  ASSERT_EQ(rows.size(), 3U);
  const graph::Event& event = rows[0].event;
  EXPECT_EQ(event.nodes.at(0).external_id, to_hex(event.id));
  ASSERT_EQ(event.edges.size(), 2U);
  EXPECT_EQ(event.edges[0].weight, 5.0);
  EXPECT_EQ(event.edges[0].time, 1714557600000);
  EXPECT_EQ(event.edges[1].to, event.nodes[0].external_id);
  EXPECT_EQ(rows[1].event.edges[0].time, 1704067200000) << "the default";
  EXPECT_EQ(rows[2].result.reason, "invalid weight");
}

TEST(RowMapper, WeightsAreFromZeroToTwoToThe32) {
  Shop shop;
  std::string text;
  for (const char* stars : {"4294967296", "4294967297", "1e30", "0", "-0.5"})
    text.append(R"({"user": "ann", "item": 1, "stars": )").append(stars).append("}\n");
  shop.write("reviews.jsonl", text);
  std::vector<std::string> reasons;
  for (const Mapped& row : map_all(shop.project(), 2)) reasons.push_back(row.result.reason);
  EXPECT_THAT(reasons, ::testing::ElementsAre("", "invalid weight", "invalid weight", "", "invalid weight"));
}

// What is no number to the field or the edge that uses it, though the column's rules let it pass.
TEST(RowMapper, RulesSayWhatBecomesOfAValueThatItsUseCannotTake) {
  Shop shop;
  shop.write("users.csv", "user_id,signup,age,city\nann,,old,\nbob,,7,\n");
  const auto outcome = [&](const std::string& on_bad, const std::string& more = "") {
    std::vector<std::string> sets = {"nodes.user.columns.age.on_bad=\"" + on_bad + "\""};
    if (!more.empty()) sets.push_back(more);
    return map_all(shop.project(sets), 0);
  };
  EXPECT_EQ(outcome("quarantine")[0].result.reason, "invalid number");
  EXPECT_EQ(outcome("drop")[0].result.outcome, MapOutcome::kDropped);
  EXPECT_TRUE(outcome("stop")[0].result.stops);
  const auto age = [](const Mapped& row) { return row.event.nodes.at(0).fields.at(0); };
  EXPECT_EQ(age(outcome("missing")[0]), graph::FieldValue());
  EXPECT_EQ(age(outcome("missing")[1]), graph::FieldValue(7.0));
  EXPECT_EQ(age(outcome("missing", "nodes.user.columns.age.default=30")[0]), graph::FieldValue(30.0));
  // Another use of the column takes the value.
  const Mapped twice = outcome("missing", "nodes.user.fields.told={kind=\"category\", column=\"age\"}")[0];
  EXPECT_EQ(age(twice), graph::FieldValue());
  EXPECT_EQ(twice.event.nodes.at(0).fields.at(2), graph::FieldValue(std::vector<std::string>{"old"}));
}

TEST(RowMapper, FiltersAndEventIds) {
  Shop shop;
  const auto rows = map_all(shop.project(), 3);
  ASSERT_EQ(rows.size(), 8U);
  EXPECT_EQ(rows[0].event.edges.at(0).type, 0);
  EXPECT_EQ(rows[1].event.edges.at(0).type, 1);
  EXPECT_EQ(rows[2].event.id, rows[3].event.id) << "the same row is the same event";
  EXPECT_EQ(rows[4].result.outcome, MapOutcome::kFiltered);
  EXPECT_EQ(rows[6].result.reason, "invalid time");
  EXPECT_EQ(rows[7].result.reason, "missing time");
  const auto kept = map_all(shop.project({"edges.views.duplicates=keep"}), 3);
  EXPECT_NE(kept[2].event.id, kept[3].event.id);
}

TEST(RowMapper, APictureThatTurnsUpLaterDoesNotChangeTheEvent) {
  Shop shop;
  shop.write("shop.toml",
             std::string(kShopToml) +
                 "[edges.made]\nsource = \"items.jsonl\"\nfrom = \"item:item_id\"\nto = \"user:title\"\n");
  const auto before = map_all(shop.project(), 1);
  shop.write("images/2.jpg", "\xFF\xD8\xFF picture 2 \xFF\xD9");
  const auto after = map_all(shop.project(), 1);
  EXPECT_EQ(after[1].event.id, before[1].event.id);
  EXPECT_EQ(after[1].event.nodes.size(), before[1].event.nodes.size() + 1);
}

TEST(RowMapper, WhereSomethingIsPresent) {
  Shop shop;
  std::string text = kShopToml;
  text.replace(text.find("where = { action = \"buy\" }"), 26, "where = { time = { present = false } }");
  shop.write("shop.toml", text);
  shop.write("events.csv", "user,item,action,time\nann,1,x,\nann,1,x,5\n");
  const auto rows = map_all(shop.project(), 3);
  EXPECT_EQ(rows[0].result.reason, "missing time") << "the row passed the filter";
  EXPECT_EQ(rows[1].result.outcome, MapOutcome::kFiltered);
}

TEST(RowMapper, WhereAListHoldsNumbers) {
  Shop shop;
  std::string text = kShopToml;
  text.replace(text.find("where = { action = \"buy\" }"), 26, "where = { action = [4, 5.5, true, \"buy\"] }");
  shop.write("shop.toml", text);
  shop.write("events.csv",
             "user,item,action,time\na,1,4,1\na,1,5,1\na,1,5.5,1\na,1,true,1\na,1,buy,1\na,1,1,1\n");
  std::vector<MapOutcome> outcomes;
  for (const Mapped& row : map_all(shop.project(), 3)) outcomes.push_back(row.result.outcome);
  using enum MapOutcome;
  EXPECT_THAT(outcomes, ::testing::ElementsAre(kEvent, kFiltered, kEvent, kEvent, kEvent, kFiltered));
}

// With a look through all values before each one, the million would take hours.
TEST(RowMapper, AMillionTagsOfOneRow) {
  Shop shop;
  std::string text = R"({"item_id": 1, "title": "Chair", "tags": [)";
  constexpr int kTags = 1'000'000;
  for (int i = 0; i < kTags; ++i) text.append("\"").append(std::to_string(i)).append("\",");
  text += R"("7", "999999", ""]})";
  text += "\n";
  text += R"({"item_id": 2, "tags": "a|b|a|"})";
  shop.write("items.jsonl", text);
  const auto rows = map_all(shop.project(), 1);
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].event.edges.size(), std::size_t{kTags});
  EXPECT_EQ(rows[0].event.edges.back().to, "999999");
  EXPECT_EQ(rows[1].event.edges.size(), 2U);
}

TEST(RowMapper, AColumnThatIsNotThereNamesProjectFileAndNearestColumn) {
  Shop shop;
  shop.write("events.csv", "user,itm,action,time\n");
  try {
    map_all(shop.project(), 3);
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("shop.toml:26"));
    EXPECT_THAT(error.what(), HasSubstr("events.csv has no column 'item'"));
    EXPECT_THAT(error.what(), HasSubstr("did you mean 'itm'?"));
  }
}

TEST(RowMapper, WhyAColumnMayNotBeThere) {
  Shop shop;
  const auto error_of = [&](const char* header) {
    shop.write("events.csv", header);
    try {
      map_all(shop.project(), 3);
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string("none");
  };
  EXPECT_THAT(error_of("user;item;action;time\n"), HasSubstr("[sources.\"events.csv\"] delimiter = \";\""));
  EXPECT_THAT(error_of("user\titem\taction\ttime\n"), HasSubstr("delimiter = \"\\t\""));
  EXPECT_THAT(error_of("user,what,action,time\n"), HasSubstr("columns.\"item\" = { optional = true }"));
}

}  // namespace
}  // namespace weft::storage
