#include "storage/bulk/stored_deletions.h"

#include <algorithm>
#include <string>
#include <utility>

#include "storage/deletions.h"

namespace weft::storage {
namespace {

class Sorter {
 public:
  Sorter(Family family, Scratch& scratch, std::size_t memory)
      : turns_(family == kIncoming),
        scratch_(scratch),
        most_(std::max<std::size_t>(memory / sizeof(DeletionRecord), 16)) {}

  void add(DeletionRecord record) {
    if (turns_) std::swap(record.node, record.other);
    records_.push_back(record);
    if (records_.size() >= most_) spill(Keep::kOnDisk);
  }
  std::vector<Spool> finish() {
    if (!records_.empty()) spill(Keep::kInMemory);
    return std::move(runs_);
  }

 private:
  void spill(Keep keep) {
    std::sort(records_.begin(), records_.end());
    SpoolWriter run(scratch_, "stored-deletions", keep);
    run.append(records_.data(), records_.size() * sizeof(DeletionRecord));
    runs_.push_back(run.finish());
    records_.clear();
  }

  bool turns_;
  Scratch& scratch_;
  std::size_t most_;
  std::vector<DeletionRecord> records_;
  std::vector<Spool> runs_;
};

std::string of_type(std::string_view prefix, graph::EdgeTypeId type) {
  std::string out(prefix);
  put_big(out, type);
  return out;
}

}  // namespace

std::vector<Spool> stored_deletions(const GraphStore::Impl& store, graph::EdgeTypeId type, Family family,
                                    Scratch& scratch, std::size_t memory) {
  Sorter sorter(family, scratch, memory);
  PrefixScan up_to(store, kMeta, of_type(kDeletionPrefix, type));
  for (; up_to.valid(); up_to.next()) {
    const auto pair = decode_deletion_key(up_to.key());
    const auto until = decode_deletion(up_to.value());
    if (!pair || !until) store.damaged("a deletion of the store is damaged");
    sorter.add({pair->from, pair->to, 0, *until});
  }
  up_to.check();
  PrefixScan at(store, kMeta, of_type(kDeletionAtPrefix, type));
  for (; at.valid(); at.next()) {
    const auto pair = decode_deletion_at_key(at.key());
    if (!pair) store.damaged("a deletion of the store is damaged");
    sorter.add({pair->first.from, pair->first.to, 1, pair->second});
  }
  at.check();
  return sorter.finish();
}

}  // namespace weft::storage
