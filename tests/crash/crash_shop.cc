#include "tests/crash/crash_shop.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "base/files.h"

namespace weft::storage {
namespace {

namespace fs = std::filesystem;

constexpr std::array<const char*, 5> kSources = {"users.csv", "items.jsonl", "reviews.jsonl", "old.csv",
                                                 "new.csv"};
enum SourceIndex : std::size_t { kUsers, kItems, kReviews, kOld, kNew };

constexpr const char* kProject = R"([nodes.user]
source = "users.csv"
id = "user"
fields.age = { kind = "number" }
[nodes.item]
source = "items.jsonl"
id = "item"
fields.title = { kind = "text" }
fields.photo = { kind = "image", path = "{photo}" }
fields.tags = { kind = "category", as_node = true }
[nodes.review]
source = "reviews.jsonl"
fields.body = { kind = "text" }
[edges.buys]
source = ["old.csv", "new.csv"]
from = "user:user"
to = "item:item"
time = { column = "time", unit = "s" }
weight = "weight"
delete = { column = "op", values = "d" }
[edges.wrote]
source = "reviews.jsonl"
from = "user:user"
to = "review"
[edges.about]
source = "reviews.jsonl"
from = "review"
to = "item:item"
[clean]
max_bad_rows = 0.5
)";

std::string moment(graph::TimeMs time) {
  return time == graph::kNoTime ? "-" : std::to_string(time);
}

std::string edge_line(const std::string& from, const std::string& to, graph::TimeMs time, double weight) {
  return fmt::format("{} -> {} @{} x{}", from, to, moment(time), weight);
}

// What a node of the store is called here: a review's id is a hash, so its text stands for it.
std::string name_of(const GraphStore& store, graph::NodeRef node) {
  if (store.schema().graph.node_type(node.type).name != "review")
    return store.external_id(node).value_or("?");
  const graph::FieldValue body = store.field(node, 0);
  const auto* text = std::get_if<std::string>(&body);
  return text == nullptr ? "?" : *text;
}

std::string field_text(const graph::FieldValue& value) {
  if (const auto* number = std::get_if<double>(&value)) return fmt::format("{}", *number);
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* media = std::get_if<graph::MediaValue>(&value))
    return media->path + (media->content_hash.empty() ? " not found" : " found");
  return std::holds_alternative<std::monostate>(value) ? "-" : "?";
}

}  // namespace

StoreContent read_content(const GraphStore& store) {
  constexpr std::size_t kAll = std::size_t{1} << 20;
  StoreContent out;
  const graph::Schema& schema = store.schema().graph;
  const StoreInfo info = store.info();
  for (graph::NodeTypeId type = 0; type < schema.node_types().size(); ++type) {
    auto& lines = out["nodes." + schema.node_type(type).name];
    for (graph::NodeId id = 0; id < info.node_counts[type]; ++id) {
      std::string line =
          fmt::format("{} seen {}", name_of(store, {type, id}), moment(store.first_seen({type, id})));
      for (std::size_t field = 0; field < schema.node_type(type).fields.size(); ++field)
        line += " " + field_text(store.field({type, id}, field));
      lines.push_back(std::move(line));
    }
  }
  for (graph::EdgeTypeId type = 0; type < schema.edge_types().size(); ++type) {
    const graph::EdgeType& edge = schema.edge_type(type);
    auto& lines = out["edges." + edge.name];
    for (graph::NodeId id = 0; id < info.node_counts[edge.from]; ++id) {
      const std::string from = name_of(store, {edge.from, id});
      for (const Neighbour& end : store.neighbours({edge.from, id}, graph::outgoing_relation(type), kAll))
        lines.push_back(edge_line(from, name_of(store, {edge.to, end.node}), end.time, end.weight));
    }
    std::sort(lines.begin(), lines.end());
  }
  std::vector<std::string> names;
  for (const LedgerEntry& entry : store.ledger()) {
    names.push_back(entry.name);
    if (entry.rows > 0) out["ledger"].push_back(fmt::format("{} {}", entry.name, entry.rows));
  }
  auto& quarantine = out["quarantine"];
  store.visit_quarantine([&](const QuarantinedRow& row) {
    quarantine.push_back(fmt::format("{} {}", row.source < names.size() ? names[row.source] : "?", row.line));
    return true;
  });
  std::sort(quarantine.begin(), quarantine.end());
  out["ledger"];
  out["sequence"].push_back(std::to_string(info.sequence));
  return out;
}

