#include "tools/vector_model.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "tests/tools/run_weft.h"

namespace weft::tools {
namespace {

TEST(VectorModel, TheFolderSaysWhichKindItHolds) {
  const auto folder = scratch_folder("vector_model");
  EXPECT_FALSE(held_vectors(folder).has_value());
  for (const VectorKind kind : {VectorKind::kLightGcn, VectorKind::kSkipGram}) {
    write_text(folder / (std::string(name_of(kind)) + ".safetensors"), "");
    EXPECT_EQ(held_vectors(folder), kind);
    remove_vectors(folder, kind);
    EXPECT_EQ(held_vectors(folder), kind) << "is kept";
    remove_vectors(folder, std::nullopt);
    EXPECT_FALSE(held_vectors(folder).has_value());
  }
}

TEST(VectorModel, ADamagedFileIsAnErrorThatNamesIt) {
  const auto folder = scratch_folder("vector_model_damaged");
  write_text(folder / "skipgram.safetensors", "no tensors");
  try {
    vectors_snapshot(folder);
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("skipgram.safetensors"), std::string::npos) << error.what();
  }
}

TEST(VectorModel, EpochRulesAreRead) {
  const EpochRules rules =
      read_epoch_rules(TomlFile::parse("epochs = 7\nvalidate_every = 2\npatience = 0\n", "test.toml").root());
  EXPECT_EQ(rules.epochs, 7);
  EXPECT_EQ(rules.validate_every, 2);
  EXPECT_EQ(rules.patience, 0);
  EXPECT_THROW(read_epoch_rules(TomlFile::parse("epochs = 0\n", "test.toml").root()), Error);
}

}  // namespace
}  // namespace weft::tools
