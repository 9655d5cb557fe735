#include "storage/media.h"

#include <algorithm>
#include <array>
#include <span>
#include <vector>

#include "base/error.h"
#include "base/hash.h"

namespace weft::storage {
namespace {

namespace fs = std::filesystem;

using namespace std::string_view_literals;

constexpr std::uint64_t kMaxMediaBytes = std::uint64_t{1} << 30;
constexpr std::size_t kHeadBytes = 16;
constexpr std::uint64_t kTailBytes = 1 << 16;

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

// Of the container formats that name in bytes 8 to 11 what they contain.
bool is_form(std::string_view head, std::string_view container, std::string_view form) {
  return head.size() >= 12 && head.starts_with(container) && head.substr(8, 4) == form;
}

// A RIFF file states its size.
bool riff_is_cut(const MediaEnds& ends) {
  return std::uint64_t{little_endian_32(ends.head, 4)} + 8 > ends.size;
}

std::optional<std::string> image_damage(const MediaEnds& ends) {
  if (ends.head.starts_with("\xFF\xD8\xFF"sv)) {
    // The end marker, with room for what some cameras and tools append.
    if (ends.tail.rfind("\xFF\xD9"sv) == std::string_view::npos) return "the JPEG ends early";
  } else if (ends.head.starts_with("\x89PNG\r\n\x1A\n"sv)) {
    if (ends.tail.rfind("IEND"sv) == std::string_view::npos) return "the PNG ends early";
  } else if (is_form(ends.head, "RIFF", "WEBP")) {
    if (riff_is_cut(ends)) return "the WebP ends early";
  } else {
    return "is no JPEG, PNG or WebP";
  }
  return std::nullopt;
}

// MPEG audio begins with a tag or with a frame: eleven ones, and a layer that is not the reserved one.
bool is_mpeg(std::string_view head) {
  if (head.starts_with("ID3")) return true;
  if (head.size() < 2 || head[0] != '\xFF') return false;
  const auto second = static_cast<unsigned char>(head[1]);
  return (second & 0xE0U) == 0xE0U && (second & 0x06U) != 0;
}

std::optional<std::string> sound_damage(const MediaEnds& ends) {
  const std::string_view head = ends.head;
  if (is_form(head, "RIFF", "WAVE")) {
    const std::uint32_t size = little_endian_32(head, 4);
    // 0 and all ones are what streaming writers leave in a WAV whose length they did not know.
    if (size != 0 && size != 0xFFFFFFFFU && riff_is_cut(ends)) return "the WAV ends early";
  } else if (head.starts_with("fLaC")) {
    if (ends.size < 42) return "the FLAC ends early";
  } else if (head.starts_with("OggS")) {
    if (ends.size < 27) return "the Ogg ends early";
  } else {
    const bool known = is_form(head, "FORM", "AIFF") || is_form(head, "FORM", "AIFC") ||
                       head.starts_with("RIFX") || head.starts_with("RF64") || head.starts_with("riff") ||
                       head.starts_with(".snd") || head.starts_with("caff") || is_mpeg(head);
    if (!known) return "is no WAV, FLAC, Ogg, MP3, AIFF, AU or CAF";
  }
  return std::nullopt;
}

std::string hash_pieces(ReadableFile& file) {
  Hasher128 hasher;
  std::vector<std::byte> piece(static_cast<std::size_t>(std::min<std::uint64_t>(file.size(), 1 << 18)));
  for (std::uint64_t at = 0; at < file.size();) {
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(piece.size(), file.size() - at));
    const auto part = std::span(piece).first(size);
    file.read_at(at, part);
    hasher.update(part);
    at += size;
  }
  return hasher.hex();
}

}  // namespace

bool is_below(const fs::path& root, const fs::path& path) {
  std::error_code code;
  const fs::path resolved = fs::weakly_canonical(path, code);
  return !code && begins_with(root, resolved);
}

std::optional<std::string> media_damage(graph::FieldKind kind, const MediaEnds& ends) {
  if (ends.size == 0) return "the file is empty";
  if (ends.head.starts_with("RIFF") && ends.head.size() < 12) return "the RIFF header ends early";
  return kind == graph::FieldKind::kImage ? image_damage(ends) : sound_damage(ends);
}

MediaFile look_at_media(const fs::path& root, std::string_view relative, graph::FieldKind kind,
                        MediaRead read, Files& files) {
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
  try {
    const auto file = files.open(full);
    if (file->size() > kMaxMediaBytes) {
      media.problem = "is larger than 1 GiB";
      return media;
    }
    std::string tail(static_cast<std::size_t>(std::min(file->size(), kTailBytes)), '\0');
    file->read_at(file->size() - tail.size(), std::span(tail));
    const bool whole = tail.size() == file->size();
    std::array<char, kHeadBytes> head{};
    if (!whole) file->read_at(0, std::span(head));
    const MediaEnds ends{.head = whole ? std::string_view(tail) : std::string_view(head.data(), head.size()),
                         .tail = tail,
                         .size = file->size()};
    if (auto damage = media_damage(kind, ends)) {
      media.problem = std::move(*damage);
      return media;
    }
    if (read == MediaRead::kHash)
      media.content_hash = whole ? hash128_hex(std::as_bytes(std::span(tail))) : hash_pieces(*file);
    media.state = MediaState::kFound;
  } catch (const Error& error) {
    media.problem = error.summary();
  }
  return media;
}

}  // namespace weft::storage
