#include "tools/synth/sounds.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "tools/synth/random.h"

namespace weft::synth {
namespace {

constexpr std::size_t kHarmonics = 16;

void append_little_endian(std::string& out, std::uint32_t value, int bytes) {
  for (int b = 0; b < bytes; ++b) out += static_cast<char>((value >> (8 * b)) & 0xff);
}

}  // namespace

std::vector<std::int16_t> play_clip(const World& world, std::uint32_t item) {
  Stream random(world.options().seed, Purpose::kSound, item);
  const auto& mood = world.items()[item].mood;
  const double brightness = std::clamp(mood[0] + 0.15 * random.normal(), -2.5, 2.5);
  const double drive = std::clamp(mood[1] + 0.15 * random.normal(), -2.5, 2.5);
  const double pitch = 150 * std::exp2(random.uniform(0, 0.8));
  const double slope = 1.5 - 0.5 * brightness;          // harmonic h sounds with amplitude h^-slope
  const double strikes = 3.5 * std::exp2(0.5 * drive);  // per second
  const double decay = 4.0 * std::exp2(1.0 * drive);    // per second: legato to staccato
  const double hiss = random.uniform(0.002, 0.006), loudness = random.uniform(0.5, 0.8);
  const double offset = random.uniform(0, 1 / strikes);

  std::array<double, kHarmonics> amplitude{}, phase{};
  double power = 0;
  for (std::size_t h = 0; h < kHarmonics; ++h) {
    if (pitch * static_cast<double>(h + 1) > 0.48 * kSampleRate) break;
    amplitude[h] = std::pow(static_cast<double>(h + 1), -slope);
    phase[h] = random.uniform(0, 2 * std::numbers::pi);
    power += amplitude[h] * amplitude[h];
  }
  std::vector<std::int16_t> out(kSampleRate);
  for (std::size_t n = 0; n < out.size(); ++n) {
    const double t = static_cast<double>(n) / kSampleRate;
    const double since = std::fmod(t + offset, 1 / strikes);
    const double envelope = std::exp(-decay * since) * std::min(1.0, since * 400);
    double sum = 0;
    for (std::size_t h = 0; h < kHarmonics && amplitude[h] > 0; ++h) {
      sum +=
          amplitude[h] * std::sin(2 * std::numbers::pi * pitch * static_cast<double>(h + 1) * t + phase[h]);
    }
    const double sample = loudness * 0.4 * envelope * sum / std::sqrt(power) + hiss * random.normal();
    out[n] = static_cast<std::int16_t>(std::lround(std::clamp(sample, -1.0, 1.0) * 32767));
  }
  return out;
}

std::string encode_wav(const std::vector<std::int16_t>& samples, std::uint32_t sample_rate) {
  const auto data_bytes = static_cast<std::uint32_t>(samples.size() * 2);
  std::string out = "RIFF";
  append_little_endian(out, 36 + data_bytes, 4);
  out += "WAVEfmt ";
  append_little_endian(out, 16, 4);
  append_little_endian(out, 1, 2);  // PCM
  append_little_endian(out, 1, 2);  // channels
  append_little_endian(out, sample_rate, 4);
  append_little_endian(out, sample_rate * 2, 4);  // bytes a second
  append_little_endian(out, 2, 2);                // bytes a frame
  append_little_endian(out, 16, 2);               // bits a sample
  out += "data";
  append_little_endian(out, data_bytes, 4);
  for (const std::int16_t sample : samples) append_little_endian(out, static_cast<std::uint16_t>(sample), 2);
  return out;
}

}  // namespace weft::synth