std::string first_difference(const StoreContent& found, const StoreContent& wanted) {
  for (const auto& [section, lines] : wanted) {
    const auto at = found.find(section);
    if (at == found.end()) return section + " is not there";
    const auto [a, b] = std::mismatch(at->second.begin(), at->second.end(), lines.begin(), lines.end());
    if (a == at->second.end() && b == lines.end()) continue;
    return fmt::format("{}, line {} of {} (wanted: of {}): found \"{}\", wanted \"{}\"", section,
                       a - at->second.begin() + 1, at->second.size(), lines.size(),
                       a == at->second.end() ? "" : *a, b == lines.end() ? "" : *b);
  }
  for (const auto& [section, lines] : found) {
    if (!wanted.contains(section)) return section + " should not be there";
  }
  return "";
}

// The state behind expected(), built step by step.
struct CrashShop::Replay {
  struct Node {
    std::string name = {};
    graph::TimeMs seen = graph::kNoTime;
    std::vector<std::string> fields = {};
  };
  struct Table {
    std::vector<Node> nodes = {};
    std::map<std::string, std::size_t> positions = {};
    std::size_t fields = 0;
  };

  std::map<std::string, Table> tables;
  std::map<std::string, std::set<std::string>> edges;
  std::map<std::string, std::set<std::string>> tags;  // item -> names
  std::set<std::string> known;                        // events with edges of their own
  std::map<std::string, graph::TimeMs> deleted;       // user and item -> until
  std::map<std::string, std::map<graph::TimeMs, std::set<std::string>>> purchases;  // -> time -> edges
  std::vector<std::uint64_t> rows = std::vector<std::uint64_t>(kSources.size(), 0);
  std::vector<std::string> quarantine;
  std::uint64_t sequence = 0;

  Replay() {
    for (const auto& [type, fields] :
         {std::pair("user", 1), std::pair("item", 2), std::pair("review", 1), std::pair("tags", 0)})
      tables[type].fields = static_cast<std::size_t>(fields);
    for (const char* type : {"buys", "wrote", "about", "item_tags"}) edges[type];
  }

  Node& node(const std::string& type, const std::string& name, graph::TimeMs time) {
    Table& table = tables[type];
    const auto [at, is_new] = table.positions.emplace(name, table.nodes.size());
    if (is_new) table.nodes.push_back({name, time, std::vector<std::string>(table.fields, "-")});
    Node& found = table.nodes[at->second];
    if (time != graph::kNoTime) found.seen = found.seen == graph::kNoTime ? time : std::min(found.seen, time);
    return found;
  }

  void apply(const Step& step) {
    if (step.kind != Step::Kind::kPicture) ++rows[step.source];
    if (step.kind == Step::Kind::kBad) {
      quarantine.push_back(fmt::format("{} {}", kSources[step.source], step.line));
      return;
    }
    ++sequence;
    switch (step.kind) {
      case Step::Kind::kUser:
        return take_user(step);
      case Step::Kind::kItem:
        return take_item(step);
      case Step::Kind::kReview:
        return take_review(step);
      case Step::Kind::kPurchase:
        return take_purchase(step);
      case Step::Kind::kPicture:
        node("item", step.item, graph::kNoTime).fields[1] = step.photo + " found";
        return;
      case Step::Kind::kBad:
        return;
    }
  }
  void take_user(const Step& step) {
    Node& user = node("user", step.user, graph::kNoTime);
    if (step.age) user.fields[0] = std::to_string(*step.age);
  }
  void take_item(const Step& step) {
    Node& item = node("item", step.item, graph::kNoTime);
    item.fields[0] = step.text;
    item.fields[1] = step.photo + (step.photo_found ? " found" : " not found");
    for (const std::string& tag : step.tags) node("tags", tag, graph::kNoTime);
    tags[step.item] = {step.tags.begin(), step.tags.end()};
  }
  void take_review(const Step& step) {
    if (!known.insert(step.user + "|" + step.item + "|" + step.text).second) return;
    node("review", step.text, graph::kNoTime).fields[0] = step.text;
    node("user", step.user, graph::kNoTime);
    node("item", step.item, graph::kNoTime);
    edges["wrote"].insert(edge_line(step.user, step.text, graph::kNoTime, 1));
    edges["about"].insert(edge_line(step.text, step.item, graph::kNoTime, 1));
  }
  void take_purchase(const Step& step) {
    const graph::TimeMs time = step.time * 1000;
    const std::string line = edge_line(step.user, step.item, time, step.weight);
    const std::string pair = step.user + "|" + step.item;
    if (!step.deletes && !known.insert(pair + line).second) return;
    node("user", step.user, time);
    node("item", step.item, time);
    auto& of_pair = purchases[pair];
    if (!step.deletes) {
      of_pair[time].insert(line);
    } else {
      const auto [until, is_new] = deleted.emplace(pair, time);
      if (!is_new) until->second = std::max(until->second, time);
    }
    const auto until = deleted.find(pair);
    for (const auto& [bought, lines] : of_pair) {
      const bool stands = until == deleted.end() || bought > until->second;
      for (const std::string& each : lines) {
        if (stands) edges["buys"].insert(each);
        if (!stands) edges["buys"].erase(each);
      }
    }
  }

