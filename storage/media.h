// Media files that rows name: where they are, whether they are whole, and what their content is called.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/files.h"
#include "graph/schema.h"

namespace weft::storage {

enum class MediaState { kFound, kMissing, kCorrupt, kOutside };

struct MediaFile {
  MediaState state = MediaState::kMissing;
  std::string path = {};          // relative to the data root, normalised, '/' between parts
  std::string content_hash = {};  // xxh3-128; only if found and asked for
  std::string problem = {};  // for people: "missing", "the JPEG ends early", "leads out of the data root"
};

enum class MediaRead { kLookOnly, kHash };

// `root` is canonical. `relative` comes from a row: absolute paths, `..` and symbolic links that lead out of
// the root are kOutside and nothing is read. A file is corrupt if media_damage() says so, is no regular file,
// is larger than 1 GiB or cannot be read.
MediaFile look_at_media(const std::filesystem::path& root, std::string_view relative, graph::FieldKind kind,
                        MediaRead read, Files& files);

// The parts of a media file that are looked at.
struct MediaEnds {
  std::string_view head = {};  // the first 16 bytes or more, or all of them
  std::string_view tail = {};  // the last 64 KiB, or all
  std::uint64_t size = 0;      // of the whole file
};

// What is wrong with a media file for a field of kind image or audio; nothing if nothing shows without
// decoding. Damaged are: empty files, formats that the encoders do not decode (images are JPEG, PNG or WebP;
// audio is WAV, FLAC, Ogg, MP3, AIFF, AU or CAF), and files that end before their own data does.
std::optional<std::string> media_damage(graph::FieldKind kind, const MediaEnds& ends);

// True if `path`, resolved through symbolic links as far as it exists, lies in `root` (canonical) or is it.
bool is_below(const std::filesystem::path& root, const std::filesystem::path& path);

}  // namespace weft::storage
