#include "encoders/feature_set.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "base/error.h"
#include "base/fault_files.h"
#include "tests/encoders/temp_folder.h"

namespace weft::encoders {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

Encoded sample_batch(float first) {
  return {.rows = 3,
          .dim = 2,
          .values = {first, 2, 0, 0, -5.5F, 1e-30F},
          .present = {1, 0, 1},
          .failures = {{1, "cut"}}};
}

const FeatureSetInfo kInfo{.store_uuid = "u-1",
                           .sequence = 42,
                           .node_type = "item",
                           .field = "photo",
                           .encoder_fingerprint = "image-1",
                           .dim = 2};

std::string message_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(FeatureSet, GivesBackWhatWasWrittenInBatches) {
  const TempFolder temp;
  FeatureSetWriter writer(temp.path() / "set", kInfo);
  writer.append(sample_batch(1));
  writer.append(sample_batch(7));
  EXPECT_FALSE(fs::exists(temp.path() / "set"));
  const FeatureSetInfo written = writer.finish();
  EXPECT_EQ(written.rows, 6U);
  const FeatureSet set = FeatureSet::open(temp.path() / "set");
  EXPECT_EQ(set.info().store_uuid, "u-1");
  EXPECT_EQ(set.info().sequence, 42U);
  EXPECT_EQ(set.info().node_type, "item");
  EXPECT_EQ(set.info().field, "photo");
  EXPECT_EQ(set.info().encoder_fingerprint, "image-1");
  EXPECT_EQ(set.info().present_rows, 4U);
  EXPECT_EQ(set.info().failed_rows, 2U);
  EXPECT_EQ(set.rows(), 6U);
  EXPECT_EQ(set.dim(), 2U);
  EXPECT_THAT(std::vector<float>(set.values().begin(), set.values().end()),
              ElementsAre(1, 2, 0, 0, -5.5F, 1e-30F, 7, 2, 0, 0, -5.5F, 1e-30F));
  EXPECT_THAT(std::vector<int>(set.present().begin(), set.present().end()), ElementsAre(1, 0, 1, 1, 0, 1));
  EXPECT_EQ(set.row(3)[0], 7);
}

// Whether the pages that hold a row are in memory.
bool is_in_memory(const FeatureSet& set, std::size_t row) {
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  const auto begin = reinterpret_cast<std::uintptr_t>(set.row(row).data()) / page * page;
  const auto end = reinterpret_cast<std::uintptr_t>(set.row(row).data() + set.dim());
  std::vector<unsigned char> pages((end - begin + page - 1) / page);
  EXPECT_EQ(mincore(reinterpret_cast<void*>(begin), end - begin, pages.data()), 0);
  return std::all_of(pages.begin(), pages.end(), [](unsigned char in) { return (in & 1U) != 0; });
}

TEST(FeatureSet, TouchedRowsAreInMemory) {
  const TempFolder temp;
  FeatureSetInfo info = kInfo;
  info.dim = 1500;  // rows lie on two or three pages
  constexpr std::size_t kRows = 4000;
  write_feature_set(temp.path() / "set", info,
                    {.rows = kRows,
                     .dim = info.dim,
                     .values = std::vector<float>(kRows * info.dim, 2),
                     .present = std::vector<std::uint8_t>(kRows, 1)});
  const int file = ::open((temp.path() / "set" / "values.f32").c_str(), O_RDONLY | O_CLOEXEC);
  ASSERT_GE(file, 0);
  EXPECT_EQ(posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED), 0);
  ::close(file);
  const FeatureSet set = FeatureSet::open(temp.path() / "set", VerifyFeatures::kSizesOnly);
  const std::vector<std::uint32_t> rows = {3999, 5, 1700};
  bool all_there = true;
  for (const std::uint32_t row : rows) all_there &= is_in_memory(set, row);
  if (all_there) GTEST_SKIP() << "this file system keeps files in memory";
  set.touch(rows);
  for (const std::uint32_t row : rows) EXPECT_TRUE(is_in_memory(set, row)) << row;
}

