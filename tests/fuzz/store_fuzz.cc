// A store whose entries are damaged behind valid checksums: it is refused, or verify says what is broken, or
// all of it can be read. The input is a byte of choices and a list of changes, 16 bytes each: an entry, what
// is done to its key or its value, where, with what.
// Parser: storage/verify.cc storage/verify_nodes.cc storage/verify_edges.cc storage/verify_changes.cc
// storage/verify_deletions.cc storage/keys.cc storage/deletions.cc storage/change_log.cc
#include <optional>

#include "storage/forget.h"
#include "storage/fresh_graph.h"
#include "storage/row_seal.h"
#include "storage/store_impl.h"
#include "storage/verify.h"
#include "tests/fuzz/damage.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/storage/small_store.h"
#include "tests/support/temp_folder.h"

namespace weft::fuzz {
namespace {

using namespace storage;

constexpr std::size_t kMaxChanges = 4, kChangeBytes = 16;
constexpr std::uint8_t kKeepSeal = 1;  // of the ledger and the quarantine; else it is put right
constexpr std::uint64_t kRunsBetweenFlushes = 500;

struct Entry {
  Family family = kMeta;
  std::string key = {}, value = {};
};

class Sound {
 public:
  Sound() : store_(GraphStore::open(folder_ / "s/store", small_schema())) {
    std::vector<graph::Event> events = random_events(60, 7);
    events.push_back(
        {.id = 5, .edges = {{.type = kBuys, .from = "u1", .to = "i1", .time = 900, .deletes = true}}});
    events.push_back(
        {.id = 9,
         .edges = {
             {.type = kBuys, .from = "u2", .to = "i2", .time = 3, .deletes = true, .at_time_only = true}}});
    EventBatch batch = with_sources(events);
    batch.quarantined.push_back({.source = 1, .offset = 9, .line = 2, .reason = "invalid JSON"});
    store_.apply(batch);
    forget_node(store_, kUser, "u3");
    const Workspace workspace{folder_ / "s"};
    freshen(store_, workspace, "/data", {.how = Freshen::kSnapshot});
    store_.apply(slice_of(random_events(90, 7), 60, 75));
    freshen(store_, workspace, "/data", {.how = Freshen::kDelta});  // from now on there is a log of changes
    store_.apply(slice_of(random_events(90, 7), 75, 90));
    for (std::size_t family = 0; family < kFamilyCount; ++family) {
      for (PrefixScan scan(store_.impl(), static_cast<Family>(family), ""); scan.valid(); scan.next())
        entries_.push_back({static_cast<Family>(family), std::string(scan.key()), std::string(scan.value())});
    }
    FUZZ_CHECK(verify_store(store_).ok());
  }

  const GraphStore& store() const { return store_; }

  void change(std::string_view input) {
    Bytes bytes(input);
    const std::uint8_t choices = bytes.byte();
    for (std::size_t i = 0; i < kMaxChanges && !bytes.empty(); ++i) {
      const Entry& entry = entries_[bytes.word() % entries_.size()];
      const std::uint8_t what = bytes.byte(), how = bytes.byte();
      const std::uint16_t where = bytes.word();
      const std::uint16_t other = bytes.word();
      const std::uint64_t value = bytes.number();
      std::string key = entry.key, content = entry.value;
      if (what % 8 == 0) damage(key, how, where, value);
      if (what % 8 == 1) content = entries_[other % entries_.size()].value;
      if (what % 8 == 2) erase(entry.family, key);
      if (what % 8 == 3) key = entries_[other % entries_.size()].key;
      if (what % 8 > 3) damage(content, how, where, value);
      if (what % 8 == 0) erase(entry.family, entry.key);
      if (what % 8 != 2) put(entry.family, key, content);
    }
    if ((choices & kKeepSeal) == 0) put(kMeta, std::string(kSealKey), encode_seal(scan_seal(store_.impl())));
  }

  void undo() {
    rocksdb::WriteBatch batch;
    for (const auto& [family, key] : touched_) batch.Delete(store_.impl().family(family), slice(key));
    for (const Entry& entry : entries_) {
      for (const auto& [family, key] : touched_) {
        if (entry.family == family && entry.key == key)
          batch.Put(store_.impl().family(family), slice(key), slice(entry.value));
      }
    }
    write(batch);
    touched_.clear();
    if (++runs_ % kRunsBetweenFlushes == 0)
      FUZZ_CHECK(store_.impl().db->Flush({}, store_.impl().handles).ok());
  }

 private:
  void write(rocksdb::WriteBatch& batch) {
    rocksdb::WriteOptions options;
    options.disableWAL = true;
    FUZZ_CHECK(store_.impl().db->Write(options, &batch).ok());
  }
  void put(Family family, const std::string& key, const std::string& value) {
    rocksdb::WriteBatch batch;
    batch.Put(store_.impl().family(family), slice(key), slice(value));
    write(batch);
    touched_.emplace_back(family, key);
  }
  void erase(Family family, const std::string& key) {
    rocksdb::WriteBatch batch;
    batch.Delete(store_.impl().family(family), slice(key));
    write(batch);
    touched_.emplace_back(family, key);
  }

  test::TempFolder folder_{test::in_memory()};
  GraphStore store_;
  std::vector<Entry> entries_ = {};
  std::vector<std::pair<Family, std::string>> touched_ = {};
  std::uint64_t runs_ = 0;
};

Sound& sound() {
  static Sound instance;
  return instance;
}

// What opening reads, anew.
void load(const GraphStore& store) {
  store.impl().read_meta();
}

}  // namespace

Seeds seeds() {
  Seeds out{.accepted = {std::string(1, '\0')}, .others = {}};
  for (int entry = 0; entry < 250; ++entry) {
    for (const char what : {0, 2, 4}) {
      std::string input{'\0', static_cast<char>(entry),    static_cast<char>(entry >> 8), what,
                        '\0', static_cast<char>(entry * 7)};
      input.resize(9, '\0');
      out.others.push_back(input + std::string("\1\0\0\0\0\0\0\0", 8));
    }
  }
  return out;
}

std::string mutated(std::string_view input, std::mt19937_64& random) {
  std::string out(input.empty() ? std::string_view("\0", 1) : input.substr(0, 1));
  const std::string_view changes = input.substr(std::min<std::size_t>(1, input.size()));
  const std::size_t count = std::min(changes.size() / kChangeBytes, kMaxChanges);
  std::string kept(changes.substr(0, count * kChangeBytes));
  if (count == kMaxChanges || (count > 0 && random() % 2 == 0))
    kept.erase(random() % count * kChangeBytes, kChangeBytes);
  const std::uint64_t what = random(), value = random() % 4 == 0 ? random() : random() % 300;
  for (int shift = 0; shift < 64; shift += 8) kept += static_cast<char>(what >> shift);
  for (int shift = 0; shift < 64; shift += 8) kept += static_cast<char>(value >> shift);
  if (random() % 8 == 0) out[0] = static_cast<char>(random());
  return out + kept;
}

void run(std::string_view input) {
  const GraphStore& store = sound().store();
  sound().change(input);
  std::optional<VerifyReport> report;
  const bool sound_now = parses([&] {
    load(store);
    report = verify_store(store);
    if (!report->ok()) throw Error(report->problems.at(0));
  });
  if (report) FUZZ_CHECK(report->ok() == report->problems.empty());
  // What verify has nothing against can be read.
  if (sound_now) dump(store);
  sound().undo();
  load(store);
}

}  // namespace weft::fuzz
