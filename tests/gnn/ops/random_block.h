// A small random block of sparse rows, for the tests of ops.
#pragma once

#include <cstdint>
#include <random>
#include <vector>

namespace weft::gnn {

struct Block {
  std::vector<std::uint32_t> offsets = {0};
  std::vector<std::uint32_t> sources = {};
};

inline Block random_block(std::uint32_t seed, std::size_t rows, std::size_t senders) {
  std::mt19937 random(seed);
  Block block;
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t e = random() % 6; e > 0; --e)
      block.sources.push_back(static_cast<std::uint32_t>(random() % senders));
    block.offsets.push_back(static_cast<std::uint32_t>(block.sources.size()));
  }
  return block;
}

}  // namespace weft::gnn
