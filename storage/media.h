// Media files that rows name: where they are, whether they are whole, and what their content is called.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/files.h"

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
// the root are kOutside and nothing is read. A file is corrupt if it is empty, is no regular file, cannot be
// read, or is of a known format (JPEG, PNG, WebP, GIF, WAV, FLAC, Ogg) and ends before its own data does.
// Unknown formats are taken as they are.
MediaFile look_at_media(const std::filesystem::path& root, std::string_view relative, MediaRead read,
                        Files& files);

// What is wrong with the bytes of a media file; nothing if nothing shows without decoding.
std::optional<std::string> media_damage(std::string_view bytes);

// True if `path`, resolved through symbolic links as far as it exists, lies in `root` (canonical) or is it.
bool is_below(const std::filesystem::path& root, const std::filesystem::path& path);

}  // namespace weft::storage
