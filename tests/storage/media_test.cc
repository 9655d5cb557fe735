#include "storage/media.h"

#include <gtest/gtest.h>

#include <fstream>

#include "base/fault_files.h"
#include "base/hash.h"
#include "tests/support/temp_folder.h"

namespace weft::storage {
namespace {

namespace fs = std::filesystem;
using namespace std::string_literals;

class Media : public ::testing::Test {
 protected:
  Media() {
    root_ = fs::canonical(folder_.path()) / "root";
    fs::create_directories(root_ / "photos");
    real_files().write_whole(root_ / "photos/a.jpg", kJpeg);
    real_files().write_whole(fs::path(folder_.path()) / "secret.jpg", kJpeg);
  }
  MediaFile look(std::string_view path, MediaRead read = MediaRead::kHash) {
    return look_at_media(root_, path, graph::FieldKind::kImage, read, real_files());
  }

  inline static const std::string kJpeg = "\xFF\xD8\xFF\xE0 picture \xFF\xD9"s;
  test::TempFolder folder_;
  fs::path root_;
};

TEST_F(Media, FoundIsHashedUnderANormalisedPath) {
  const MediaFile media = look("photos/./b/../a.jpg");
  EXPECT_EQ(media.state, MediaState::kFound);
  EXPECT_EQ(media.path, "photos/a.jpg");
  EXPECT_EQ(media.content_hash, hash128_hex(std::as_bytes(std::span(kJpeg))));
  EXPECT_EQ(look("photos/a.jpg", MediaRead::kLookOnly).content_hash, "");
}

TEST_F(Media, NothingOutsideTheRootIsRead) {
  fs::create_symlink(folder_.path(), root_ / "up");
  fs::create_symlink(fs::path(folder_.path()) / "secret.jpg", root_ / "link.jpg");
  for (const char* path :
       {"../secret.jpg", "photos/../../secret.jpg", "/etc/hostname", "up/secret.jpg", "link.jpg", ".."}) {
    const MediaFile media = look(path);
    EXPECT_EQ(media.state, MediaState::kOutside) << path;
    EXPECT_EQ(media.content_hash, "") << path;
  }
  EXPECT_EQ(look("photos/a.jpg\0.png"s).state, MediaState::kOutside);
}

TEST_F(Media, ALinkThatStaysInsideIsFine) {
  fs::create_symlink("photos", root_ / "pictures");
  EXPECT_EQ(look("pictures/a.jpg").state, MediaState::kFound);
}

TEST_F(Media, MissingAndCorrupt) {
  EXPECT_EQ(look("photos/none.jpg").state, MediaState::kMissing);
  EXPECT_EQ(look("photos/a.jpg/deeper").state, MediaState::kMissing);
  EXPECT_EQ(look("photos").state, MediaState::kCorrupt);
  real_files().write_whole(root_ / "empty.jpg", "");
  EXPECT_EQ(look("empty.jpg").problem, "the file is empty");
}

TEST_F(Media, ALargeFileIsHashedInPieces) {
  const std::string large = kJpeg.substr(0, kJpeg.size() - 2) + std::string(1'000'000, 'x') + "\xFF\xD9";
  real_files().write_whole(root_ / "large.jpg", large);
  EXPECT_EQ(look("large.jpg").content_hash, hash128_hex(std::as_bytes(std::span(large))));
  real_files().write_whole(root_ / "large.jpg", large.substr(0, 500'000));
  EXPECT_EQ(look("large.jpg").problem, "the JPEG ends early");
}

TEST_F(Media, AFileThatCannotBeReadIsCorrupt) {
  real_files().write_whole(root_ / "large.jpg", kJpeg + std::string(600'000, 'x') + kJpeg);
  for (std::uint64_t n = 1; n <= 5; ++n) {  // the tail, the head, three pieces
    FaultFiles files(real_files());
    files.fail_nth(FileOperation::kRead, n);
    const MediaFile media =
        look_at_media(root_, "large.jpg", graph::FieldKind::kImage, MediaRead::kHash, files);
    EXPECT_EQ(media.state, MediaState::kCorrupt);
    EXPECT_EQ(media.problem, "injected: read failed: Input/output error");
    EXPECT_EQ(media.content_hash, "");
  }
}

std::optional<std::string> damage(graph::FieldKind kind, std::string_view bytes) {
  return media_damage(kind, {.head = bytes, .tail = bytes, .size = bytes.size()});
}

TEST_F(Media, DamageThatShowsWithoutDecoding) {
  const auto image = [](std::string_view bytes) { return damage(graph::FieldKind::kImage, bytes); };
  const auto sound = [](std::string_view bytes) { return damage(graph::FieldKind::kAudio, bytes); };
  EXPECT_FALSE(image(kJpeg));
  EXPECT_EQ(image(kJpeg.substr(0, kJpeg.size() - 2)), "the JPEG ends early");
  const std::string png = "\x89PNG\r\n\x1A\n....IEND\xAE\x42\x60\x82"s;
  EXPECT_FALSE(image(png));
  EXPECT_EQ(image(png.substr(0, 12)), "the PNG ends early");
  EXPECT_FALSE(image("RIFF\x08\0\0\0WEBPVP8 "s));
  EXPECT_EQ(image("RIFF\x40\0\0\0WEBPVP8 "s), "the WebP ends early");
  const std::string wav = "RIFF\x08\0\0\0WAVEdata"s;
  EXPECT_FALSE(sound(wav));
  EXPECT_EQ(sound(wav.substr(0, 14)), "the WAV ends early");
  EXPECT_EQ(sound(wav.substr(0, 6)), "the RIFF header ends early");
  EXPECT_FALSE(sound("RIFF\xFF\xFF\xFF\xFFWAVE...."s)) << "a streaming writer's WAV";
  EXPECT_EQ(sound("fLaC"), "the FLAC ends early");
  EXPECT_EQ(sound("OggS"), "the Ogg ends early");
}

TEST_F(Media, WhatTheEncodersDoNotDecodeIsDamaged) {
  const std::string page = "<!DOCTYPE html><title>404</title>";
  const std::string wav = "RIFF\x08\0\0\0WAVEdata"s;
  for (const std::string& bytes : {page, "GIF89a........;"s, wav, "\xFF\xFB\x90\x64 mp3"s, "x"s})
    EXPECT_EQ(damage(graph::FieldKind::kImage, bytes), "is no JPEG, PNG or WebP") << bytes;
  for (const std::string& bytes :
       {page, kJpeg, "RIFF\x08\0\0\0WEBPVP8 "s, "FORM\0\0\0\x08 8SVX"s, "FORM"s, "x"s})
    EXPECT_EQ(damage(graph::FieldKind::kAudio, bytes), "is no WAV, FLAC, Ogg, MP3, AIFF, AU or CAF") << bytes;
  for (const std::string& bytes :
       {"FORM\0\0\0\x08"
        "AIFC...."s,
        ".snd...."s, "caff...."s, "RF64\xFF\xFF\xFF\xFFWAVE"s, "ID3\x04...."s, "\xFF\xFB\x90\x64 mp3"s})
    EXPECT_FALSE(damage(graph::FieldKind::kAudio, bytes)) << bytes;
}

}  // namespace
}  // namespace weft::storage
