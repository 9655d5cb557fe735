#include "gnn/kernels/device/hot_rows.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

#include "gnn/kernels/device/kernel_device.h"
#include "gnn/kernels/device/steps.h"

namespace weft::gnn {
namespace {

TEST(HotRows, AreThoseOfTheHighestCounts) {
  std::mt19937 random(3);
  for (int round = 0; round < 200; ++round) {
    std::vector<std::uint64_t> counts(random() % 40);
    for (std::uint64_t& count : counts)
      count = random() % 3 == 0 ? 0 : random() % 6 * (std::uint64_t{1} << 33);
    const std::size_t most = random() % 45;
    std::vector<std::pair<std::int64_t, std::uint32_t>> sorted;
    for (std::uint32_t row = 0; row < counts.size(); ++row) {
      if (counts[row] > 0) sorted.emplace_back(-static_cast<std::int64_t>(counts[row]), row);
    }
    std::sort(sorted.begin(), sorted.end());
    sorted.resize(std::min(sorted.size(), most));
    std::vector<std::uint32_t> expected;
    for (const auto& [count, row] : sorted) expected.push_back(row);
    std::sort(expected.begin(), expected.end());
    EXPECT_EQ(hottest_rows(counts, most), expected);
  }
}

// With any room, every row reads as it is in the table, hot ones from the device's copy; never more memory of
// the device than allowed.
TEST(HotTable, ReadsAsTheTableWhateverItsRoom) {
  constexpr std::size_t kRows = 50, kDim = 7;
  std::mt19937 random(4);
  std::vector<float> values(kRows * kDim);
  for (float& value : values) value = static_cast<float>(random());
  std::vector<std::uint64_t> counts(kRows);
  for (std::uint64_t& count : counts) count = random() % 30;
  counts[13] = 0;
  const auto device = sampling::host_sample_device();
  constexpr std::size_t kList = kRows * 4, kRow = kDim * 4;
  for (const auto& [room, hot] :
       std::vector<std::pair<std::size_t, std::size_t>>{{0, 0},
                                                        {kList, 0},
                                                        {kList + kRow - 1, 0},
                                                        {kList + kRow, 1},
                                                        {kList + 5 * kRow + 3, 5},
                                                        {kRows * kRow - 1, (kRows * kRow - 1 - kList) / kRow},
                                                        {kRows * kRow, kRows},
                                                        {1 << 20, kRows}}) {
    const HotTable table(*device, values, kDim, counts, room);
    EXPECT_EQ(table.hot_rows(), hot) << room;
    EXPECT_LE(table.device_bytes(), room);
    const DeviceRowBlock block = table.block();
    std::size_t near = 0;
    for (std::uint32_t row = 0; row < kRows; ++row) {
      const float* const at = steps::table_row(block, row);
      EXPECT_TRUE(std::equal(at, at + kDim, values.begin() + static_cast<std::ptrdiff_t>(row * kDim)));
      near += at < block.values || at >= block.values + kRows * kDim ? 1 : 0;
    }
    EXPECT_EQ(near, hot == kRows ? 0 : hot) << "a table that fits is whole in the device's memory";
  }
  EXPECT_EQ(HotTable(*device, {}, 3, {}, 100).hot_rows(), 0U);
}

}  // namespace
}  // namespace weft::gnn
