// Every store that an earlier version wrote opens, is sound, and says what it said then.
#include "tests/storage/golden_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "base/error.h"
#include "storage/keys.h"
#include "storage/store_impl.h"
#include "storage/verify.h"
#include "tests/storage/small_store.h"
#include "tests/support/temp_folder.h"

namespace weft::storage {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const fs::path kGolden = WEFT_GOLDEN_STORES;

void copy_store(std::uint32_t format, const fs::path& to) {
  fs::copy(kGolden / std::to_string(format), to, fs::copy_options::recursive);
}

// A format number without its golden store is not finished.
TEST(GoldenStore, ThereIsOneOfEveryFormat) {
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(kGolden))
    if (entry.is_directory()) names.insert(entry.path().filename().string());
  EXPECT_EQ(names.size(), kNewestStoreFormat);
  for (std::uint32_t format = 1; format <= kNewestStoreFormat; ++format)
    EXPECT_TRUE(names.contains(std::to_string(format))) << format;
}

TEST(GoldenStore, SaysWhatItSaidWhenItWasMade) {
  for (std::uint32_t format = 1; format <= kNewestStoreFormat; ++format) {
    SCOPED_TRACE(format);
    const test::TempFolder folder;
    copy_store(format, folder / "store");
    const std::string wanted = real_files().read_whole(kGolden / (std::to_string(format) + ".txt"));
    {
      const GraphStore reader = GraphStore::open_reader(folder / "store");
      EXPECT_THAT(verify_store(reader).problems, IsEmpty());
      EXPECT_EQ(golden_text(reader), wanted);
    }
    GraphStore store = GraphStore::open_existing(folder / "store");
    EXPECT_THAT(verify_store(store).problems, IsEmpty());
    EXPECT_EQ(golden_text(store), wanted);
    // And it can be gone on with.
    const std::uint64_t edges = store.info().edge_counts[kBuys];
    store.apply({.events = {buy(4711, "u1", "a new item", 5000)}});
    EXPECT_EQ(store.info().edge_counts[kBuys], edges + 1);
    EXPECT_THAT(verify_store(store).problems, IsEmpty());
    const bool forgets = format >= kForgettingFormat;
    EXPECT_EQ(store.apply({.events = {buy(4712, kGoldenForgotten, "i1", 5000)}}).forgotten_events,
              forgets ? 1U : 0U);
  }
}

// What the present version writes is what the golden stores of the formats that it writes say.
TEST(GoldenStore, ThePresentVersionWritesTheSame) {
  for (const std::uint32_t format : {kStoreFormat, kForgettingFormat, kDeletingFormat}) {
    const test::TempFolder folder;
    make_golden_store(folder / "store", format);
    const std::string wanted = real_files().read_whole(kGolden / (std::to_string(format) + ".txt"));
    const auto without_uuid = [](std::string text) { return text.erase(text.find("uuid "), 5 + 32); };
    EXPECT_EQ(without_uuid(golden_text(GraphStore::open_existing(folder / "store"))), without_uuid(wanted));
  }
}

TEST(GoldenStore, AnotherFormatIsRefusedByItsNumber) {
  for (const std::uint32_t format : {0U, kNewestStoreFormat + 1, 4'000'000'000U}) {
    const test::TempFolder folder;
    copy_store(kStoreFormat, folder / "store");
    {
      const GraphStore store = GraphStore::open_existing(folder / "store");
      std::string bytes;
      put_little(bytes, format);
      ASSERT_TRUE(store.impl().db->Put({}, store.impl().family(kMeta), "format", bytes).ok());
    }
    const auto expect_refused = [&](auto&& open) {
      try {
        open();
        ADD_FAILURE() << "format " << format << " was opened";
      } catch (const Error& error) {
        EXPECT_THAT(error.what(), HasSubstr(std::to_string(format)));
        EXPECT_THAT(error.what(), HasSubstr("reads formats 1 to " + std::to_string(kNewestStoreFormat)));
      }
    };
    expect_refused([&] { GraphStore::open_existing(folder / "store"); });
    expect_refused([&] { GraphStore::open_reader(folder / "store"); });
    expect_refused([&] { GraphStore::open(folder / "store", small_schema()); });
  }
}

}  // namespace
}  // namespace weft::storage
