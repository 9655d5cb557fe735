#include "base/huge_pages.h"

#include <gtest/gtest.h>

#include <cstdint>

namespace weft {
namespace {

TEST(HugeVector, BeginsOnACacheLineWhateverItsSize) {
  for (const std::size_t count :
       {std::size_t{1}, std::size_t{1000}, std::size_t{600'000}, std::size_t{3'000'000}}) {
    HugeVector<float> values(count, 1.5F);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(values.data()) % 64, 0U) << count;
    const HugeVector<float> copy = values;
    values.resize(count + 1);
    EXPECT_EQ(copy.size(), count);
    EXPECT_EQ(copy.back(), 1.5F);
    EXPECT_EQ(values.back(), 0.0F);
  }
}

}  // namespace
}  // namespace weft
