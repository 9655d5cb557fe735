#include "tools/embedding_files.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "tests/tools/run_weft.h"

namespace weft::tools {
namespace {

namespace fs = std::filesystem;

TEST(EmbeddingFiles, AFailureLeavesNothingTemporary) {
  const fs::path folder = scratch_folder("embedding_files");
  const gnn::NodeVectors vectors{.rows = 1, .dim = 2, .values = {1, 2}, .bias = {0}};
  const fs::path taken = folder / "taken.parquet";  // a folder: the last step, the renaming, fails
  fs::create_directory(taken);
  EXPECT_THROW(write_embeddings(taken, {"u"}, vectors), Error);
  EXPECT_FALSE(fs::exists(taken.string() + ".tmp"));
  write_embeddings(folder / "good.parquet", {"u"}, vectors);
  EXPECT_TRUE(fs::exists(folder / "good.parquet"));
  EXPECT_FALSE(fs::exists(folder / "good.parquet.tmp"));
}

TEST(EmbeddingFiles, OnlyTwoKinds) {
  EXPECT_NO_THROW(check_embedding_file("a/b.npy"));
  EXPECT_NO_THROW(check_embedding_file("b.parquet"));
  EXPECT_THROW(check_embedding_file("b.bin"), Error);
  EXPECT_THROW(check_embedding_file("npy"), Error);
}

}  // namespace
}  // namespace weft::tools
