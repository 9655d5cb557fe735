#include "storage/ordered_pieces.h"

#include <gtest/gtest.h>

#include <random>
#include <stdexcept>

namespace weft::storage {
namespace {

TEST(OrderedPieces, BlocksComeInThePiecesOrderWhateverThreadsAndBounds) {
  std::mt19937_64 random(1);
  for (const std::size_t threads : {1U, 2U, 4U}) {
    for (const std::size_t waiting : {0U, 1U, 100U}) {
      std::vector<std::size_t> blocks(50);
      for (std::size_t& count : blocks) count = random() % 20;
      std::vector<std::pair<std::size_t, std::size_t>> wanted, taken;
      for (std::size_t p = 0; p < blocks.size(); ++p) {
        for (std::size_t i = 0; i < blocks[p]; ++i) wanted.emplace_back(p, i);
      }
      OrderedPieces<std::pair<std::size_t, std::size_t>>(blocks.size(), threads, waiting)
          .run(
              [&](std::size_t piece, auto&& emit) {
                for (std::size_t i = 0; i < blocks[piece]; ++i) emit({piece, i});
              },
              [&](const auto& block) { taken.push_back(block); });
      EXPECT_EQ(taken, wanted) << threads << " threads, " << waiting << " waiting";
    }
  }
}

TEST(OrderedPieces, TheFirstFailureIsTheOneThatIsSeen) {
  for (const std::size_t threads : {1U, 2U, 4U}) {
    std::vector<int> taken;
    const auto fail_in = [&](std::size_t bad) {
      OrderedPieces<int>(20, threads, 3)
          .run(
              [&](std::size_t piece, auto&& emit) {
                for (int i = 0; i < 5; ++i) emit(static_cast<int>(piece));
                if (piece >= bad) throw std::runtime_error(std::to_string(piece));
              },
              [&](int block) { taken.push_back(block); });
    };
    try {
      fail_in(7);
      FAIL() << "no error";
    } catch (const std::runtime_error& error) {
      EXPECT_STREQ(error.what(), "7");
    }
    EXPECT_EQ(taken.size(), 8U * 5U);
  }
}

TEST(OrderedPieces, AFailureOfTheOneThatTakesEndsAllThreads) {
  for (const std::size_t threads : {1U, 2U, 4U}) {
    OrderedPieces<int> pieces(20, threads, 3);
    const auto run = [&] {
      pieces.run(
          [](std::size_t, auto&& emit) {
            for (int i = 0; i < 50; ++i) emit(i);
          },
          [](int block) {
            if (block == 30) throw std::runtime_error("full");
          });
    };
    EXPECT_THROW(run(), std::runtime_error);
  }
}

}  // namespace
}  // namespace weft::storage
