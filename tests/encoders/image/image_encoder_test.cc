#include "encoders/image/image_encoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <numbers>
#include <random>

#include "base/error.h"
#include "base/thread_pool.h"
#include "encoders/image/descriptor.h"
#include "tests/encoders/media.h"
#include "tests/encoders/temp_folder.h"

namespace weft::encoders {
namespace {

struct Sample {
  std::string bytes;
  std::array<std::size_t, 3> labels;  // colour, shape, stripes
};

// A thing of one of three colours, three outlines and two stripe widths, anywhere on a light ground, as JPEG.
std::vector<Sample> samples(std::size_t count, std::uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<Sample> out;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t colour = random() % 3;
    const std::size_t shape = random() % 3;
    const std::size_t stripes = random() % 2;
    const double cx = 26 + random() % 13;
    const double cy = 26 + random() % 13;
    const double radius = 15 + random() % 8;
    const double turn = random() % 100 / 50.0;
    const Image image = paint(56, 56, [&](double x, double y) {
      const double dx = std::abs(x - cx);
      const double dy = std::abs(y - cy);
      const bool in = shape == 0   ? dx * dx + dy * dy < radius * radius
                      : shape == 1 ? std::max(dx, dy) < radius * 0.9
                                   : dx < radius * 0.4 && dy < radius * 1.4;
      if (!in) return std::array<int, 3>{230, 230, 225};
      const double phase = (x * std::cos(turn) + y * std::sin(turn)) * (stripes == 0 ? 0.5 : 1.6);
      const int bright = std::sin(phase) > 0 ? 220 : 110;
      std::array<int, 3> rgb = {40, 40, 40};
      rgb[colour] = bright;
      return rgb;
    });
    out.push_back({.bytes = jpeg_bytes(image, JpegKind::kBaseline, 85), .labels = {colour, shape, stripes}});
  }
  return out;
}

std::vector<Asset> assets_of(const std::vector<Sample>& samples) {
  std::vector<Asset> assets;
  for (const Sample& s : samples) assets.push_back(Asset::media(s.bytes));
  return assets;
}

// Share of rows for which the nearest mean of a class (of `train`) is their own.
double nearest_mean_accuracy(const Encoded& train, const std::vector<Sample>& train_samples,
                             const Encoded& test, const std::vector<Sample>& test_samples,
                             std::size_t label) {
  std::vector<std::vector<double>> means(3, std::vector<double>(train.dim, 0.0));
  std::vector<double> counts(3, 1e-9);
  for (std::size_t i = 0; i < train.rows; ++i) {
    const std::size_t c = train_samples[i].labels[label];
    counts[c] += 1;
    for (std::size_t d = 0; d < train.dim; ++d) means[c][d] += train.row(i)[d];
  }
  double right = 0;
  for (std::size_t i = 0; i < test.rows; ++i) {
    std::size_t best = 0;
    double least = 1e300;
    for (std::size_t c = 0; c < 3; ++c) {
      if (counts[c] < 1) continue;
      double distance = 0;
      for (std::size_t d = 0; d < test.dim; ++d) {
        const double x = means[c][d] / counts[c] - test.row(i)[d];
        distance += x * x;
      }
      if (distance < least) {
        least = distance;
        best = c;
      }
    }
    right += best == test_samples[i].labels[label] ? 1 : 0;
  }
  return right / static_cast<double>(test.rows);
}

TEST(ImageEncoder, VectorsTellColoursOutlinesAndTexturesOfUnseenPictures) {
  const std::vector<Sample> train = samples(300, 1);
  const std::vector<Sample> test = samples(150, 2);
  const ImageEncoder encoder = ImageEncoder::fit(assets_of(train), {.reduction = {.dim = 48, .whiten = 0.5}});
  const Encoded a = encoder.encode(assets_of(train));
  const Encoded b = encoder.encode(assets_of(test));
  EXPECT_GT(nearest_mean_accuracy(a, train, b, test, 0), 0.98);
  EXPECT_GT(nearest_mean_accuracy(a, train, b, test, 1), 0.95);
  EXPECT_GT(nearest_mean_accuracy(a, train, b, test, 2), 0.9);
}

TEST(ImageEncoder, MissingAndBrokenPicturesAreZeroRowsWithReasons) {
  const std::vector<Sample> train = samples(60, 3);
  const ImageEncoder encoder = ImageEncoder::fit(assets_of(train), {.reduction = {.dim = 8}});
  const std::string& good = train[0].bytes;
  const std::vector<Asset> assets = {Asset::media(good), Asset::missing(),
                                     Asset::media(std::string_view(good).substr(0, good.size() / 2)),
                                     Asset::text("red"), Asset::media(std::string_view())};
  const Encoded out = encoder.encode(assets);
  EXPECT_THAT(out.present, ::testing::ElementsAre(1, 0, 0, 0, 0));
  for (std::size_t i = 8; i < out.values.size(); ++i) EXPECT_EQ(out.values[i], 0);
  ASSERT_EQ(out.failures.size(), 3U);
  EXPECT_THAT(out.failures[0].reason, ::testing::StartsWith("broken JPEG"));
  EXPECT_EQ(out.failures[1].reason, "is no picture file");
  EXPECT_EQ(out.failures[2].reason, "empty file");
}

TEST(ImageEncoder, IsTheSameOnAnyNumberOfThreadsAndAfterSaving) {
  const TempFolder temp;
  const std::vector<Sample> train = samples(90, 4);
  std::vector<Asset> assets = assets_of(train);
  assets[7] = Asset::missing();
  assets[9] = Asset::media("junk");
  ThreadPool pool(2);
  const ImageOptions options{.reduction = {.dim = 24}};
  const ImageEncoder one = ImageEncoder::fit(assets, options);
  const ImageEncoder two = ImageEncoder::fit(assets, options, &pool);
  EXPECT_EQ(one.fingerprint(), two.fingerprint());
  const std::vector<float> values = one.encode(assets).values;
  EXPECT_EQ(values, two.encode(assets, &pool).values);
  one.save(temp.path() / "image.weftenc");
  const ImageEncoder loaded = ImageEncoder::load(temp.path() / "image.weftenc");
  EXPECT_EQ(loaded.fingerprint(), one.fingerprint());
  EXPECT_EQ(loaded.options().limits.enough_side, options.limits.enough_side);
  EXPECT_EQ(loaded.encode(assets).values, values);
  std::string bytes = real_files().read_whole(temp.path() / "image.weftenc");
  for (std::size_t i = 0; i < bytes.size(); i += 997) {
    std::string bad = bytes;
    bad[i] = static_cast<char>(bad[i] ^ 4);
    real_files().write_whole(temp.path() / "bad", bad);
    EXPECT_THROW(ImageEncoder::load(temp.path() / "bad"), Error) << i;
  }
}

TEST(ImageDescriptor, IsFiniteForPicturesOfAnyKind) {
  const auto constant = [](int v) { return [v](double, double) { return std::array<int, 3>{v, v, v}; }; };
  std::mt19937 random(6);
  const std::vector<Image> images = {
      paint(1, 1, constant(0)), paint(500, 1, constant(255)), paint(1, 300, constant(128)),
      paint(64, 64, constant(255)), paint(90, 60, [&](double, double) {
        return std::array<int, 3>{static_cast<int>(random() % 256), static_cast<int>(random() % 256), 3};
      })};
  for (const Image& image : images) {
    const std::vector<float> d = describe_picture(make_picture(image));
    ASSERT_EQ(d.size(), descriptor_size(image_groups()));
    for (const float v : d) ASSERT_TRUE(std::isfinite(v));
  }
}

}  // namespace
}  // namespace weft::encoders
