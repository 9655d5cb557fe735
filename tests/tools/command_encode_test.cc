// Encoding when something is not as it was: damaged feature sets and encoders, media that have gone.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <map>

#include "tests/encoders/media.h"
#include "tests/tools/small_shop.h"

namespace weft {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::HasSubstr;

constexpr const char* kPhotos = "fields.photo = { kind = \"image\", path = \"photos/{photo}\" }\n";

std::string picture(int n) {
  return encoders::png_bytes(encoders::paint(24, 24, [&](double x, double y) {
    return std::array<int, 3>{n * 12, static_cast<int>(x * 10), static_cast<int>(y) * (n % 3) * 5};
  }));
}

fs::path only_below(const fs::path& folder, const std::string& ending) {
  fs::path found;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file() && entry.path().string().ends_with(ending)) found = entry.path();
  }
  EXPECT_FALSE(found.empty()) << ending;
  return found;
}

void flip_middle(const fs::path& file) {
  std::string bytes = read_text(file);
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  write_text(file, bytes);
}

json field(const RunResult& encode, const std::string& name) {
  EXPECT_EQ(encode.exit_code, 0) << encode.err;
  for (const json& entry : encode.json()) {
    if (entry["field"] == name) return entry;
  }
  ADD_FAILURE() << name;
  return {};
}

TEST(CommandEncode, WhatIsDamagedIsMadeAnew) {
  const SmallShop shop;
  ASSERT_EQ(shop.run("ingest").exit_code, 0);
  ASSERT_EQ(shop.run("train").exit_code, 0);
  const std::string features = shop.workspace() / "features", encoders = shop.workspace() / "encoders";
  const fs::path values = only_below(features, "values.f32"), encoder = only_below(encoders, ".enc");
  const std::string good_values = read_text(values), good_encoder = read_text(encoder);

  for (const char* name : {"values.f32", "present.u8", "manifest.json"}) {
    flip_middle(values.parent_path() / name);
    const RunResult encode = shop.run("encode --json");
    EXPECT_TRUE(field(encode, "item.title")["encoded"].get<bool>()) << name;
    EXPECT_THAT(encode.err, HasSubstr(name));
    EXPECT_THAT(encode.err, HasSubstr("made anew"));
    EXPECT_EQ(read_text(values), good_values);
  }
  flip_middle(values);
  EXPECT_EQ(shop.run("recommend --user u1").exit_code, 0);
  EXPECT_EQ(read_text(values), good_values);

  flip_middle(encoder);
  const RunResult asked = shop.run("recommend --user u1");
  EXPECT_EQ(asked.exit_code, 1) << "what a model was trained with is not fitted again";
  EXPECT_THAT(asked.err, HasSubstr("train the model again"));
  const RunResult encode = shop.run("encode --json");
  EXPECT_TRUE(field(encode, "item.title")["fitted"].get<bool>());
  EXPECT_THAT(encode.err, HasSubstr("fitted anew"));
  EXPECT_EQ(read_text(encoder), good_encoder);
  EXPECT_EQ(shop.run("recommend --user u1").exit_code, 0);
}

TEST(CommandEncode, MediaThatHaveGoneAreNoMissingOnes) {
  const SmallShop shop(kPhotos);
  for (int i = 0; i < shop.items; ++i)
    write_text(shop.folder / "photos" / fmt::format("{}.png", i), picture(i));
  ASSERT_EQ(shop.run("ingest").exit_code, 0);
  fs::rename(shop.folder / "photos", shop.folder / "moved");
  const RunResult gone = shop.run("encode");
  EXPECT_EQ(gone.exit_code, 1);
  EXPECT_THAT(gone.err, HasSubstr("20 of 20"));
  EXPECT_THAT(gone.err, HasSubstr("data_root"));
  EXPECT_FALSE(fs::exists(shop.workspace() / "features" / "item.photo"));
  EXPECT_FALSE(fs::exists(shop.workspace() / "encoders" / "item.photo"));

  fs::rename(shop.folder / "moved", shop.folder / "photos");
  fs::remove(shop.folder / "photos" / "3.png");
  EXPECT_EQ(shop.run("encode --set clean.max_bad_media=0").exit_code, 1);
  const json few = field(shop.run("encode --json"), "item.photo");
  EXPECT_EQ(few["present"], 19);
  EXPECT_EQ(few["failed"], 1);
  EXPECT_THAT(few.at("failures").at(0).get<std::string>(), HasSubstr("item 'i3'"));
}

TEST(CommandEncode, AFileLargerThanTheDecoderTakesIsListed) {
  const SmallShop shop(kPhotos);
  for (int i = 0; i < shop.items; ++i)
    write_text(shop.folder / "photos" / fmt::format("{}.png", i), picture(i));
  // Its beginning and its end are those of a picture: nothing shows before it is decoded.
  const fs::path huge = shop.folder / "photos" / "5.png";
  fs::resize_file(huge, std::uintmax_t{64} << 20);
  std::ofstream(huge, std::ios::app | std::ios::binary) << picture(5);
  ASSERT_EQ(shop.run("ingest").exit_code, 0);
  const json photo = field(shop.run("encode --json"), "item.photo");
  EXPECT_EQ(photo["failed"], 1);
  EXPECT_THAT(photo.at("failures").at(0).get<std::string>(), HasSubstr("item 'i5'"));
}

// Where an encoder is fitted on a sample, it is one of the nodes that have something.
TEST(CommandEncode, SampleToFitOnIsOfWhatIsThere) {
  const SmallShop shop(kPhotos);
  for (int i = 1; i < shop.items; i += 2)
    write_text(shop.folder / "photos" / fmt::format("{}.png", i), picture(i));
  ASSERT_EQ(shop.run("ingest").exit_code, 0);
  const json photo = field(shop.run("encode --json --set encoders.image.max_fit=10"), "item.photo");
  EXPECT_EQ(photo["present"], 10);
  const std::string bytes = read_text(only_below(shop.workspace() / "features" / "item.photo", "values.f32"));
  EXPECT_FALSE(std::all_of(bytes.begin(), bytes.end(), [](char c) { return c == 0; }))
      << "fitted on nodes without a picture, an encoder knows no directions";
}

}  // namespace
}  // namespace weft
