#include "storage/newest_times.h"

#include <rocksdb/db.h>

#include <string>

#include "storage/keys.h"

namespace weft::storage {
namespace {

constexpr const char* kProperty = "weft.newest_times";  // u16 edge type, i64 time each, ascending in type
constexpr std::size_t kEntryBytes = 10;

class Collector final : public rocksdb::TablePropertiesCollector {
 public:
  rocksdb::Status AddUserKey(const rocksdb::Slice& key, const rocksdb::Slice&, rocksdb::EntryType type,
                             rocksdb::SequenceNumber, std::uint64_t) override {
    if (type == rocksdb::kEntryRangeDeletion) return rocksdb::Status::OK();
    const auto edge = decode_edge_key({key.data(), key.size()});
    // What is no edge key is damage, which verify reports: nothing is said about this file.
    if (!edge) {
      readable_ = false;
      return rocksdb::Status::OK();
    }
    add_time(newest_, edge->type, edge->time);
    return rocksdb::Status::OK();
  }
  rocksdb::Status Finish(rocksdb::UserCollectedProperties* properties) override {
    if (!readable_) return rocksdb::Status::OK();
    std::string value;
    for (const auto& [type, time] : newest_) {
      put_little(value, type);
      put_little(value, time);
    }
    properties->emplace(kProperty, std::move(value));
    return rocksdb::Status::OK();
  }
  rocksdb::UserCollectedProperties GetReadableProperties() const override { return {}; }
  const char* Name() const override { return kProperty; }

 private:
  NewestTimes newest_;
  bool readable_ = true;
};

class Factory final : public rocksdb::TablePropertiesCollectorFactory {
 public:
  rocksdb::TablePropertiesCollector* CreateTablePropertiesCollector(Context) override {
    return new Collector();
  }
  const char* Name() const override { return kProperty; }
};

}  // namespace

std::shared_ptr<rocksdb::TablePropertiesCollectorFactory> newest_times_collector() {
  return std::make_shared<Factory>();
}

std::optional<NewestTimes> newest_times(rocksdb::DB& db, rocksdb::ColumnFamilyHandle* outgoing) {
  rocksdb::TablePropertiesCollection files;
  if (!db.GetPropertiesOfAllTables(outgoing, &files).ok()) return std::nullopt;
  NewestTimes newest;
  for (const auto& [name, properties] : files) {
    const auto found = properties->user_collected_properties.find(kProperty);
    if (found == properties->user_collected_properties.end() || found->second.size() % kEntryBytes != 0)
      return std::nullopt;
    const std::string& value = found->second;
    for (std::size_t at = 0; at < value.size(); at += kEntryBytes) {
      add_time(newest, get_little<graph::EdgeTypeId>(value, at),
               get_little<graph::TimeMs>(value, at + sizeof(graph::EdgeTypeId)));
    }
  }
  return newest;
}

}  // namespace weft::storage
