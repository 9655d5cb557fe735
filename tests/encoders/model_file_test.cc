#include "encoders/model_file.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace weft::encoders {
namespace {

std::string sample() {
  ModelFileWriter writer("text", 3, {{"dim", 5}});
  writer.add("a", std::vector<float>{1, 2, 3});
  writer.add("b", std::vector<std::uint64_t>{7});
  writer.add("none", std::vector<float>{});
  return writer.bytes();
}

TEST(ModelFile, GivesBackSettingsAndArrays) {
  const ModelFile file(sample(), "text", 3, "f");
  EXPECT_EQ(file.settings().at("dim"), 5);
  EXPECT_EQ(file.floats("a", 3), (std::vector<float>{1, 2, 3}));
  EXPECT_EQ(file.integers("b", 1), (std::vector<std::uint64_t>{7}));
  EXPECT_TRUE(file.floats("none", 0).empty());
}

TEST(ModelFile, RefusesWhatIsNotThere) {
  const ModelFile file(sample(), "text", 3, "f");
  EXPECT_THROW(file.floats("a", 2), Error);
  EXPECT_THROW(file.floats("b", 1), Error);
  EXPECT_THROW(file.floats("c", 1), Error);
  EXPECT_THROW(ModelFile(sample(), "image", 3, "f"), Error);
  EXPECT_THROW(ModelFile(sample(), "text", 4, "f"), Error);
}

TEST(ModelFile, EveryChangedByteAndEveryCutIsFound) {
  const std::string good = sample();
  for (std::size_t i = 0; i < good.size(); ++i) {
    for (const int change : {1, 0x80, 0xff}) {
      std::string bad = good;
      bad[i] = static_cast<char>(bad[i] ^ change);
      EXPECT_THROW(ModelFile(bad, "text", 3, "f"), Error) << i;
    }
    EXPECT_THROW(ModelFile(good.substr(0, i), "text", 3, "f"), Error) << i;
  }
  EXPECT_THROW(ModelFile(good + "x", "text", 3, "f"), Error);
}

TEST(ModelFingerprint, FollowsTheBytes) {
  EXPECT_EQ(model_fingerprint("text", 1, "abc"), model_fingerprint("text", 1, "abc"));
  EXPECT_NE(model_fingerprint("text", 1, "abc"), model_fingerprint("text", 1, "abd"));
  EXPECT_TRUE(model_fingerprint("text", 1, "abc").starts_with("text-1-"));
}

}  // namespace
}  // namespace weft::encoders
