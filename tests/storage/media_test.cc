#include "storage/media.h"

#include <gtest/gtest.h>

#include <fstream>

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
  MediaFile look(std::string_view path) { return look_at_media(root_, path, MediaRead::kHash, real_files()); }

  inline static const std::string kJpeg = "\xFF\xD8\xFF\xE0 picture \xFF\xD9"s;
  test::TempFolder folder_;
  fs::path root_;
};

TEST_F(Media, FoundIsHashedUnderANormalisedPath) {
  const MediaFile media = look("photos/./b/../a.jpg");
  EXPECT_EQ(media.state, MediaState::kFound);
  EXPECT_EQ(media.path, "photos/a.jpg");
  EXPECT_EQ(media.content_hash, hash128_hex(std::as_bytes(std::span(kJpeg))));
  EXPECT_EQ(look_at_media(root_, "photos/a.jpg", MediaRead::kLookOnly, real_files()).content_hash, "");
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

TEST_F(Media, DamageThatShowsWithoutDecoding) {
  EXPECT_FALSE(media_damage(kJpeg));
  EXPECT_EQ(media_damage(kJpeg.substr(0, kJpeg.size() - 2)), "the JPEG ends early");
  const std::string png = "\x89PNG\r\n\x1A\n....IEND\xAE\x42\x60\x82"s;
  EXPECT_FALSE(media_damage(png));
  EXPECT_EQ(media_damage(png.substr(0, 12)), "the PNG ends early");
  const std::string wav = "RIFF\x08\0\0\0WAVEdata"s;
  EXPECT_FALSE(media_damage(wav));
  EXPECT_EQ(media_damage(wav.substr(0, 14)), "the WAV ends early");
  EXPECT_FALSE(media_damage("RIFF\xFF\xFF\xFF\xFFWAVE...."s)) << "a streaming writer's WAV";
  EXPECT_EQ(media_damage("RIFF\x40\0\0\0WEBPVP8 "s), "the WebP ends early");
  EXPECT_FALSE(media_damage("some format of the future"));
}

}  // namespace
}  // namespace weft::storage
