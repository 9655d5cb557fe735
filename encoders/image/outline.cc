#include "encoders/image/outline.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <complex>
#include <numbers>

#include "encoders/math/fft.h"

namespace weft::encoders {
namespace {

constexpr std::size_t kRing = 2;  // pixels of border
constexpr float kUnlike = 25;     // Lab distance at which a pixel is certainly no background
constexpr std::size_t kDirections = 64;
constexpr std::size_t kCropSide = 8;

float median(std::vector<float>& values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

bool on_border(std::size_t x, std::size_t y) {
  return x < kRing || y < kRing || x >= kSide - kRing || y >= kSide - kRing;
}

bool inside(const Plane& mask, std::size_t x, std::size_t y) {
  return mask[y * kSide + x] > 0.5F;
}

// Central moments of the pixels above one half, coordinates in pixels.
struct Moments {
  double area = 0, x = 0, y = 0;
  double m20 = 0, m11 = 0, m02 = 0, m30 = 0, m21 = 0, m12 = 0, m03 = 0;
  std::size_t left = kSide, right = 0, top = kSide, bottom = 0;  // bounding box, inclusive
};

Moments moments_of(const Plane& mask) {
  Moments m;
  for (std::size_t y = 0; y < kSide; ++y) {
    for (std::size_t x = 0; x < kSide; ++x) {
      if (!inside(mask, x, y)) continue;
      m.area += 1;
      m.x += static_cast<double>(x);
      m.y += static_cast<double>(y);
      m.left = std::min(m.left, x);
      m.right = std::max(m.right, x);
      m.top = std::min(m.top, y);
      m.bottom = std::max(m.bottom, y);
    }
  }
  if (m.area == 0) return m;
  m.x /= m.area;
  m.y /= m.area;
  for (std::size_t y = 0; y < kSide; ++y) {
    for (std::size_t x = 0; x < kSide; ++x) {
      if (!inside(mask, x, y)) continue;
      const double dx = static_cast<double>(x) - m.x;
      const double dy = static_cast<double>(y) - m.y;
      m.m20 += dx * dx;
      m.m11 += dx * dy;
      m.m02 += dy * dy;
      m.m30 += dx * dx * dx;
      m.m21 += dx * dx * dy;
      m.m12 += dx * dy * dy;
      m.m03 += dy * dy * dy;
    }
  }
  return m;
}

std::vector<float> hu_moments(const Moments& m) {
  const double second = m.area * m.area;
  const double third = second * std::sqrt(m.area);
  const double a = m.m20 / second;
  const double b = m.m11 / second;
  const double c = m.m02 / second;
  const double p = m.m30 / third;
  const double q = m.m21 / third;
  const double r = m.m12 / third;
  const double s = m.m03 / third;
  const double pr = p + r;
  const double qs = q + s;
  const double p3r = p - 3 * r;
  const double q3s = 3 * q - s;
  const std::array<double, kHuMoments> hu = {
      a + c,
      (a - c) * (a - c) + 4 * b * b,
      p3r * p3r + q3s * q3s,
      pr * pr + qs * qs,
      p3r * pr * (pr * pr - 3 * qs * qs) + q3s * qs * (3 * pr * pr - qs * qs),
      (a - c) * (pr * pr - qs * qs) + 4 * b * pr * qs,
      q3s * pr * (pr * pr - 3 * qs * qs) - p3r * qs * (3 * pr * pr - qs * qs)};
  std::vector<float> out;
  // Their sizes differ by many powers of ten; below 1e-10 is nothing but the grid.
  for (const double v : hu)
    out.push_back(static_cast<float>(std::copysign(std::log1p(std::abs(v) * 1e10), v)));
  return out;
}

// Distance of the farthest inside pixel from the centre in each direction, as a spectrum without the mean.
std::vector<float> outline_harmonics(const Plane& mask, const Moments& m) {
  static const RealFft fft(kDirections);
  std::array<float, kDirections> radius{};
  float sum = 0;
  for (std::size_t d = 0; d < kDirections; ++d) {
    const double angle = 2 * std::numbers::pi * static_cast<double>(d) / kDirections;
    for (double r = 0; r < 1.5 * kSide; r += 0.5) {
      const double x = std::round(m.x + r * std::cos(angle));
      const double y = std::round(m.y + r * std::sin(angle));
      if (x < 0 || y < 0 || x >= kSide || y >= kSide) break;
      if (inside(mask, static_cast<std::size_t>(x), static_cast<std::size_t>(y)))
        radius[d] = static_cast<float>(r);
    }
    sum += radius[d];
  }
  std::array<std::complex<float>, kDirections / 2 + 1> spectrum{};
  std::array<float, kDirections> work{};
  fft.transform(radius, spectrum, work);
  std::vector<float> out;
  for (std::size_t h = 1; h <= kHarmonics; ++h) out.push_back(std::abs(spectrum[h]) / (sum + 1));
  return out;
}

// Pixel edges between inside and outside.
double perimeter(const Plane& mask) {
  double edges = 0;
  for (std::size_t y = 0; y < kSide; ++y) {
    for (std::size_t x = 0; x < kSide; ++x) {
      if (x + 1 < kSide && inside(mask, x, y) != inside(mask, x + 1, y)) edges += 1;
      if (y + 1 < kSide && inside(mask, x, y) != inside(mask, x, y + 1)) edges += 1;
    }
  }
  return edges;
}

}  // namespace

Foreground find_foreground(const Picture& picture) {
  std::vector<float> l;
  std::vector<float> a;
  std::vector<float> b;
  for (std::size_t y = 0; y < kSide; ++y) {
    for (std::size_t x = 0; x < kSide; ++x) {
      if (!on_border(x, y)) continue;
      l.push_back(picture.lightness[y * kSide + x]);
      a.push_back(picture.green_red[y * kSide + x]);
      b.push_back(picture.blue_yellow[y * kSide + x]);
    }
  }
  Foreground out{.mask = Plane(kPixels), .border = {}};
  out.border = {.lightness = median(l), .green_red = median(a), .blue_yellow = median(b)};
  double unrest = 0;
  for (std::size_t i = 0; i < kPixels; ++i) {
    const float dl = picture.lightness[i] - out.border.lightness;
    const float da = picture.green_red[i] - out.border.green_red;
    const float db = picture.blue_yellow[i] - out.border.blue_yellow;
    const float distance = std::sqrt(dl * dl + da * da + db * db);
    out.mask[i] = std::min(1.0F, distance / kUnlike);
    if (on_border(i % kSide, i / kSide)) unrest += distance;
  }
  out.unrest = static_cast<float>(unrest / static_cast<double>(l.size()));
  return out;
}

Outline trace_outline(const Foreground& foreground) {
  Outline out{.hu = std::vector<float>(kHuMoments),
              .harmonics = std::vector<float>(kHarmonics),
              .cropped = std::vector<float>(kCropSide * kCropSide)};
  const Moments m = moments_of(foreground.mask);
  if (m.area < 4) return out;
  constexpr double kHalf = kSide / 2.0;
  out.area = static_cast<float>(m.area / kPixels);
  out.x = static_cast<float>((m.x + 0.5 - kHalf) / kHalf);
  out.y = static_cast<float>((m.y + 0.5 - kHalf) / kHalf);
  const double difference = std::sqrt((m.m20 - m.m02) * (m.m20 - m.m02) + 4 * m.m11 * m.m11);
  const double sum = m.m20 + m.m02 + 1e-9;
  out.stretch = static_cast<float>(difference / sum);
  out.lean_cos = static_cast<float>((m.m20 - m.m02) / sum);
  out.lean_sin = static_cast<float>(2 * m.m11 / sum);
  const double edges = perimeter(foreground.mask) + 1;
  out.roundness = static_cast<float>(std::sqrt(16 * m.area / (edges * edges)));
  out.hu = hu_moments(m);
  out.harmonics = outline_harmonics(foreground.mask, m);
  const std::size_t width = m.right - m.left + 1;
  const std::size_t height = m.bottom - m.top + 1;
  std::vector<float> box(width * height);
  for (std::size_t y = 0; y < height; ++y) {
    for (std::size_t x = 0; x < width; ++x)
      box[y * width + x] = foreground.mask[(m.top + y) * kSide + m.left + x];
  }
  out.cropped = resize(box, width, height, kCropSide, kCropSide);
  return out;
}

}  // namespace weft::encoders
