#include "tools/lightgcn_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "gnn/safetensors.h"
#include "tests/tools/small_shop.h"

namespace weft::tools {
namespace {

TEST(LightGcnModel, ALossThatIsNotFiniteStopsTheTraining) {
  const SmallShop shop;
  ASSERT_EQ(shop.run("ingest").exit_code, 0);
  const std::string train = "train --set model.kind=lightgcn";
  ASSERT_EQ(shop.run(train).exit_code, 0);
  const auto folder = shop.workspace() / "models" / "default";
  const std::string best = read_text(folder / "lightgcn.safetensors");
  gnn::TensorFile last = gnn::read_safetensors(folder / "last.safetensors");
  last.tensors.at("parameters").fill_(std::numeric_limits<float>::quiet_NaN());
  last.metadata.erase("xxh3");
  gnn::write_safetensors(folder / "last.safetensors", {last.tensors.begin(), last.tensors.end()},
                         last.metadata);
  const RunResult run = shop.run(train + " --resume --set lightgcn.epochs=4");
  EXPECT_EQ(run.exit_code, 1) << run.out;
  EXPECT_THAT(run.err, ::testing::HasSubstr("not finite"));
  EXPECT_EQ(read_text(folder / "lightgcn.safetensors"), best);
}

}  // namespace
}  // namespace weft::tools
