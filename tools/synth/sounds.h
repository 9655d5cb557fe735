// Sound clips: a repeated note. How bright it sounds and how fast and sharply it is struck follow the mood
// part of the item's latent; pitch, loudness and hiss are chance.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tools/synth/world.h"

namespace weft::synth {

inline constexpr std::uint32_t kSampleRate = 8000;

std::vector<std::int16_t> play_clip(const World& world, std::uint32_t item);  // one second, mono

// A RIFF WAVE file: PCM, 16 bit, mono.
std::string encode_wav(const std::vector<std::int16_t>& samples, std::uint32_t sample_rate);

}  // namespace weft::synth
