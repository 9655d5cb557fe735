// Changes and cuts the files of a small store (ledger, dictionaries, edges, RocksDB's log and manifest) byte
// by byte. Opening, verify or reading must find it, or nothing that is read may be different; a file that was
// cut may also read as one that a crash cut: the batches before it, whole. Never a crash.
//
// WEFT_FLIPS=all   every byte and every length; otherwise some sixty of each file.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <set>

#include "base/error.h"
#include "base/files.h"
#include "storage/graph_store.h"
#include "storage/verify.h"
#include "tests/storage/small_store.h"
#include "tests/support/temp_folder.h"

namespace weft::storage {
namespace {

namespace fs = std::filesystem;

std::size_t stride(std::size_t size) {
  const char* all = std::getenv("WEFT_FLIPS");
  return all != nullptr && std::string_view(all) == "all" ? 1 : size / 60 + 1;
}

// Files that RocksDB keeps the data in. (LOG, LOCK, IDENTITY and OPTIONS hold none.)
bool holds_data(const std::string& name) {
  return name.ends_with(".sst") || name.ends_with(".log") || name.starts_with("MANIFEST") ||
         name == "CURRENT";
}

std::string everything(const GraphStore& store) {
  std::string out = dump(store);
  for (const LedgerEntry& entry : store.ledger())
    out += fmt::format("ledger {} {} {} {:x} {} {}\n", entry.source, entry.name, entry.bytes,
                       entry.prefix_hash, entry.rows, entry.fingerprint);
  store.visit_quarantine([&](const QuarantinedRow& row) {
    out += fmt::format("quarantined {} {} {}\n", row.source, row.offset, row.reason);
    return true;
  });
  return out;
}

std::string where;  // the damage being looked at, for a crash to tell

void tell_where(int) {
  [[maybe_unused]] const auto written = ::write(2, where.data(), where.size());
}

class DamagedStore : public ::testing::TestWithParam<bool> {
 protected:
  DamagedStore() {
    std::signal(SIGABRT, tell_where);
    const std::vector<graph::Event> events = random_events(24, 9);
    {
      GraphStore store = GraphStore::open(folder_ / "sound", small_schema());
      states_.insert(everything(store));
      for (std::size_t i = 0; i < events.size(); i += 8) {
        EventBatch batch{.events = {events.begin() + static_cast<std::ptrdiff_t>(i),
                                    events.begin() + static_cast<std::ptrdiff_t>(i + 8)}};
        for (std::uint16_t source = 0; source < 3; ++source)
          batch.ledger.push_back({.source = source,
                                  .name = fmt::format("{}.csv", source),
                                  .bytes = 100 * (i + 8),
                                  .prefix_hash = 77 + i,
                                  .rows = i + 8,
                                  .fingerprint = 5});
        batch.quarantined.push_back({.source = 1, .offset = i, .line = i, .reason = "invalid JSON"});
        store.apply(batch);
        states_.insert(everything(store));
      }
      whole_ = everything(store);
    }
    // What was in the log is in table files once the store has been opened again.
    if (GetParam()) GraphStore::open_existing(folder_ / "sound");
  }

  enum class Seen { kNothing, kDamage, kEarlier, kOther };

  Seen look(const fs::path& damaged) {
    try {
      const GraphStore store = GraphStore::open_existing(damaged);
      if (!verify_store(store).ok()) return Seen::kDamage;
      const std::string found = everything(store);
      if (found == whole_) return Seen::kNothing;
      return states_.contains(found) ? Seen::kEarlier : Seen::kOther;
    } catch (const Error&) {
      return Seen::kDamage;
    }
  }

  Seen look_with(const std::string& name, const std::string& content, std::size_t place) {
    where = fmt::format("crashed on {}, at {} of {}\n", name, place, content.size());
    const fs::path damaged = folder_ / "damaged";
    fs::remove_all(damaged);
    fs::copy(folder_ / "sound", damaged, fs::copy_options::recursive);
    real_files().write_whole(damaged / "db" / name, content);
    return look(damaged);
  }

  std::map<std::string, std::string> data_files() {
    std::map<std::string, std::string> out;
    for (const auto& entry : fs::directory_iterator(folder_ / "sound/db")) {
      const std::string name = entry.path().filename().string();
      if (holds_data(name) && entry.file_size() > 0) out[name] = real_files().read_whole(entry.path());
    }
    return out;
  }

  test::TempFolder folder_;
  std::set<std::string> states_;  // after each batch
  std::string whole_;
};

TEST_P(DamagedStore, AChangedByteIsFoundOrChangesNothing) {
  std::map<Seen, std::uint64_t> count;
  for (const auto& [name, content] : data_files()) {
    std::map<Seen, std::uint64_t> here;
    for (std::size_t i = 0; i < content.size() && !HasFailure(); i += stride(content.size())) {
      std::string changed = content;
      changed[i] = static_cast<char>(changed[i] ^ (1 << (i / stride(content.size()) % 8)));
      const Seen seen = look_with(name, changed, i);
      ++here[seen];
      EXPECT_NE(seen, Seen::kOther) << name << " byte " << i;
    }
    std::printf("%s, %zu bytes: found %llu, without effect %llu, earlier %llu\n", name.c_str(),
                content.size(), static_cast<unsigned long long>(here[Seen::kDamage]),
                static_cast<unsigned long long>(here[Seen::kNothing]),
                static_cast<unsigned long long>(here[Seen::kEarlier]));
    for (const auto& [seen, n] : here) count[seen] += n;
  }
  EXPECT_GT(count[Seen::kDamage], 20 * count[Seen::kNothing]);
}

TEST_P(DamagedStore, ACutFileIsFoundOrReadsAsIfACrashHadCutIt) {
  for (const auto& [name, content] : data_files()) {
    std::map<Seen, std::uint64_t> here;
    for (std::size_t size = 0; size < content.size() && !HasFailure(); size += stride(content.size())) {
      const Seen seen = look_with(name, content.substr(0, size), size);
      ++here[seen];
      EXPECT_NE(seen, Seen::kOther) << name << " cut at " << size;
      if (!name.ends_with(".log")) {
        EXPECT_NE(seen, Seen::kEarlier) << name << " cut at " << size << " of " << content.size();
      }
    }
    std::printf("%s, %zu lengths: found %llu, without effect %llu, earlier %llu\n", name.c_str(),
                content.size(), static_cast<unsigned long long>(here[Seen::kDamage]),
                static_cast<unsigned long long>(here[Seen::kNothing]),
                static_cast<unsigned long long>(here[Seen::kEarlier]));
  }
}

INSTANTIATE_TEST_SUITE_P(Files, DamagedStore, ::testing::Values(false, true),
                         [](const auto& given) { return given.param ? "Tables" : "Log"; });

}  // namespace
}  // namespace weft::storage