TEST(FeatureSet, ReplacesAnOlderOneAndLeavesNothingBeside) {
  const TempFolder temp;
  write_feature_set(temp.path() / "set", kInfo, sample_batch(1));
  write_feature_set(temp.path() / "set", kInfo, sample_batch(9));
  EXPECT_EQ(FeatureSet::open(temp.path() / "set").row(0)[0], 9);
  EXPECT_EQ(std::distance(fs::directory_iterator(temp.path()), fs::directory_iterator{}), 1);
}

TEST(FeatureSet, AnEmptyOneOpens) {
  const TempFolder temp;
  FeatureSetWriter(temp.path() / "set", kInfo).finish();
  EXPECT_EQ(FeatureSet::open(temp.path() / "set").rows(), 0U);
}

TEST(FeatureSet, RefusesVectorsOfAnotherLength) {
  const TempFolder temp;
  FeatureSetWriter writer(temp.path() / "set", kInfo);
  EXPECT_THAT(message_of([&] { writer.append({.rows = 1, .dim = 1, .values = {1}, .present = {1}}); }),
              HasSubstr("another length"));
}

TEST(FeatureSet, AnUnfinishedWriterLeavesNothing) {
  const TempFolder temp;
  { FeatureSetWriter(temp.path() / "set", kInfo).append(sample_batch(1)); }
  EXPECT_TRUE(fs::is_empty(temp.path()));
}

TEST(FeatureSet, EveryFlippedBitAndEveryCutIsFound) {
  const TempFolder temp;
  const fs::path folder = temp.path() / "set";
  write_feature_set(folder, kInfo, sample_batch(1));
  for (const char* name : {"manifest.json", "values.f32", "present.u8"}) {
    const std::string good = real_files().read_whole(folder / name);
    for (std::size_t i = 0; i < good.size(); ++i) {
      std::string bad = good;
      bad[i] = static_cast<char>(bad[i] ^ (1 << (i % 8)));
      // White space between JSON tokens is the one thing that carries no meaning.
      if (std::isspace(static_cast<unsigned char>(good[i])) &&
          std::isspace(static_cast<unsigned char>(bad[i])))
        continue;
      real_files().write_whole(folder / name, bad);
      EXPECT_THROW(FeatureSet::open(folder), Error) << name << " byte " << i;
      if (i + 1 == good.size() && good[i] == '\n') continue;  // the manifest's last line end
      real_files().write_whole(folder / name, good.substr(0, i));
      EXPECT_THROW(FeatureSet::open(folder), Error) << name << " cut at " << i;
    }
    real_files().write_whole(folder / name, good);
    EXPECT_NO_THROW(FeatureSet::open(folder));
    fs::rename(folder / name, temp.path() / "aside");
    EXPECT_THAT(message_of([&] { FeatureSet::open(folder); }), HasSubstr(name));
    fs::rename(temp.path() / "aside", folder / name);
  }
}

TEST(FeatureSet, AnyFailingStepLeavesTheOlderOne) {
  const TempFolder temp;
  const fs::path folder = temp.path() / "set";
  write_feature_set(folder, kInfo, sample_batch(1));
  FaultFiles counting(real_files());
  write_feature_set(folder, kInfo, sample_batch(1), counting);
  int failed = 0;
  for (const FileOperation operation : {FileOperation::kCreate, FileOperation::kWrite, FileOperation::kSync,
                                        FileOperation::kRename, FileOperation::kMakeFolders}) {
    for (std::uint64_t n = 1; n <= counting.count(operation); ++n) {
      FaultFiles files(real_files());
      files.fail_nth(operation, n);
      EXPECT_THROW(write_feature_set(folder, kInfo, sample_batch(9), files), Error);
      EXPECT_EQ(FeatureSet::open(folder).row(0)[0], 1);
      EXPECT_EQ(std::distance(fs::directory_iterator(temp.path()), fs::directory_iterator{}), 1);
      ++failed;
    }
  }
  EXPECT_GE(failed, 8);
  EXPECT_EQ(counting.kill_points_passed()["feature_set.before_rename"], 1U);
  EXPECT_EQ(counting.kill_points_passed()["feature_set.replacing"], 1U);
}

}  // namespace
}  // namespace weft::encoders
