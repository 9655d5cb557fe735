#include "storage/media.h"

#include <algorithm>

#include "base/error.h"
#include "base/hash.h"
#include "base/mapped_file.h"

namespace weft::storage {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t kMaxMediaBytes = std::uintmax_t{1} << 30;

std::uint32_t little_endian_32(std::string_view bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    value |= static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[at + i])) << (8 * i);
  }
  return value;
}

// Lexically and through symbolic links: `path` has all of `root` as its beginning.
bool begins_with(const fs::path& root, const fs::path& path) {
  return std::mismatch(root.begin(), root.end(), path.begin(), path.end()).first == root.end();
}

}  // namespace

bool is_below(const fs::path& root, const fs::path& path) {
  std::error_code code;
  const fs::path resolved = fs::weakly_canonical(path, code);
  return !code && begins_with(root, resolved);
}

std::optional<std::string> media_damage(std::string_view bytes) {
  using namespace std::string_view_literals;
  if (bytes.empty()) return "the file is empty";
  if (bytes.starts_with("\xFF\xD8\xFF"sv)) {
    // The end marker, with room for what some cameras and tools append.
    const std::string_view tail = bytes.substr(bytes.size() - std::min<std::size_t>(bytes.size(), 1 << 16));
    if (tail.rfind("\xFF\xD9"sv) == std::string_view::npos) return "the JPEG ends early";
  } else if (bytes.starts_with("\x89PNG\r\n\x1A\n"sv)) {
    const std::string_view tail = bytes.substr(bytes.size() - std::min<std::size_t>(bytes.size(), 1 << 16));
    if (tail.rfind("IEND"sv) == std::string_view::npos) return "the PNG ends early";
  } else if (bytes.starts_with("GIF8"sv)) {
    if (bytes.find_last_not_of('\0') == std::string_view::npos ||
        bytes[bytes.find_last_not_of('\0')] != ';') {
      return "the GIF ends early";
    }
  } else if (bytes.starts_with("RIFF"sv)) {
    if (bytes.size() < 12) return "the RIFF header ends early";
    const std::uint32_t size = little_endian_32(bytes, 4);
    // 0 and all ones are what streaming writers leave in a WAV whose length they did not know.
    const bool unknown = bytes.substr(8, 4) == "WAVE"sv && (size == 0 || size == 0xFFFFFFFFU);
    if (!unknown && std::uint64_t{size} + 8 > bytes.size()) {
      return bytes.substr(8, 4) == "WEBP"sv ? "the WebP ends early" : "the WAV ends early";
    }
  } else if (bytes.starts_with("fLaC"sv)) {
    if (bytes.size() < 42) return "the FLAC ends early";
  } else if (bytes.starts_with("OggS"sv)) {
    if (bytes.size() < 27) return "the Ogg ends early";
  }
  return std::nullopt;
}

MediaFile look_at_media(const fs::path& root, std::string_view relative, MediaRead read, Files& files) {
  MediaFile media;
  const fs::path given{std::string(relative)};
  if (relative.find('\0') != std::string_view::npos) {
    return {.state = MediaState::kOutside, .path = {}, .problem = "holds a NUL byte"};
  }
  const fs::path normal = given.lexically_normal();
  media.path = normal.generic_string();
  if (given.is_absolute() || media.path == ".." || media.path.starts_with("../")) {
    return {.state = MediaState::kOutside,
            .path = std::move(media.path),
            .problem = "leads out of the data root"};
  }
  std::error_code code;
  const fs::path full = fs::weakly_canonical(root / normal, code);
  // A part of the path that is a file, a name too long: no such file can be there.
  if (code) {
    media.problem = "missing";
    return media;
  }
  if (!begins_with(root, full)) {
    return {.state = MediaState::kOutside,
            .path = std::move(media.path),
            .problem = "leads out of the data root through a symbolic link"};
  }
  const fs::file_status status = fs::status(full, code);
  if (code || status.type() == fs::file_type::not_found) {
    media.problem = "missing";
    return media;
  }
  media.state = MediaState::kCorrupt;
  if (status.type() != fs::file_type::regular) {
    media.problem = "is no regular file";
    return media;
  }
  if (const std::uintmax_t size = fs::file_size(full, code); code || size > kMaxMediaBytes) {
    media.problem = "is larger than 1 GiB";
    return media;
  }
  try {
    const MappedFile file = files.map(full);
    if (auto damage = media_damage(file.text())) {
      media.problem = std::move(*damage);
      return media;
    }
    if (read == MediaRead::kHash) media.content_hash = hash128_hex(file.bytes());
    media.state = MediaState::kFound;
  } catch (const Error& error) {
    media.problem = error.summary();
  }
  return media;
}

}  // namespace weft::storage
