#include "graph/partition_files.h"

#include <gmock/gmock.h>

#include <fstream>

#include "base/error.h"
#include "base/fault_files.h"
#include "tests/graph/random_graph.h"

namespace weft::graph {
namespace {

namespace fs = std::filesystem;

struct Partitioned {
  explicit Partitioned(std::uint64_t seed, std::uint32_t count = 5) : parts(count) {
    write_snapshot(random_shop(seed, 40, 60, 300), folder / "snapshot");
    snapshot.emplace(Snapshot::open(folder / "snapshot"));
    partition = graph::partition(view(*snapshot), {.parts = parts});
    halos = halo_tables(view(*snapshot), partition);
  }
  void write(const fs::path& to, Files& files = real_files()) const {
    write_partition(to, *snapshot, partition, halos, 1, files);
  }
  TestFolder folder;
  std::uint32_t parts;
  std::optional<Snapshot> snapshot;
  Partition partition;
  std::vector<HaloTable> halos;
};

std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) names.push_back(entry.path().filename().string());
  return names;
}

TEST(PartitionFiles, GiveBackWhatWasWritten) {
  const Partitioned shop(1);
  TestFolder folder;
  shop.write(folder / "p");
  EXPECT_EQ(names_in(folder.path()), std::vector<std::string>{"p"});
  const PartitionFolder found = PartitionFolder::open(folder / "p");
  EXPECT_EQ(found.info().parts, 5u);
  EXPECT_EQ(found.info().seed, 1u);
  EXPECT_EQ(found.info().snapshot_checksum, shop.snapshot->info().checksum);
  for (NodeTypeId type = 0; type < 4; ++type) {
    const auto part_of = found.part_of(type);
    EXPECT_EQ(std::vector<std::uint32_t>(part_of.begin(), part_of.end()), shop.partition.part_of[type]);
    for (std::uint32_t part = 0; part < shop.parts; ++part) {
      std::vector<NodeId> own;
      for (NodeId n = 0; n < part_of.size(); ++n) {
        if (part_of[n] == part) own.push_back(n);
      }
      const auto nodes = found.nodes(type, part), halo = found.halo(type, part);
      EXPECT_EQ(std::vector<NodeId>(nodes.begin(), nodes.end()), own);
      EXPECT_TRUE(std::equal(halo.begin(), halo.end(), shop.halos[type].of(part).begin(),
                             shop.halos[type].of(part).end()));
    }
  }
  TestFolder again;
  shop.write(again / "p");
  EXPECT_EQ(folder_content(again / "p"), folder_content(folder / "p"));
  EXPECT_THROW(shop.write(folder / "p"), Error);  // never over another
}

TEST(PartitionFiles, EveryFailedFileOperationLeavesNothing) {
  const Partitioned shop(2);
  TestFolder reference;
  FaultFiles counting(real_files());
  shop.write(reference / "p", counting);
  const auto expected = folder_content(reference / "p");
  for (const auto operation :
       {FileOperation::kCreate, FileOperation::kWrite, FileOperation::kSync, FileOperation::kRename,
        FileOperation::kRemove, FileOperation::kMakeFolders, FileOperation::kSyncFolder}) {
    ASSERT_GT(counting.count(operation), 0u);
    for (std::uint64_t n = 1; n <= counting.count(operation); ++n) {
      TestFolder folder;
      FaultFiles files(real_files());
      files.fail_nth(operation, n);
      EXPECT_THROW(shop.write(folder / "p", files), Error);
      EXPECT_THAT(names_in(folder.path()), ::testing::IsEmpty()) << static_cast<int>(operation) << " " << n;
      shop.write(folder / "p", files);
      EXPECT_EQ(folder_content(folder / "p"), expected);
    }
  }
}

TEST(PartitionFiles, KilledAtEveryKillPoint) {
  const Partitioned shop(3);
  for (const std::string point : {"before_files", "before_manifest", "before_rename", "after_rename"}) {
    TestFolder folder;
    FaultFiles files(real_files());
    files.on_kill_point([&](std::string_view name) {
      if (name == "partition." + point) std::_Exit(42);
    });
    EXPECT_EXIT(shop.write(folder / "p", files), ::testing::ExitedWithCode(42), "");
    EXPECT_EQ(fs::exists(folder / "p"), point == "after_rename") << point;
    fs::remove_all(folder / "p");
    shop.write(folder / "p");
    EXPECT_EQ(PartitionFolder::open(folder / "p").info().parts, 5u);
    EXPECT_EQ(names_in(folder.path()), std::vector<std::string>{"p"});
  }
}

// Any byte of any file that is not what was written is found.
TEST(PartitionFiles, EveryFlippedByteIsFound) {
  const Partitioned shop(4, 3);
  TestFolder folder;
  shop.write(folder / "p");
  for (const auto& [name, content] : folder_content(folder / "p")) {
    const std::size_t step = std::max<std::size_t>(1, content.size() / 100);
    for (std::size_t at = 0; at < content.size(); at += step) {
      std::string changed = content;
      changed[at] = static_cast<char>(changed[at] ^ 1);
      std::ofstream(folder / "p" / name, std::ios::binary) << changed;
      EXPECT_THROW(PartitionFolder::open(folder / "p"), Error) << name << " " << at;
    }
    std::ofstream(folder / "p" / name, std::ios::binary) << content;
  }
  EXPECT_EQ(PartitionFolder::open(folder / "p").info().parts, 3u);
}

}  // namespace
}  // namespace weft::graph
