// Scans of a store whose disk fails: RocksDB has ways of passing over an error.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/fault_files.h"
#include "storage/store_impl.h"
#include "tests/storage/bulk/random_shop.h"
#include "tests/storage/bulk/two_paths.h"

namespace weft::storage {
namespace {

std::vector<std::string> keys(const GraphStore& store, Family family) {
  std::vector<std::string> out;
  PrefixScan scan(store.impl(), family, "");
  for (; scan.valid(); scan.next()) out.emplace_back(scan.key());
  scan.check();
  return out;
}

// A load in bulk leaves several table files on one level; each is opened, and its index read, as a scan comes
// to it.
TEST(PrefixScan, EndsWithAnErrorOrHasSeenAllWhicheverReadFails) {
  const RandomShop shop(5, 200);
  const Project project = shop.project();
  {
    GraphStore store = GraphStore::open(project.workspace.store(), project.schema);
    ASSERT_TRUE(ingest(project, store, in_bulk(std::size_t{1} << 20), no_progress(), real_files()).bulk);
  }
  for (const Family family : {kIds, kNames, kFields, kOutgoing, kIncoming}) {
    FaultFiles counting(real_files());
    std::uint64_t before = 0, after = 0;
    std::vector<std::string> wanted;
    {
      const GraphStore store = GraphStore::open_existing(project.workspace.store(), {}, counting);
      before = counting.count(FileOperation::kRead);
      wanted = keys(store, family);
      after = counting.count(FileOperation::kRead);
    }
    ASSERT_GT(wanted.size(), 20U);
    ASSERT_GT(after, before + 1);
    for (std::uint64_t n = before + 1; n <= after; ++n) {
      FaultFiles files(real_files());
      files.fail_nth(FileOperation::kRead, n);
      const GraphStore store = GraphStore::open_existing(project.workspace.store(), {}, files);
      try {
        EXPECT_EQ(keys(store, family), wanted) << "family " << family << ", read " << n;
      } catch (const Error&) {  // what it should say
        EXPECT_GT(files.injected(), 0U);
      }
    }
  }
}

}  // namespace
}  // namespace weft::storage
