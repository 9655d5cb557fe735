#include "gnn/decoder.h"

#include <gtest/gtest.h>

namespace weft::gnn {
namespace {

TEST(Decoder, DotDividesByTheTemperature) {
  Decoder decoder(
      0, ModelOptions{.dim = 2, .decoder = DecoderKind::kDot, .temperature = 0.5, .item_bias = false});
  const torch::Tensor from = torch::tensor({{1.0F, 2.0F}}), to = torch::tensor({{3.0F, -4.0F}});
  const torch::Tensor score = (decoder->from_vectors(from) * decoder->to_vectors(to)).sum(1);
  EXPECT_NEAR(score.item<float>(), (3 - 8) / 0.5, 1e-4);
  EXPECT_EQ(decoder->offsets(to, torch::zeros({1, 0})).item<float>(), 0.0F);
}

TEST(Decoder, CosineIgnoresLengths) {
  Decoder decoder(
      0, ModelOptions{.dim = 2, .decoder = DecoderKind::kCosine, .temperature = 0.1, .item_bias = false});
  const torch::Tensor from = torch::tensor({{3.0F, 4.0F}}), to = torch::tensor({{0.0F, 9.0F}});
  const torch::Tensor score = (decoder->from_vectors(from) * decoder->to_vectors(to)).sum(1);
  EXPECT_NEAR(score.item<float>(), 0.8 / 0.1, 1e-4);
}

TEST(Decoder, OffsetsStartAtZeroAndLearnFromCounts) {
  Decoder decoder(3, ModelOptions{.dim = 2, .item_bias = true});
  const torch::Tensor states = torch::randn({5, 2}), structure = torch::randn({5, 3});
  EXPECT_EQ(decoder->offsets(states, structure).abs().sum().item<float>(), 0.0F);
  decoder->offsets(states, structure).sum().backward();
  EXPECT_GT(decoder->named_parameters()["structure_out.weight"].grad().abs().sum().item<float>(), 0.0F);
}

}  // namespace
}  // namespace weft::gnn
