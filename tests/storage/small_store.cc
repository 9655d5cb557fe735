#include "tests/storage/small_store.h"

#include <fmt/format.h>

#include "base/hash.h"

namespace weft::storage {

std::vector<graph::Event> random_events(std::size_t count, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  const auto id = [&](const char* prefix, std::size_t many) {
    return fmt::format("{}{}", prefix, random() % many);
  };
  std::vector<graph::Event> events;
  while (events.size() < count) {
    if (!events.empty() && random() % 5 == 0) {
      events.push_back(events[random() % events.size()]);
      continue;
    }
    graph::Event event{.id = random() | 1, .source = static_cast<std::uint16_t>(random() % 3)};
    const auto time = static_cast<graph::TimeMs>(random() % 1000);
    switch (random() % 5) {
      case 0:
        event.nodes.push_back({.type = kUser,
                               .external_id = id("u", 40),
                               .fields = {static_cast<double>(random() % 90)},
                               .time = random() % 2 == 0 ? time : graph::kNoTime});
        break;
      case 1: {
        graph::NodeEvent item{
            .type = kItem, .external_id = id("i", 60), .fields = {{}, std::vector<std::string>{id("c", 5)}}};
        if (random() % 2 == 0) item.fields[0] = id("title ", 1000);
        for (std::uint64_t tags = random() % 4; tags > 0; --tags)
          event.edges.push_back({.type = kItemTag, .from = item.external_id, .to = id("t", 8)});
        event.nodes.push_back(std::move(item));
        break;
      }
      case 2:
        event.edges.push_back({.type = kFriend, .from = id("u", 40), .to = id("u", 40)});
        break;
      case 3: {
        const std::string review = to_hex(event.id);
        event.nodes.push_back(
            {.type = kReview, .external_id = review, .fields = {id("body ", 100)}, .time = time});
        event.edges.push_back({.type = kAbout, .from = review, .to = id("i", 60), .time = time});
        break;
      }
      default:
        event.edges.push_back({.type = kBuys,
                               .from = id("u", 40),
                               .to = id("i", 60),
                               .time = time,
                               .weight = static_cast<double>(random() % 5)});
    }
    events.push_back(std::move(event));
  }
  return events;
}

namespace {

std::string text_of(const graph::FieldValue& value) {
  if (const auto* number = std::get_if<double>(&value)) return fmt::format("{}", *number);
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* list = std::get_if<std::vector<std::string>>(&value))
    return fmt::format("[{}]", fmt::join(*list, "|"));
  if (const auto* media = std::get_if<graph::MediaValue>(&value))
    return media->path + "#" + media->content_hash;
  return "-";
}

}  // namespace

EventBatch with_sources(std::vector<graph::Event> events) {
  EventBatch batch{.events = std::move(events)};
  for (std::uint16_t i = 0; i < 3; ++i)
    batch.ledger.push_back({.source = i, .name = fmt::format("source {}", i)});
  return batch;
}

EventBatch slice_of(const std::vector<graph::Event>& events, std::size_t from, std::size_t to) {
  return with_sources({events.begin() + static_cast<std::ptrdiff_t>(from),
                       events.begin() + static_cast<std::ptrdiff_t>(std::min(to, events.size()))});
}

std::string dump(const GraphStore& store) {
  const graph::GraphTables tables = store.tables("");
  std::string out = fmt::format("sequence {}\n", tables.info.sequence);
  for (std::size_t type = 0; type < tables.nodes.size(); ++type) {
    const graph::NodeTable& table = tables.nodes[type];
    for (std::size_t node = 0; node < table.external_ids.size(); ++node) {
      out += fmt::format("{} {} '{}' {} {:x}", tables.schema.node_types()[type].name, node,
                         table.external_ids[node], table.first_seen[node], table.events[node]);
      for (const auto& column : table.fields) out += " " + text_of(column[node]);
      out += "\n";
    }
  }
  for (std::size_t type = 0; type < tables.edges.size(); ++type) {
    const graph::EdgeList& list = tables.edges[type];
    for (std::size_t i = 0; i < list.size(); ++i) {
      out += fmt::format("{} {}->{} {} {} {:x} {}\n", tables.schema.edge_types()[type].name, list.from[i],
                         list.to[i], list.times.empty() ? 0 : list.times[i],
                         list.weights.empty() ? 1.0F : list.weights[i], list.events[i], list.sources[i]);
    }
  }
  return out;
}

}  // namespace weft::storage