  StoreContent content() const {
    StoreContent out;
    for (const auto& [type, table] : tables) {
      auto& lines = out["nodes." + type];
      for (const Node& each : table.nodes) {
        std::string line = fmt::format("{} seen {}", each.name, moment(each.seen));
        for (const std::string& field : each.fields) line += " " + field;
        lines.push_back(std::move(line));
      }
    }
    for (const auto& [type, lines] : edges) out["edges." + type].assign(lines.begin(), lines.end());
    for (const auto& [item, names] : tags) {
      for (const std::string& tag : names)
        out["edges.item_tags"].push_back(edge_line(item, tag, graph::kNoTime, 1));
    }
    std::sort(out["edges.item_tags"].begin(), out["edges.item_tags"].end());
    out["quarantine"] = quarantine;
    std::sort(out["quarantine"].begin(), out["quarantine"].end());
    out["ledger"];
    for (std::size_t i = 0; i < kSources.size(); ++i) {
      if (rows[i] > 0) out["ledger"].push_back(fmt::format("{} {}", kSources[i], rows[i]));
    }
    out["sequence"].push_back(std::to_string(sequence));
    return out;
  }
};

CrashShop::CrashShop(fs::path folder, std::uint64_t seed, Pictures pictures)
    : folder_(std::move(folder)),
      random_(seed),
      pictures_(pictures),
      text_(kSources.size()),
      rows_(kSources.size(), 0) {
  fs::create_directories(folder_);
  real_files().write_whole(project(), kProject);
  text_[kUsers] = "user,age\n";
  text_[kOld] = text_[kNew] = "user,item,time,weight,op\n";
}

void CrashShop::add(std::size_t source, Step step, const std::string& row) {
  const bool header = source == kUsers || source == kOld || source == kNew;
  step.source = source;
  step.line = ++rows_[source] + (header ? 1 : 0);
  text_[source] += row + "\n";
  steps_.push_back(std::move(step));
}

void CrashShop::add_users() {
  for (int i = 0; i < 30; ++i) {
    Step step{.kind = Step::Kind::kUser, .user = fmt::format("u{}", below(40 + 20 * round_))};
    if (below(7) != 0) step.age = static_cast<int>(below(90));
    const std::string row = fmt::format("{},{}", step.user, step.age ? std::to_string(*step.age) : "");
    add(kUsers, std::move(step), row);
  }
}

void CrashShop::add_items() {
  for (int i = 0; i < 25; ++i) {
    const std::uint64_t number = below(30 + 15 * round_);
    Step step{.kind = Step::Kind::kItem,
              .item = fmt::format("i{}", number),
              .text = fmt::format("title {} of {}", below(1000), number),
              .tags = {fmt::format("t{}", below(9 + 2 * round_)), fmt::format("t{}", below(9))},
              .photo = fmt::format("{}.jpg", number)};
    step.photo_found = fs::exists(folder_ / step.photo);
    if (i == 13) {
      add(kItems, {}, fmt::format("{{\"item\": \"i{}\", \"title\": \"cut", number));
      continue;
    }
    const std::string row =
        fmt::format(R"({{"item": "{}", "title": "{}", "tags": ["{}", "{}"], "photo": "{}"}})", step.item,
                    step.text, step.tags[0], step.tags[1], step.photo);
    add(kItems, std::move(step), row);
  }
}

