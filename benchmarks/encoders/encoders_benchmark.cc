// Texts, pictures and clips encoded a second on one thread, and what fitting costs. items_per_second is the
// figure to read.
#include <benchmark/benchmark.h>

#include <array>
#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "encoders/audio/audio_encoder.h"
#include "encoders/image/image_encoder.h"
#include "encoders/text/text_encoder.h"
#include "tests/encoders/media.h"

namespace weft::encoders {
namespace {

// Words of a Zipf-like vocabulary.
std::vector<std::string> make_texts(std::size_t count, std::size_t words) {
  std::mt19937 random(1);
  std::uniform_real_distribution<double> uniform(0, 1);
  std::vector<std::string> texts(count);
  for (std::string& text : texts) {
    for (std::size_t w = 0; w < words; ++w) {
      auto rank = static_cast<std::uint32_t>(std::pow(20'000.0, uniform(random)));
      for (int c = 0; c < 7 && rank > 0; ++c, rank /= 7) text += static_cast<char>('a' + (rank * 5 + 3) % 26);
      text += ' ';
    }
  }
  return texts;
}

std::vector<std::string> make_pictures(std::size_t count, std::size_t side) {
  std::vector<std::string> files;
  for (std::size_t i = 0; i < count; ++i) {
    const auto k = static_cast<double>(i);
    files.push_back(jpeg_bytes(paint(side, side, [&](double x, double y) {
      return std::array<int, 3>{static_cast<int>(128 + 100 * std::sin((x + k) / 5)),
                                static_cast<int>(128 + 100 * std::cos(y / (2 + k))), static_cast<int>(k * 9)};
    })));
  }
  return files;
}

std::vector<std::string> make_clips(std::size_t count) {
  std::vector<std::string> files;
  for (std::size_t i = 0; i < count; ++i)
    files.push_back(wav_bytes(sine(200 + 30.0 * static_cast<double>(i), 8'000, 1), 8'000));
  return files;
}

std::vector<Asset> as_texts(const std::vector<std::string>& texts) {
  std::vector<Asset> assets;
  for (const std::string& t : texts) assets.push_back(Asset::text(t));
  return assets;
}

std::vector<Asset> as_media(const std::vector<std::string>& files) {
  std::vector<Asset> assets;
  for (const std::string& f : files) assets.push_back(Asset::media(f));
  return assets;
}

void encode_all(benchmark::State& state, const Encoder& encoder, const std::vector<Asset>& assets) {
  for (auto _ : state) benchmark::DoNotOptimize(encoder.encode(assets));
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * assets.size()));
}

void text_encode(benchmark::State& state) {
  const std::vector<std::string> texts = make_texts(2'000, static_cast<std::size_t>(state.range(0)));
  encode_all(state, TextEncoder::fit(as_texts(texts), {}), as_texts(texts));
}
BENCHMARK(text_encode)->ArgName("words")->Arg(8)->Arg(80)->Unit(benchmark::kMillisecond);

void text_fit(benchmark::State& state) {
  const std::vector<std::string> texts = make_texts(static_cast<std::size_t>(state.range(0)), 20);
  for (auto _ : state) benchmark::DoNotOptimize(TextEncoder::fit(as_texts(texts), {}).fingerprint());
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(text_fit)->ArgName("texts")->Arg(10'000)->Unit(benchmark::kMillisecond)->Iterations(1);

void image_encode(benchmark::State& state) {
  const std::vector<std::string> files = make_pictures(64, static_cast<std::size_t>(state.range(0)));
  encode_all(state, ImageEncoder::fit(as_media(files), {}), as_media(files));
}
BENCHMARK(image_encode)->ArgName("side")->Arg(64)->Arg(350)->Unit(benchmark::kMillisecond);

void audio_encode(benchmark::State& state) {
  const std::vector<std::string> files = make_clips(64);
  encode_all(state, AudioEncoder::fit(as_media(files), {}), as_media(files));
}
BENCHMARK(audio_encode)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace weft::encoders
