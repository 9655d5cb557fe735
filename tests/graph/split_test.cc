#include "graph/split.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "base/error.h"
#include "base/hash.h"
#include "graph/graph_view.h"
#include "graph/pair_events.h"
#include "tests/graph/random_graph.h"
#include "tests/support/error_of.h"

namespace weft::graph {
namespace {

using test::error_of;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr EdgeTypeId kBuys = 0, kWrote = 1, kAbout = 2, kHasTag = 3, kFriend = 4, kViews = 6;

// One edge of a snapshot, spelled out.
struct FlatEdge {
  EdgeTypeId type = 0;
  EdgeId id = 0;
  NodeId from = 0, to = 0;
  TimeMs time = kNoTime;
  EventId event = kNoEvent;
  std::uint16_t source = 0;
  Part part = Part::kTrain;
};

std::vector<FlatEdge> flatten(const Snapshot& snapshot, const Split& split) {
  std::vector<FlatEdge> edges;
  for (std::size_t t = 0; t < split.parts.size(); ++t) {
    const auto type = static_cast<EdgeTypeId>(t);
    const CsrView out = snapshot.outgoing(type);
    const auto rows = snapshot.edge_rows(type);
    for (EdgeId id = 0; id < out.edges(); ++id) {
      edges.push_back({type, id, rows[id], out.targets[id], out.times.empty() ? kNoTime : out.times[id],
                       snapshot.edge_columns(type).events[id], snapshot.edge_columns(type).sources[id],
                       split.parts[t][id]});
    }
  }
  return edges;
}

// What holds for every split: sizes fit, no event lies in two parts, no asked part is empty.
void expect_sound(const Snapshot& snapshot, const Split& split) {
  ASSERT_EQ(split.parts.size(), snapshot.schema().edge_types().size());
  std::map<EventId, Part> part_of;
  for (const FlatEdge& edge : flatten(snapshot, split)) {
    if (edge.event == kNoEvent) continue;
    const auto [found, added] = part_of.emplace(edge.event, edge.part);
    EXPECT_EQ(found->second, edge.part) << "event " << edge.event << " is in two parts";
  }
  std::uint64_t total = 0;
  for (const Part part : {Part::kTrain, Part::kValid, Part::kTest}) {
    const auto count = std::count(split.parts[split.target].begin(), split.parts[split.target].end(), part);
    EXPECT_EQ(split.count(part), static_cast<std::uint64_t>(count));
    EXPECT_GT(count, 0);
    total += static_cast<std::uint64_t>(count);
  }
  EXPECT_EQ(total, snapshot.edge_count(split.target));
}

// Adds to the parts of purchases those of other events that tell of a pair which only held-out purchases
// make.
void add_told(const Snapshot& snapshot, const std::vector<FlatEdge>& edges, std::map<EventId, Part>& parts) {
  std::map<std::pair<NodeId, NodeId>, std::pair<Part, TimeMs>> pairs;
  for (const FlatEdge& edge : edges) {
    if (edge.type != kBuys) continue;
    const auto [at, added] =
        pairs.emplace(std::pair(edge.from, edge.to), std::pair(parts.at(edge.event), edge.time));
    at->second.first = std::min(at->second.first, parts.at(edge.event));
    at->second.second = std::min(at->second.second, edge.time);
  }
  std::map<EventId, Part> told;
  for (const PairEvent& event : pair_events(snapshot, kBuys)) {
    const auto& [part, time] = pairs.at({event.from, event.to});
    if (part == Part::kTrain || (event.time != kNoTime && event.time < time)) continue;
    Part& at = told.emplace(event.event, part).first->second;
    at = std::max(at, part);
  }
  parts.insert(told.begin(), told.end());
}

class SplitOfRandomShop : public ::testing::TestWithParam<std::uint64_t> {
 protected:
  SplitOfRandomShop() : snapshot_(open()) {}
  Snapshot open() {
    write_snapshot(random_shop(GetParam()), folder_ / "s");
    return Snapshot::open(folder_ / "s");
  }
  TestFolder folder_;
  Snapshot snapshot_;
};
INSTANTIATE_TEST_SUITE_P(Seeds, SplitOfRandomShop, ::testing::Range<std::uint64_t>(1, 9));

// The cut whose part is nearest to the share, found by trying every distinct time; of two the later one.
TimeMs best_cut(const std::vector<TimeMs>& times, const std::set<TimeMs>& candidates, TimeMs end,
                double wanted) {
  TimeMs best = 0;
  double distance = 1e18;
  for (const TimeMs cut : candidates) {
    const auto count =
        std::count_if(times.begin(), times.end(), [&](TimeMs t) { return t >= cut && t < end; });
    const double d = std::abs(static_cast<double>(count) - wanted);
    if (d <= distance) best = cut, distance = d;
  }
  return best;
}

TEST_P(SplitOfRandomShop, TimeCutsEveryTimedTypeAtTheSameInstants) {
  for (const auto& [valid, test] :
       std::vector<std::pair<double, double>>{{0.1, 0.1}, {0.3, 0.05}, {0.02, 0.6}}) {
    const Split split =
        make_split(snapshot_, kBuys, {.kind = SplitKind::kTime, .valid = valid, .test = test});
    expect_sound(snapshot_, split);
    std::vector<TimeMs> times;
    for (const TimeMs time : snapshot_.outgoing(kBuys).times) times.push_back(time);
    std::set<TimeMs> candidates(times.begin(), times.end());
    candidates.erase(candidates.begin());
    std::set<TimeMs> later = candidates;
    later.erase(later.begin());
    const auto n = static_cast<double>(times.size());
    EXPECT_EQ(split.test_start, best_cut(times, later, kEndOfTime, test * n));
    candidates.erase(candidates.lower_bound(split.test_start), candidates.end());
    EXPECT_EQ(split.valid_start, best_cut(times, candidates, split.test_start, valid * n));

    EXPECT_TRUE(split.time_correct);
    const std::vector<FlatEdge> edges = flatten(snapshot_, split);
    std::map<EventId, TimeMs> latest;
    for (const FlatEdge& edge : edges) {
      if (edge.event != kNoEvent)
        latest.emplace(edge.event, kNoTime).first->second = std::max(latest[edge.event], edge.time);
    }
    for (const FlatEdge& edge : edges) {
      const TimeMs time = edge.event == kNoEvent ? edge.time : latest.at(edge.event);
      const Part expected = time >= split.test_start    ? Part::kTest
                            : time >= split.valid_start ? Part::kValid
                                                        : Part::kTrain;
      EXPECT_EQ(edge.part, expected) << "type " << edge.type << " edge " << edge.id;
      if (edge.type == kFriend) {
        EXPECT_EQ(edge.part, Part::kTrain);
      }
    }
  }
}

TEST_P(SplitOfRandomShop, NothingOfTheFutureIsLeftInTheTrainGraph) {
  const Split split = make_split(snapshot_, kBuys, {});
  const FilteredGraph train(snapshot_, split.keep_up_to(Part::kTrain));
  const GraphView graph = train.view();
  std::set<EventId> held_out;
  for (std::size_t e = 0; e < split.parts[kBuys].size(); ++e) {
    if (split.parts[kBuys][e] != Part::kTrain) held_out.insert(snapshot_.edge_columns(kBuys).events[e]);
  }
  ASSERT_FALSE(held_out.empty());
  for (RelationId r = 0; r < graph.relations.size(); ++r) {
    const CsrView& csr = graph.relation(r);
    for (const TimeMs time : csr.times) EXPECT_LT(time, split.valid_start);
    for (std::uint64_t i = 0; i < csr.edges(); ++i) {
      EXPECT_FALSE(held_out.contains(graph.events[edge_type_of(r)][csr.edge_id(i)]));
    }
  }
  EXPECT_LT(graph.relation(0).edges(), snapshot_.edge_count(kBuys));
}

TEST_P(SplitOfRandomShop, LastHoldsOutTheNewestEventsOfEachUser) {
  const Split split = make_split(snapshot_, kBuys, {.kind = SplitKind::kLast});
  expect_sound(snapshot_, split);
  const std::vector<FlatEdge> edges = flatten(snapshot_, split);
  std::map<NodeId, std::vector<std::pair<TimeMs, EventId>>> of_user;
  for (const FlatEdge& edge : edges) {
    if (edge.type == kBuys) of_user[edge.from].emplace_back(edge.time, edge.event);
  }
  std::map<EventId, Part> expected;
  for (auto& [user, events] : of_user) {
    std::sort(events.begin(), events.end());
    for (std::size_t i = 0; i < events.size(); ++i) {
      const std::size_t from_end = events.size() - i;
      Part part = from_end == 1 ? Part::kTest : from_end == 2 ? Part::kValid : Part::kTrain;
      if (i == 0) part = Part::kTrain;
      expected[events[i].second] = part;
    }
  }
  add_told(snapshot_, edges, expected);
  for (const FlatEdge& edge : edges) {
    const auto found = expected.find(edge.event);
    EXPECT_EQ(edge.part, found == expected.end() ? Part::kTrain : found->second);
  }
  EXPECT_FALSE(split.time_correct);
  EXPECT_THAT(split.description, HasSubstr("not time-correct across users"));
  EXPECT_EQ(split.test_start, kEndOfTime);
}

TEST_P(SplitOfRandomShop, RandomDependsOnSeedAndEventAlone) {
  const SplitSpec spec{.kind = SplitKind::kRandom, .valid = 0.2, .test = 0.3, .seed = GetParam()};
  const Split split = make_split(snapshot_, kBuys, spec);
  expect_sound(snapshot_, split);
  const std::vector<FlatEdge> edges = flatten(snapshot_, split);
  std::map<EventId, Part> expected;
  for (const FlatEdge& edge : edges) {
    if (edge.type != kBuys) continue;
    const std::uint64_t words[2] = {spec.seed, edge.event};
    const double u = static_cast<double>(hash64(std::as_bytes(std::span(words))) >> 11) / 9007199254740992.0;
    expected[edge.event] = u < 0.3 ? Part::kTest : u < 0.5 ? Part::kValid : Part::kTrain;
  }
  add_told(snapshot_, edges, expected);
  for (const FlatEdge& edge : edges)
    EXPECT_EQ(edge.part, expected.contains(edge.event) ? expected[edge.event] : Part::kTrain);
  EXPECT_NE(make_split(snapshot_, kBuys, {.kind = SplitKind::kRandom, .valid = 0.2, .test = 0.3, .seed = 99})
                .parts[kBuys],
            split.parts[kBuys]);
}

TEST_P(SplitOfRandomShop, FilesGiveTheParts) {
  const SplitSpec spec{.kind = SplitKind::kFiles, .valid_files = {"c.jsonl"}, .test_files = {"a.csv"}};
  const Split split = make_split(snapshot_, kBuys, spec);
  expect_sound(snapshot_, split);
  std::map<EventId, Part> expected;
  const Part parts[] = {Part::kTest, Part::kTrain, Part::kValid};
  const std::vector<FlatEdge> edges = flatten(snapshot_, split);
  for (const FlatEdge& edge : edges) {
    if (edge.type == kBuys) expected[edge.event] = parts[edge.source];
  }
  add_told(snapshot_, edges, expected);
  for (const FlatEdge& edge : edges) {
    EXPECT_EQ(edge.part, expected.contains(edge.event) ? expected[edge.event] : Part::kTrain);
  }
}

TEST_P(SplitOfRandomShop, FilesCanBeNamedByPatterns) {
  const auto parts = [&](const std::string& valid, const std::string& test) {
    const SplitSpec spec{.kind = SplitKind::kFiles, .valid_files = {valid}, .test_files = {test}};
    return make_split(snapshot_, kBuys, spec).parts;
  };
  EXPECT_EQ(parts("*.jsonl", "**/a*.csv"), parts("c.jsonl", "a.csv"));
}

TEST_P(SplitOfRandomShop, FilesWithoutAValidFileHoldOutAShareOfTrain) {
  const SplitSpec spec{.kind = SplitKind::kFiles,
                       .valid = 0.25,
                       .seed = 3,
                       .train_files = {"b.csv", "c.jsonl"},
                       .test_files = {"a.csv"}};
  const Split split = make_split(snapshot_, kBuys, spec);
  expect_sound(snapshot_, split);
  for (const FlatEdge& edge : flatten(snapshot_, split)) {
    if (edge.type != kBuys) continue;
    const std::uint64_t words[2] = {3, edge.event};
    const double u = static_cast<double>(hash64(std::as_bytes(std::span(words))) >> 11) / 9007199254740992.0;
    const Part train = u < 0.25 ? Part::kValid : Part::kTrain;
    EXPECT_EQ(edge.part, edge.source == 0 ? Part::kTest : train);
  }
  EXPECT_EQ(make_split(snapshot_, kBuys, {.kind = SplitKind::kFiles, .valid = 0, .test_files = {"a.csv"}})
                .count(Part::kValid),
            0u);
}

// A symmetric type without event ids: both directions of a pair fall together.
TEST_P(SplitOfRandomShop, BothDirectionsOfASymmetricEdgeFallTogether) {
  GraphTables tables = random_shop(GetParam());
  std::fill(tables.edges[kFriend].events.begin(), tables.edges[kFriend].events.end(), kNoEvent);
  write_snapshot(tables, folder_ / "t");
  const Snapshot snapshot = Snapshot::open(folder_ / "t");
  const Split split = make_split(snapshot, kFriend, {.kind = SplitKind::kRandom, .valid = 0.3, .test = 0.3});
  std::map<std::pair<NodeId, NodeId>, std::set<Part>> parts;
  for (const FlatEdge& edge : flatten(snapshot, split)) {
    if (edge.type == kFriend) parts[std::minmax(edge.from, edge.to)].insert(edge.part);
    if (edge.type == kBuys) {
      EXPECT_EQ(edge.part, Part::kTrain);
    }
  }
  EXPECT_GT(parts.size(), 10u);
  for (const auto& [pair, found] : parts) EXPECT_EQ(found.size(), 1u);
}

TEST_P(SplitOfRandomShop, EdgesWithoutEventsAreSplitToo) {
  for (const SplitKind kind : {SplitKind::kTime, SplitKind::kLast, SplitKind::kRandom}) {
    const Split split = make_split(snapshot_, kViews, {.kind = kind, .valid = 0.2, .test = 0.2});
    expect_sound(snapshot_, split);
    std::set<Part> of_eventless;
    for (const FlatEdge& edge : flatten(snapshot_, split)) {
      if (edge.type == kViews && edge.event == kNoEvent) of_eventless.insert(edge.part);
    }
    EXPECT_EQ(of_eventless.size(), 3u);
  }
}

TEST_P(SplitOfRandomShop, KeepMasksGrowWithThePart) {
  const Split split = make_split(snapshot_, kBuys, {});
  const auto train = split.keep_up_to(Part::kTrain), valid = split.keep_up_to(Part::kValid),
             all = split.keep_up_to(Part::kTest);
  for (std::size_t t = 0; t < split.parts.size(); ++t) {
    for (std::size_t e = 0; e < split.parts[t].size(); ++e) {
      EXPECT_EQ(train[t][e], split.parts[t][e] == Part::kTrain ? 1 : 0);
      EXPECT_EQ(valid[t][e], split.parts[t][e] == Part::kTest ? 0 : 1);
      EXPECT_EQ(all[t][e], 1);
    }
  }
}

// Appending events leaves the parts of the earlier ones as they were.
TEST(Split, RandomIsStableWhenDataIsAppended) {
  const SplitSpec spec{.kind = SplitKind::kRandom, .valid = 0.2, .test = 0.2, .seed = 5};
  TestFolder folder;
  GraphTables tables = random_shop(4);
  write_snapshot(tables, folder / "before");
  for (int i = 0; i < 50; ++i) {
    tables.edges[kBuys].from.push_back(0);
    tables.edges[kBuys].to.push_back(1);
    tables.edges[kBuys].times.push_back(1);
    tables.edges[kBuys].weights.push_back(1);
    tables.edges[kBuys].events.push_back(static_cast<EventId>(9'000'000 + i));
    tables.edges[kBuys].sources.push_back(0);
  }
  write_snapshot(tables, folder / "after");
  const auto parts = [&](const char* name) {
    const Snapshot snapshot = Snapshot::open(folder / name);
    std::map<EventId, Part> result;
    for (const FlatEdge& edge : flatten(snapshot, make_split(snapshot, kBuys, spec))) {
      if (edge.type == kBuys) result[edge.event] = edge.part;
    }
    return result;
  };
  const auto before = parts("before"), after = parts("after");
  EXPECT_EQ(after.size(), before.size() + 50);
  for (const auto& [event, part] : before) EXPECT_EQ(after.at(event), part);
}

// A purchase before the cut whose review was written after it: the whole event is held out, and the split
// says that it is not correct for all.
TEST(Split, AnEventFallsByItsLatestTime) {
  GraphTables tables;
  const auto user = tables.schema.add_node_type({.name = "user"});
  const auto item = tables.schema.add_node_type({.name = "item"});
  tables.schema.add_edge_type({.name = "buys", .from = user, .to = item, .timed = true});
  tables.schema.add_edge_type({.name = "reviews", .from = user, .to = item, .timed = true});
  tables.schema.add_edge_type({.name = "tagged", .from = user, .to = item});
  tables.nodes.resize(2);
  tables.nodes[0].external_ids = {"u"};
  tables.nodes[1].external_ids = {"i"};
  tables.edges = {
      EdgeList{.from = {0, 0, 0, 0}, .to = {0, 0, 0, 0}, .times = {10, 20, 30, 40}, .events = {1, 2, 3, 4}},
      EdgeList{.from = {0, 0}, .to = {0, 0}, .times = {45, 25}, .events = {1, 77}},
      EdgeList{.from = {0, 0, 0}, .to = {0, 0, 0}, .events = {1, 2, 77}}};
  TestFolder folder;
  write_snapshot(tables, folder / "s");
  const Snapshot snapshot = Snapshot::open(folder / "s");
  const Split split = make_split(snapshot, 0, {.valid = 0.25, .test = 0.25});
  EXPECT_EQ(split.valid_start, 30);
  EXPECT_EQ(split.test_start, 40);
  EXPECT_THAT(split.parts[0], ElementsAre(Part::kTest, Part::kTrain, Part::kValid, Part::kTest));
  EXPECT_THAT(split.parts[1], ElementsAre(Part::kTrain, Part::kTest));  // rows ascend in time: 25, 45
  EXPECT_THAT(split.parts[2], ElementsAre(Part::kTest, Part::kTrain, Part::kTrain));
  EXPECT_FALSE(split.time_correct);
}

TEST(Split, PartsThatWouldBeEmptyAreErrors) {
  GraphTables tables;
  const auto node = tables.schema.add_node_type({.name = "n"});
  tables.schema.add_edge_type({.name = "e", .from = node, .to = node, .timed = true});
  tables.schema.add_edge_type({.name = "none", .from = node, .to = node, .timed = true});
  tables.schema.add_edge_type({.name = "untimed", .from = node, .to = node});
  tables.nodes.resize(1);
  tables.nodes[0].external_ids = {"a", "b"};
  tables.edges.resize(3);
  tables.edges[0] = EdgeList{.from = {0, 1}, .to = {1, 0}, .times = {5, 6}, .events = {1, 2}};
  tables.edges[2] = EdgeList{.from = {0}, .to = {1}, .events = {9}};
  TestFolder folder;
  write_snapshot(tables, folder / "s");
  const Snapshot snapshot = Snapshot::open(folder / "s");
  EXPECT_THAT(error_of([&] { make_split(snapshot, 0, {}); }), HasSubstr("2 distinct times"));
  EXPECT_THAT(error_of([&] { make_split(snapshot, 1, {}); }), HasSubstr("no edges"));
  EXPECT_THAT(error_of([&] { make_split(snapshot, 2, {}); }), HasSubstr("no times"));
  EXPECT_THAT(error_of([&] { make_split(snapshot, 2, {.kind = SplitKind::kLast}); }), HasSubstr("no times"));
  EXPECT_THAT(error_of([&] { make_split(snapshot, 0, {.kind = SplitKind::kLast}); }), HasSubstr("is empty"));
  EXPECT_THAT(error_of([&] { make_split(snapshot, 0, {.kind = SplitKind::kRandom}); }),
              HasSubstr("is empty"));
  EXPECT_THAT(error_of([&] { make_split(snapshot, 0, {.valid = 0.5, .test = 0.5}); }),
              HasSubstr("less than 1"));
  const Split two = make_split(snapshot, 0, {.valid = 0, .test = 0.1});
  EXPECT_EQ(two.test_start, 6);
  EXPECT_EQ(two.valid_start, kEndOfTime);
  EXPECT_EQ(two.count(Part::kTest), 1u);
  EXPECT_THAT(two.description,
              HasSubstr("test from 1970-01-01 00:00:00 UTC (time-correct); 1 train, 0 valid, 1 test"));
}

TEST(Split, FileListsAreChecked) {
  TestFolder folder;
  write_snapshot(random_shop(1), folder / "s");
  const Snapshot snapshot = Snapshot::open(folder / "s");
  const auto error = [&](SplitSpec spec) {
    spec.kind = SplitKind::kFiles;
    return error_of([&] { make_split(snapshot, kBuys, spec); });
  };
  EXPECT_THAT(error({}), HasSubstr("needs test_files"));
  EXPECT_THAT(error({.test_files = {"a.cvs"}}), HasSubstr("did you mean \"a.csv\""));
  EXPECT_THAT(error({.test_files = {"a.csv", "z*.csv"}}), HasSubstr("task.split.test_files"));
  EXPECT_THAT(error({.test_files = {"a.csv", "z*.csv"}}), HasSubstr("z*.csv"));
  EXPECT_THAT(error({.valid_files = {"a.csv"}, .test_files = {"a.csv"}}),
              HasSubstr("'a.csv' is listed twice: in task.split.valid_files"));
  EXPECT_THAT(error({.train_files = {"b.csv"}, .test_files = {"a.csv"}}), HasSubstr("c.jsonl"));
}

SplitSpec spec_of(const std::string& toml) {
  const TomlFile file = TomlFile::parse(toml, "p.toml");
  return read_split_spec(file.root().section("task"));
}

TEST(SplitSpec, ReadsEveryKey) {
  EXPECT_EQ(spec_of("").kind, SplitKind::kTime);
  EXPECT_EQ(spec_of("[task]\nsplit = \"last\"").kind, SplitKind::kLast);
  const SplitSpec random = spec_of("[task]\nsplit = { kind = \"random\", valid = 0.2, test = 0, seed = 7 }");
  EXPECT_EQ(random.kind, SplitKind::kRandom);
  EXPECT_EQ(random.valid, 0.2);
  EXPECT_EQ(random.test, 0.0);
  EXPECT_EQ(random.seed, 7u);
  const SplitSpec files = spec_of(
      "[task.split]\nkind = \"files\"\ntrain = \"a\"\nvalid_files = [\"b\"]\ntest_files = [\"c\", \"d\"]");
  EXPECT_EQ(files.kind, SplitKind::kFiles);
  EXPECT_THAT(files.train_files, ElementsAre("a"));
  EXPECT_THAT(files.valid_files, ElementsAre("b"));
  EXPECT_THAT(files.test_files, ElementsAre("c", "d"));
}

TEST(SplitSpec, MistakesAreErrorsWithTheirPlace) {
  const auto error = [](const std::string& toml) { return error_of([&] { spec_of(toml); }); };
  EXPECT_THAT(error("[task]\nsplit = \"tine\""), HasSubstr("time"));
  EXPECT_THAT(error("[task]\nsplit = { kind = \"tme\" }"), HasSubstr("p.toml"));
  EXPECT_THAT(error("[task]\nsplit = { vallid = 0.1 }"), HasSubstr("valid"));
  EXPECT_THAT(error("[task]\nsplit = { valid = 1.5 }"), HasSubstr("valid"));
  EXPECT_THAT(error("[task]\nsplit = { valid = 0.5, test = 0.5 }"), HasSubstr("less than 1"));
  EXPECT_THAT(error("[task]\nsplit = { test_files = \"a\" }"), HasSubstr("files"));
  EXPECT_THAT(error("[task]\nsplit = { kind = \"files\" }"), HasSubstr("test_files"));
  EXPECT_THAT(error("[task]\nsplit = 3"), HasSubstr("split"));
}

}  // namespace
}  // namespace weft::graph