void CrashShop::add_reviews() {
  for (int i = 0; i < 30; ++i) {
    Step step{.kind = Step::Kind::kReview,
              .user = fmt::format("u{}", below(60 + 20 * round_)),
              .item = fmt::format("i{}", below(40 + 15 * round_)),
              .text = fmt::format("body {}", steps_.size())};
    if (i % 10 == 9) step = steps_[steps_.size() - 1 - below(5)];  // a row that comes twice
    const std::string row =
        fmt::format(R"({{"user": "{}", "item": "{}", "body": "{}"}})", step.user, step.item, step.text);
    add(kReviews, std::move(step), row);
  }
}

void CrashShop::add_purchases(std::size_t source) {
  for (int i = 0; i < 70; ++i) {
    const std::uint64_t user = below(60 + 20 * round_);
    const std::uint64_t item = below(40 + 15 * round_);
    const std::uint64_t time = below(4) + 100 * below(10);
    Step step{.kind = Step::Kind::kPurchase,
              .user = fmt::format("u{}", user),
              .item = fmt::format("i{}", item),
              .time = static_cast<std::int64_t>(time),
              .weight = static_cast<double>(1 + (user + item + time) % 7) / 2};
    step.deletes = i % 6 == 3;
    if (i % 9 == 8 && steps_.back().kind == Step::Kind::kPurchase) step = steps_.back();
    if (i % 33 == 5) {
      add(source, {}, fmt::format("{},{},never,1,", step.user, step.item));
      continue;
    }
    const std::string row =
        fmt::format("{},{},{},{},{}", step.user, step.item, step.time, step.weight, step.deletes ? "d" : "");
    add(source, std::move(step), row);
  }
}

// Ingest looks again at pictures that it has not found, node by node, when all rows are in.
void CrashShop::add_pictures() {
  Replay replay;
  for (const Step& step : steps_) replay.apply(step);
  for (const Replay::Node& item : replay.tables["item"].nodes) {
    const std::string photo = item.fields[1].substr(0, item.fields[1].find(' '));
    if (!item.fields[1].ends_with(" not found") || !fs::exists(folder_ / photo)) continue;
    steps_.push_back({.kind = Step::Kind::kPicture, .item = item.name, .photo = photo});
  }
}

void CrashShop::grow() {
  std::set<std::string> pictures;
  for (const Step& step : steps_) {
    if (step.kind == Step::Kind::kItem && below(3) != 0) pictures.insert(step.photo);
  }
  if (round_ == 0) pictures = {"1.jpg", "2.jpg", "3.jpg"};
  if (pictures_ == Pictures::kNone) pictures.clear();
  for (const std::string& picture : pictures)
    real_files().write_whole(folder_ / picture, "\xFF\xD8\xFF " + picture + "\xFF\xD9");
  add_users();
  add_items();
  add_reviews();
  add_purchases(kOld);
  add_purchases(kNew);
  add_pictures();
  for (std::size_t i = 0; i < kSources.size(); ++i) real_files().write_whole(folder_ / kSources[i], text_[i]);
  ++round_;
}

std::optional<std::size_t> CrashShop::steps_taken(const StoreContent& content) const {
  Replay replay;
  const auto fits = [&] {
    const StoreContent wanted = replay.content();
    return wanted.at("ledger") == content.at("ledger") && wanted.at("sequence") == content.at("sequence");
  };
  std::uint64_t rows = 0;
  for (const std::string& line : content.at("ledger")) rows += std::stoull(line.substr(line.find(' ')));
  std::uint64_t taken = 0;
  for (std::size_t steps = 0; steps <= steps_.size(); ++steps) {
    if (taken == rows && fits()) return steps;
    if (steps == steps_.size()) break;
    replay.apply(steps_[steps]);
    if (steps_[steps].kind != Step::Kind::kPicture) ++taken;
  }
  return std::nullopt;
}

std::size_t CrashShop::steps_with_all_rows() const {
  std::size_t steps = steps_.size();
  while (steps > 0 && steps_[steps - 1].kind == Step::Kind::kPicture) --steps;
  return steps;
}

StoreContent CrashShop::expected(std::size_t steps) const {
  Replay replay;
  for (std::size_t i = 0; i < steps; ++i) replay.apply(steps_[i]);
  return replay.content();
}

}  // namespace weft::storage
