// What is measured of a sound: timbre, its course in time, pitch, rhythm. docs/encoders.md says what each
// group means.
#pragma once

#include <span>
#include <vector>

#include "encoders/descriptor.h"

namespace weft::encoders {

std::span<const DescriptorGroup> audio_groups();

// `samples`: at kAudioRate, at least one. Loudness is taken out first and kept as a value of its own. Always
// the length of descriptor_size(audio_groups()), and finite.
std::vector<float> describe_audio(std::span<const float> samples);

}  // namespace weft::encoders
