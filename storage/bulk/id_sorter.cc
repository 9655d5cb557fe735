#include "storage/bulk/id_sorter.h"

#include <algorithm>
#include <cstring>

#include "base/hash.h"
#include "base/hash_sort.h"
#include "base/merge.h"
#include "storage/bulk/records.h"

namespace weft::storage {

void IdSorter::add(std::string_view id, const IdValue& value) {
  if (bytes_.size() + id.size() + (entries_.size() + 1) * sizeof(Entry) > memory_ && !entries_.empty())
    spill(Keep::kOnDisk);
  Entry entry{
      .prefix = 0, .begin = bytes_.size(), .size = static_cast<std::uint32_t>(id.size()), .value = value};
  char first[8] = {};
  std::memcpy(first, id.data(), std::min<std::size_t>(id.size(), 8));
  std::memcpy(&entry.prefix, first, 8);
  entry.prefix = __builtin_bswap64(entry.prefix);
  bytes_ += id;
  entries_.push_back(entry);
}

void IdSorter::finish(const VisitId& visit) {
  if (runs_.empty()) {
    sort();
    for (const Entry& entry : entries_) visit(text(entry), entry.value);
    return;
  }
  if (!entries_.empty()) spill(Keep::kInMemory);
  auto merged = merge_runs<IdCursor>(runs_, scratch_.files(), memory_);
  while (merged.next()) visit(merged.top().key(), merged.top().value());
}

void IdSorter::sort() {
  std::sort(entries_.begin(), entries_.end(), [this](const Entry& a, const Entry& b) {
    return a.prefix != b.prefix ? a.prefix < b.prefix : text(a) < text(b);
  });
}

void IdSorter::spill(Keep keep) {
  sort();
  SpoolWriter run(scratch_, "ids", keep);
  for (const Entry& entry : entries_) IdCursor::put(run, text(entry), entry.value);
  runs_.push_back(run.finish());
  entries_.clear();
  bytes_.clear();
}

void EventIdSorter::add(const IdValue& value) {
  // Sorting takes as much again.
  if (2 * (entries_.size() + 1) * sizeof(Entry) > memory_ && !entries_.empty()) spill(Keep::kOnDisk);
  entries_.push_back({.event = value.event, .first_seen = value.first_seen, .node = value.node});
}

void EventIdSorter::visit_entry(const Entry& entry, const VisitId& visit) {
  visit(HexDigits(entry.event).text(),
        {.node = entry.node, .first_seen = entry.first_seen, .event = entry.event});
}

void EventIdSorter::finish(const VisitId& visit) {
  if (runs_.empty()) {
    sort();
    for (const Entry& entry : entries_) visit_entry(entry, visit);
    return;
  }
  if (!entries_.empty()) spill(Keep::kInMemory);
  auto merged = merge_runs<RecordCursor<Entry>>(runs_, scratch_.files(), memory_);
  while (merged.next()) visit_entry(merged.top().key(), visit);
}

void EventIdSorter::sort() {
  sort_by_hash(entries_, nullptr, [](const Entry& entry) { return entry.event; });
}

void EventIdSorter::spill(Keep keep) {
  sort();
  SpoolWriter run(scratch_, "ids", keep);
  run.append(entries_.data(), entries_.size() * sizeof(Entry));
  runs_.push_back(run.finish());
  entries_.clear();
}

}  // namespace weft::storage
