#include "encoders/image/picture.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/error.h"

namespace weft::encoders {
namespace {

// Weights of the source positions that make one target position.
struct Taps {
  std::size_t first = 0;
  std::vector<float> weights = {};  // sum to 1
};

std::vector<Taps> make_taps(std::size_t from, std::size_t to) {
  const double step = static_cast<double>(from) / static_cast<double>(to);
  const double reach = std::max(1.0, step);
  std::vector<Taps> taps(to);
  for (std::size_t i = 0; i < to; ++i) {
    const double centre = (static_cast<double>(i) + 0.5) * step;
    const double low = std::max(0.0, std::floor(centre - reach));
    const double high = std::min(static_cast<double>(from), std::ceil(centre + reach));
    taps[i].first = static_cast<std::size_t>(low);
    double sum = 0;
    for (auto s = static_cast<std::size_t>(low); s < static_cast<std::size_t>(high); ++s) {
      const double weight = std::max(0.0, 1 - std::abs(static_cast<double>(s) + 0.5 - centre) / reach);
      taps[i].weights.push_back(static_cast<float>(weight));
      sum += weight;
    }
    for (float& w : taps[i].weights) w = static_cast<float>(w / sum);
  }
  return taps;
}

constexpr std::size_t kCurve = 4'096;
using Curve = std::array<float, kCurve + 2>;

// A function on 0 .. 1 as a table with straight lines between the entries.
template <typename Function>
Curve make_curve(const Function& function) {
  Curve curve{};
  for (std::size_t i = 0; i < curve.size(); ++i) {
    curve[i] = static_cast<float>(function(std::min(1.0, static_cast<double>(i) / kCurve)));
  }
  return curve;
}

float follow(const Curve& curve, float x) {
  const float at = std::clamp(x, 0.0F, 1.0F) * static_cast<float>(kCurve);
  const auto i = static_cast<std::size_t>(at);
  const float share = at - static_cast<float>(i);
  return curve[i] + share * (curve[i + 1] - curve[i]);
}

double srgb_to_linear(double v) {
  return v <= 0.04045 ? v / 12.92 : std::pow((v + 0.055) / 1.055, 2.4);
}
double lab_curve(double t) {
  return t > 216.0 / 24389 ? std::cbrt(t) : (24389.0 / 27 * t + 16) / 116;
}

}  // namespace

std::vector<float> resize(std::span<const float> plane, std::size_t width, std::size_t height,
                          std::size_t to_width, std::size_t to_height) {
  WEFT_CHECK(plane.size() == width * height && width > 0 && height > 0);
  const std::vector<Taps> across = make_taps(width, to_width);
  const std::vector<Taps> down = make_taps(height, to_height);
  std::vector<float> narrow(height * to_width);
  for (std::size_t y = 0; y < height; ++y) {
    for (std::size_t x = 0; x < to_width; ++x) {
      const float* from = &plane[y * width + across[x].first];
      float sum = 0;
      for (std::size_t t = 0; t < across[x].weights.size(); ++t) sum += across[x].weights[t] * from[t];
      narrow[y * to_width + x] = sum;
    }
  }
  std::vector<float> out(to_height * to_width, 0.0F);
  for (std::size_t y = 0; y < to_height; ++y) {
    for (std::size_t t = 0; t < down[y].weights.size(); ++t) {
      const float weight = down[y].weights[t];
      const float* from = &narrow[(down[y].first + t) * to_width];
      for (std::size_t x = 0; x < to_width; ++x) out[y * to_width + x] += weight * from[x];
    }
  }
  return out;
}

Lab to_lab(float red, float green, float blue) {
  static const Curve linear = make_curve(srgb_to_linear);
  static const Curve curve = make_curve(lab_curve);
  const float r = follow(linear, red);
  const float g = follow(linear, green);
  const float b = follow(linear, blue);
  // sRGB primaries to XYZ, divided by the white point D65.
  const float x = follow(curve, (0.4124564F * r + 0.3575761F * g + 0.1804375F * b) / 0.95047F);
  const float y = follow(curve, 0.2126729F * r + 0.7151522F * g + 0.0721750F * b);
  const float z = follow(curve, (0.0193339F * r + 0.1191920F * g + 0.9503041F * b) / 1.08883F);
  return {.lightness = 116 * y - 16, .green_red = 500 * (x - y), .blue_yellow = 200 * (y - z)};
}

Hsv to_hsv(float red, float green, float blue) {
  const float high = std::max({red, green, blue});
  const float low = std::min({red, green, blue});
  const float range = high - low;
  Hsv out{.saturation = high > 0 ? range / high : 0, .value = high};
  if (range <= 0) return out;
  if (high == red) {
    out.hue = (green - blue) / range + (green < blue ? 6.0F : 0.0F);
  } else if (high == green) {
    out.hue = (blue - red) / range + 2;
  } else {
    out.hue = (red - green) / range + 4;
  }
  return out;
}

Picture make_picture(const Image& image) {
  WEFT_CHECK(image.rgb.size() == image.width * image.height * 3);
  Picture out;
  out.aspect = static_cast<double>(image.width) / static_cast<double>(image.height);
  const std::array<Plane*, 3> channels = {&out.red, &out.green, &out.blue};
  std::vector<float> plane(image.width * image.height);
  for (std::size_t c = 0; c < 3; ++c) {
    for (std::size_t i = 0; i < plane.size(); ++i) plane[i] = static_cast<float>(image.rgb[3 * i + c]) / 255;
    *channels[c] = resize(plane, image.width, image.height, kSide, kSide);
  }
  out.lightness.resize(kPixels);
  out.green_red.resize(kPixels);
  out.blue_yellow.resize(kPixels);
  for (std::size_t i = 0; i < kPixels; ++i) {
    const Lab lab = to_lab(out.red[i], out.green[i], out.blue[i]);
    out.lightness[i] = lab.lightness;
    out.green_red[i] = lab.green_red;
    out.blue_yellow[i] = lab.blue_yellow;
  }
  return out;
}

}  // namespace weft::encoders
