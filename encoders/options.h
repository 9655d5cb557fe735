// The [encoders] section of the project file, and encoders made and loaded by what they read.
//
//   [encoders.text]                       [encoders.image]                     [encoders.audio]
//   dim = 128          # 1 .. 4096       dim = 128                            dim = 128
//   whiten = 0.5       # 0 .. 1          whiten = 0.25                        whiten = 0.5
//   min_df = 2         # 1 .. 1e6        max_pixels = 64000000 # 1 .. 1e9     max_seconds = 600 # 1 .. 36000
//   max_features = 60000 # 2 .. 5e6      max_fit = 20000 # 1 .. 1e6           max_fit = 20000
//   ngrams = [3, 5]    # [] = none, each 1 .. 8
//   max_bytes = 8192   # 64 .. 1e6
//   seed = 1           # 0 .. 2^31 - 1
#pragma once

#include <filesystem>
#include <memory>
#include <span>

#include "base/files.h"
#include "base/toml.h"
#include "encoders/audio/audio_encoder.h"
#include "encoders/encoder.h"
#include "encoders/image/image_encoder.h"
#include "encoders/text/text_encoder.h"

namespace weft::encoders {

struct EncoderOptions {
  TextOptions text = {};
  ImageOptions image = {};
  AudioOptions audio = {};
};

// `section`: the table [encoders], which may be absent. Throws Error (kUsage) for an unknown key, a wrong
// type or a value out of range.
EncoderOptions parse_encoder_options(const TomlSection& section);

enum class Modality { kText, kImage, kAudio };

// Learns an encoder from the assets (those of train only). The same assets and options give the same encoder.
std::unique_ptr<Encoder> fit_encoder(Modality modality, std::span<const Asset> assets,
                                     const EncoderOptions& options, ThreadPool* pool = nullptr);

// A number that changes when an encoder fitted on the same assets would be another one: for knowing whether
// to fit again.
std::uint64_t options_hash(Modality modality, const EncoderOptions& options);

// How many assets fit_encoder looks at: to hold more in memory is of no use (see fit_sample).
std::size_t max_fit(Modality modality, const EncoderOptions& options);

void save_encoder(const Encoder& encoder, const std::filesystem::path& file, Files& files = real_files());
// Any of the kinds above, by what the file states. A damaged file is an Error.
std::unique_ptr<Encoder> load_encoder(const std::filesystem::path& file, Files& files = real_files());

}  // namespace weft::encoders
