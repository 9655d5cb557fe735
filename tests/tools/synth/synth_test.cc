#include "tools/synth/synth.h"

#include <gtest/gtest.h>

#include <fstream>
#include <map>

#include "base/error.h"
#include "tests/tools/synth/shop_fixture.h"

namespace weft::synth {
namespace {

namespace fs = std::filesystem;

std::map<std::string, std::string> contents(const fs::path& folder) {
  std::map<std::string, std::string> out;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) out[fs::relative(entry.path(), folder).string()] = read_file(entry.path());
  }
  return out;
}

TEST(Generate, SameOptionsSameBytesWhateverTheThreadsAndMemory) {
  SynthOptions one = small_options();
  SynthOptions three = one;
  three.threads = 3;
  three.memory_bytes = 20000;  // spills
  const SmallShop a(one), b(three);
  const auto files = contents(a.path());
  EXPECT_GT(files.size(), 150U);
  EXPECT_EQ(files, contents(b.path()));

  SynthOptions sampled = one;
  sampled.exact = Wanted::kNo;
  SynthOptions sampled_three = three;
  sampled_three.exact = Wanted::kNo;
  const SmallShop c(sampled), d(sampled_three);
  EXPECT_EQ(contents(c.path()), contents(d.path()));
  EXPECT_NE(files.at("events.csv"), contents(c.path()).at("events.csv"));
}

TEST(Generate, AnotherSeedIsAnotherShop) {
  SynthOptions options = small_options();
  const SmallShop a(options);
  options.seed = 2;
  const SmallShop b(options);
  for (const char* name : {"users.csv", "items.jsonl", "events.csv", "reviews.jsonl"}) {
    EXPECT_NE(read_file(a.path() / name), read_file(b.path() / name)) << name;
  }
}

TEST(Generate, ReplacesAnEarlierShopAndLeavesOtherFilesAlone) {
  const test::TempFolder folder;
  SynthOptions options = small_options();
  generate(options, folder.path(), no_progress());  // an empty folder is fine
  std::ofstream(folder / "notes.txt") << "mine";
  options.seed = 2;
  options.media = false;
  generate(options, folder.path(), no_progress());
  EXPECT_EQ(read_file(folder / "notes.txt"), "mine");
  EXPECT_FALSE(fs::exists(folder / "photos"));
  EXPECT_FALSE(fs::exists(folder / ".synth-unfinished"));
  fs::remove(folder / "notes.txt");
  const SmallShop fresh(options);
  EXPECT_EQ(contents(folder.path()), contents(fresh.path()));
}

TEST(Generate, RefusesAFolderOfSomebodyElse) {
  const test::TempFolder folder;
  std::ofstream(folder / "events.csv") << "precious";
  EXPECT_THROW(generate(small_options(), folder.path(), no_progress()), Error);
  EXPECT_EQ(read_file(folder / "events.csv"), "precious");
  EXPECT_THROW(generate(small_options(), folder / "events.csv", no_progress()), Error);
}

TEST(Generate, RefusesOptionsOutOfRangeBeforeWriting) {
  const test::TempFolder folder;
  const auto refused = [&](const SynthOptions& options, const std::string& field) {
    try {
      generate(options, folder / "shop", no_progress());
      ADD_FAILURE() << field;
    } catch (const Error& error) {
      EXPECT_EQ(error.context().field, field);
      EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    }
    EXPECT_FALSE(fs::exists(folder / "shop"));
  };
  SynthOptions options;
  options.users = 0;
  refused(options, "users");
  options = {};
  options.items = 19;
  refused(options, "items");
  options = {};
  options.dirt = 0.6;
  refused(options, "dirt");
  options = {};
  options.days = 0;
  refused(options, "days");
  options = {};
  options.purchases_per_user = -1;
  refused(options, "purchases_per_user");
}

TEST(Generate, TruthAndExactChoiceFollowTheSizeUnlessAsked) {
  SynthOptions options = small_options();
  options.media = false;
  const SmallShop plain(options);
  EXPECT_TRUE(plain.report.exact);
  EXPECT_TRUE(plain.report.truth);
  options.truth = Wanted::kNo;
  options.exact = Wanted::kNo;
  const SmallShop neither(options);
  EXPECT_FALSE(neither.report.exact);
  EXPECT_FALSE(fs::exists(neither.path() / "truth" / "affinity.npy"));
  EXPECT_TRUE(fs::exists(neither.path() / "truth" / "users.txt"));
  options.users = 26000;
  options.items = 1000;  // above 25 million pairs
  options.truth = options.exact = Wanted::kAuto;
  options.purchases_per_user = 0.2;
  const SmallShop large(options);
  EXPECT_FALSE(large.report.exact);
  EXPECT_FALSE(large.report.truth);
}

}  // namespace
}  // namespace weft::synth
