// Changes and cuts the files of a small store (ledger, dictionaries, edges, RocksDB's log and manifest) byte
// by byte. Opening, verify or reading must find it, or nothing that is read may be different; a file that was
// cut may also read as one that a crash cut: the batches before it, whole. Never a crash.
//
// WEFT_FLIPS=all   every byte and every length; otherwise some sixty of each file. WEFT_MINUTES (campaign.h):
// what was done by then is spread over each file.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <map>
#include <set>

#include "base/error.h"
#include "base/files.h"
#include "storage/graph_store.h"
#include "storage/verify.h"
#include "tests/crash/campaign.h"
#include "tests/storage/small_store.h"
#include "tests/support/temp_folder.h"

namespace weft::storage {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kSome = 60;  // places of a file

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
      GraphStore store = GraphStore::open(folder_ / "sound", small_schema(), kSmallStore);
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
    if (GetParam()) GraphStore::open_existing(folder_ / "sound", kSmallStore);
  }

  enum class Seen { kNothing, kDamage, kEarlier, kOther };

  Seen look(const fs::path& damaged) {
    try {
      const GraphStore store = GraphStore::open_existing(damaged, kSmallStore);
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

  struct Place {
    std::size_t at = 0;
    int bit = 0;
  };
  using Counts = std::map<Seen, std::uint64_t>;
  static std::uint64_t at(const Counts& counts, Seen seen) {
    const auto found = counts.find(seen);
    return found == counts.end() ? 0 : found->second;
  }

  // Calls `look(name, content, place)` for some places of each file, then for all others if they are asked
  // for; round by round, so that a run that is stopped has been everywhere.
  template <typename Look>
  Counts at_places(const Look& look) {
    const std::map<std::string, std::string> files = data_files();
    const bool all = text_from_environment("WEFT_FLIPS") == "all";
    std::map<std::string, Counts> seen;
    TimeLimit limit;
    bool more = true;
    for (std::size_t round = 0; more && (all || round == 0); ++round) {
      more = false;
      for (const auto& [name, content] : files) {
        const std::size_t step = content.size() / kSome + 1;
        if (round >= step) continue;
        more = true;
        for (std::size_t i = round; i < content.size() && !HasFailure() && !limit.over(); i += step)
          ++seen[name][look(name, content, Place{i, static_cast<int>((i / step + round) % 8)})];
      }
    }
    return told(files, seen);
  }

  static Counts told(const std::map<std::string, std::string>& files,
                     const std::map<std::string, Counts>& seen) {
    Counts sum;
    std::uint64_t places = 0, tried = 0;
    for (const auto& [name, counts] : seen) {
      std::printf("%s, %zu bytes: found %llu, without effect %llu, earlier %llu\n", name.c_str(),
                  files.at(name).size(), static_cast<unsigned long long>(at(counts, Seen::kDamage)),
                  static_cast<unsigned long long>(at(counts, Seen::kNothing)),
                  static_cast<unsigned long long>(at(counts, Seen::kEarlier)));
      for (const auto& [what, n] : counts) {
        sum[what] += n;
        tried += n;
      }
      places += files.at(name).size();
    }
    std::printf("%llu of %llu places\n", static_cast<unsigned long long>(tried),
                static_cast<unsigned long long>(places));
    return sum;
  }

  test::TempFolder folder_{test::in_memory()};
  std::set<std::string> states_;  // after each batch
  std::string whole_;
};

TEST_P(DamagedStore, AChangedByteIsFoundOrChangesNothing) {
  const auto count = at_places([&](const std::string& name, const std::string& content, const Place& place) {
    std::string changed = content;
    changed[place.at] = static_cast<char>(changed[place.at] ^ (1 << place.bit));
    const Seen seen = look_with(name, changed, place.at);
    EXPECT_NE(seen, Seen::kOther) << name << " byte " << place.at;
    return seen;
  });
  EXPECT_GT(at(count, Seen::kDamage), 20 * at(count, Seen::kNothing));
}

TEST_P(DamagedStore, ACutFileIsFoundOrReadsAsIfACrashHadCutIt) {
  at_places([&](const std::string& name, const std::string& content, const Place& place) {
    const Seen seen = look_with(name, content.substr(0, place.at), place.at);
    EXPECT_NE(seen, Seen::kOther) << name << " cut at " << place.at;
    if (!name.ends_with(".log")) {
      EXPECT_NE(seen, Seen::kEarlier) << name << " cut at " << place.at << " of " << content.size();
    }
    return seen;
  });
}

INSTANTIATE_TEST_SUITE_P(Files, DamagedStore, ::testing::Values(false, true),
                         [](const auto& given) { return given.param ? "Tables" : "Log"; });

}  // namespace
}  // namespace weft::storage
