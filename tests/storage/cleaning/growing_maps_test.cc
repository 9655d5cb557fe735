// Maps of ids that get further entries while their sources are in the store.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/hash.h"
#include "storage/ingest.h"
#include "storage/project.h"
#include "tests/support/error_of.h"
#include "tests/support/temp_folder.h"

namespace weft::storage {
namespace {

using ::testing::HasSubstr;

constexpr const char* kProject = R"([nodes.user]
[nodes.item]
[edges.buys]
source = ["shop.csv", "app.csv"]
from = "user:user"
to = "item:item"
[sources."app.csv".columns]
customer = { rename = "user", ids = "users.csv" }
article = { rename = "item", ids = "items.csv", unknown_ids = "bad" }
)";

class GrowingMaps : public ::testing::Test {
 protected:
  GrowingMaps() {
    write("shop.csv", "user,item\nu1,i1\nu2,i2\n");
    write("app.csv", "customer,article\n77,A1\n78,A2\n");
    write("users.csv", "app,shop\n77,u1\n78,u2\n");
    write("items.csv", "app,shop\nA1,i1\nA2,i2\n");
  }
  void write(const std::string& name, std::string_view text) {
    real_files().write_whole(folder_ / name, text);
  }
  void append(const std::string& name, std::string_view text) {
    write(name, real_files().read_whole(folder_ / name) + std::string(text));
  }
  Project project(const std::string& more = "") const {
    return read_project(TomlFile::parse(kProject + more, "p.toml"), folder_ / "p.toml");
  }
  IngestReport ingest_now() const {
    const Project each = project();
    GraphStore store = GraphStore::open(each.workspace.store(), each.schema, {.sync = Sync::kNever});
    return ingest(each, store);
  }

  test::TempFolder folder_;
};

TEST_F(GrowingMaps, FurtherEntriesHoldForFurtherRows) {
  EXPECT_EQ(ingest_now().new_nodes[0], 2U);
  append("users.csv", "79,u1\n80,u3\n");
  append("app.csv", "79,A1\n80,A2\n");
  EXPECT_EQ(ingest_now().new_nodes[0], 1U) << "u3; 79 is u1";
  // Both maps; the one without news in its source; again and again.
  append("users.csv", "81,u4\n");
  append("items.csv", "A3,i3\n");
  EXPECT_EQ(ingest_now().rows, 0U);
  append("items.csv", "A4,i4\n");
  append("app.csv", "81,A4\n");
  const IngestReport last = ingest_now();
  EXPECT_EQ(last.new_nodes[0], 1U);
  EXPECT_EQ(last.new_nodes[1], 1U);
  EXPECT_EQ(last.quarantined_rows, 0U);
}

TEST_F(GrowingMaps, WhatChangesOrGoesIsAnError) {
  ingest_now();
  const auto refused = [&](const std::string& name, const std::string& text) {
    const std::string before = real_files().read_whole(folder_ / name);
    write(name, text);
    EXPECT_THAT(test::error_of([&] { ingest_now(); }),
                HasSubstr("app.csv: the project file now reads this source"))
        << text;
    write(name, before);
  };
  refused("users.csv", "app,shop\n77,u1\n78,u9\n");
  refused("users.csv", "app,shop\n77,u1\n");
  refused("users.csv", "app,shop\n");
  refused("users.csv", "app,shop\n76,u0\n77,u1\n78,u2\n");
  refused("items.csv", "app,shop\nA1,i1\nA2,i3\nA3,i3\n");
  // Each other's content.
  const std::string users = real_files().read_whole(folder_ / "users.csv");
  write("users.csv", real_files().read_whole(folder_ / "items.csv"));
  refused("items.csv", users);
  write("users.csv", users);
  EXPECT_EQ(ingest_now().rows, 0U);
}

TEST_F(GrowingMaps, OthersOfTheMeaningStayAsTheyWere) {
  const Project before = project();
  append("users.csv", "79,u1\n");
  const Project grown = project(), other = project("[clean]\nmissing = [\"x\"]\n");
  EXPECT_NE(grown.fingerprint(1), before.fingerprint(1));
  EXPECT_TRUE(grown.has_meant(1, before.fingerprint(1)));
  EXPECT_TRUE(grown.has_meant(1, grown.fingerprint(1)));
  EXPECT_FALSE(before.has_meant(1, grown.fingerprint(1)));
  EXPECT_FALSE(other.has_meant(1, before.fingerprint(1)));
  EXPECT_EQ(grown.fingerprint(0), before.fingerprint(0)) << "it has no maps";
  EXPECT_FALSE(grown.has_meant(0, before.fingerprint(1)));
}

// Stores of before have maps within the hash of all else.
TEST_F(GrowingMaps, StoresOfBeforeAreKnown) {
  EXPECT_TRUE(project().has_meant(1, 0x1abda80c23dd6d8eULL));
}

}  // namespace
}  // namespace weft::storage
