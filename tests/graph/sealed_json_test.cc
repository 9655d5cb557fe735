#include "graph/sealed_json.h"

#include <gtest/gtest.h>

namespace weft::graph {
namespace {

const Json kObject = {{"format", "a test"}, {"numbers", {1, 2, 3}}};

TEST(SealedJson, ComesBackWithoutItsChecksum) {
  EXPECT_EQ(read_sealed_json(seal_json(kObject), "m.json", "remove it"), kObject);
}

// No changed byte and no shorter text passes, and each error says what to do.
TEST(SealedJson, EveryChangedByteAndEveryCutIsFound) {
  const std::string text = seal_json(kObject);
  const auto says_what_to_do = [](const std::string& damaged) {
    try {
      read_sealed_json(damaged, "m.json", "remove it");
    } catch (const Error& error) {
      return error.context().file == "m.json" && error.context().hint == "remove it";
    }
    return false;
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string changed = text;
    changed[i] = static_cast<char>(changed[i] ^ 4);
    EXPECT_TRUE(says_what_to_do(changed)) << i;
    EXPECT_TRUE(says_what_to_do(text.substr(0, i))) << i;
  }
}

}  // namespace
}  // namespace weft::graph
