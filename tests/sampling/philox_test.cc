#include "sampling/philox.h"

#include <gtest/gtest.h>

#include <array>

namespace weft::sampling {
namespace {

struct KnownAnswer {
  PhiloxBlock counter;
  PhiloxKey key;
  PhiloxBlock result;
};

// The lines "philox4x32 10" of Random123 1.14.0, tests/kat_vectors.
TEST(Philox, GivesThePublishedAnswers) {
  const std::array<KnownAnswer, 3> answers = {{
      {{{0, 0, 0, 0}}, {0, 0}, {{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}}},
      {{{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}},
       {0xffffffff, 0xffffffff},
       {{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}}},
      {{{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}},
       {0xa4093822, 0x299f31d0},
       {{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}}},
  }};
  for (const KnownAnswer& answer : answers) {
    const PhiloxBlock result = philox4x32(answer.key, answer.counter);
    for (int i = 0; i < 4; ++i) EXPECT_EQ(result.word[i], answer.result.word[i]);
  }
}

}  // namespace
}  // namespace weft::sampling
