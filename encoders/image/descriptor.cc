#include "encoders/image/descriptor.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "encoders/image/outline.h"
#include "encoders/image/texture.h"

namespace weft::encoders {
namespace {

constexpr std::size_t kHues = 12;
constexpr std::size_t kValues = 3;
constexpr std::size_t kGrays = 8;
constexpr std::size_t kHistogram = kHues * kValues + kGrays;
constexpr std::size_t kGrid = 4;  // cells a side for colours
constexpr std::size_t kMaskGrid = 8;
constexpr std::array<float, 3> kEdges = {2, 6, 15};  // lightness per pixel

constexpr std::array<DescriptorGroup, 10> kGroups = {
    {{.name = "colour", .size = 19},
     {.name = "histogram", .size = 2 * kHistogram, .weight = 1.5},
     {.name = "parts", .size = 13},
     {.name = "layout", .size = 4 * kGrid * kGrid},
     {.name = "cells", .size = kCells * kCells * kCellDirections, .weight = 1.5},
     {.name = "directions", .size = 2 * kDirections + 2 * kEdges.size()},
     {.name = "mask", .size = 2 * kMaskGrid * kMaskGrid},
     {.name = "outline", .size = 8 + kHuMoments + kHarmonics},
     {.name = "patterns", .size = 3 * kLocalPatterns},
     {.name = "spectrum", .size = kRadialBands + kSectorBands * kSectors + 9}}};

struct Weighted {
  float mean = 0;
  float deviation = 0;
  float skew = 0;  // cube root of the third central moment
};

Weighted moments(const Plane& plane, const Plane& weights) {
  double total = 1e-6;
  double sum = 0;
  for (std::size_t i = 0; i < kPixels; ++i) {
    total += weights[i];
    sum += static_cast<double>(weights[i]) * plane[i];
  }
  const double mean = sum / total;
  double second = 0;
  double third = 0;
  for (std::size_t i = 0; i < kPixels; ++i) {
    const double d = plane[i] - mean;
    second += weights[i] * d * d;
    third += weights[i] * d * d * d;
  }
  return {.mean = static_cast<float>(mean),
          .deviation = static_cast<float>(std::sqrt(second / total)),
          .skew = static_cast<float>(std::cbrt(third / total))};
}

// A position among bins, shared by the two nearest.
struct Share {
  std::size_t low = 0;
  std::size_t high = 0;
  float to_high = 0;
};
Share among(float value, std::size_t bins) {  // value in 0 .. 1, bin centres at the ends
  const float position = std::clamp(value, 0.0F, 1.0F) * static_cast<float>(bins - 1);
  const auto low = static_cast<std::size_t>(position);
  return {.low = low, .high = std::min(low + 1, bins - 1), .to_high = position - static_cast<float>(low)};
}
Share around(float value, std::size_t bins) {  // value in 0 .. 1, a circle
  const float position = value * static_cast<float>(bins);
  const auto low = static_cast<std::size_t>(position);
  return {.low = low % bins, .high = (low + 1) % bins, .to_high = position - static_cast<float>(low)};
}

// Hue x value of what is coloured, lightness of what is gray; square roots of shares.
std::vector<float> colour_histogram(const Picture& picture, const Plane& weights) {
  std::vector<float> bins(kHistogram, 0.0F);
  for (std::size_t i = 0; i < kPixels; ++i) {
    const Hsv c = to_hsv(picture.red[i], picture.green[i], picture.blue[i]);
    // Dark or pale pixels have a hue by chance: colour counts as far as it is seen.
    const float seen = std::min(1.0F, 2 * c.saturation * c.value);
    const Share hue = around(c.hue / 6, kHues);
    const Share value = among(c.value, kValues);
    const Share gray = among(c.value, kGrays);
    const float coloured = weights[i] * seen;
    const float plain = weights[i] * (1 - seen);
    bins[hue.low * kValues + value.low] += coloured * (1 - hue.to_high) * (1 - value.to_high);
    bins[hue.low * kValues + value.high] += coloured * (1 - hue.to_high) * value.to_high;
    bins[hue.high * kValues + value.low] += coloured * hue.to_high * (1 - value.to_high);
    bins[hue.high * kValues + value.high] += coloured * hue.to_high * value.to_high;
    bins[kHues * kValues + gray.low] += plain * (1 - gray.to_high);
    bins[kHues * kValues + gray.high] += plain * gray.to_high;
  }
  float sum = 1e-6F;
  for (const float b : bins) sum += b;
  for (float& b : bins) b = std::sqrt(b / sum);
  return bins;
}

void add_colour(DescriptorBuilder& out, const Picture& picture, const Plane& all) {
  for (const Plane* plane : {&picture.lightness, &picture.green_red, &picture.blue_yellow}) {
    const Weighted m = moments(*plane, all);
    out.add(m.mean);
    out.add(m.deviation);
    out.add(m.skew);
  }
  for (const Plane* plane : {&picture.red, &picture.green, &picture.blue}) {
    const Weighted m = moments(*plane, all);
    out.add(m.mean);
    out.add(m.deviation);
  }
  Plane saturation(kPixels);
  Plane value(kPixels);
  for (std::size_t i = 0; i < kPixels; ++i) {
    const Hsv c = to_hsv(picture.red[i], picture.green[i], picture.blue[i]);
    saturation[i] = c.saturation;
    value[i] = c.value;
  }
  for (const Plane* plane : {&saturation, &value}) {
    const Weighted m = moments(*plane, all);
    out.add(m.mean);
    out.add(m.deviation);
  }
  out.end_group("colour");
}

void add_parts(DescriptorBuilder& out, const Picture& picture, const Foreground& foreground,
               const Plane& background) {
  for (const Plane* part : {&foreground.mask, &background}) {
    for (const Plane* plane : {&picture.lightness, &picture.green_red, &picture.blue_yellow}) {
      const Weighted m = moments(*plane, *part);
      out.add(m.mean);
      out.add(m.deviation);
    }
  }
  out.add(foreground.unrest);
  out.end_group("parts");
}

void add_layout(DescriptorBuilder& out, const Picture& picture) {
  for (const Plane* plane : {&picture.lightness, &picture.green_red, &picture.blue_yellow}) {
    out.add(resize(*plane, kSide, kSide, kGrid, kGrid));
  }
  constexpr std::size_t kCell = kSide / kGrid;
  for (std::size_t cell = 0; cell < kGrid * kGrid; ++cell) {
    double sum = 0;
    double square = 0;
    for (std::size_t i = 0; i < kCell * kCell; ++i) {
      const std::size_t y = cell / kGrid * kCell + i / kCell;
      const std::size_t x = cell % kGrid * kCell + i % kCell;
      const double v = picture.lightness[y * kSide + x];
      sum += v;
      square += v * v;
    }
    constexpr double kCount = kCell * kCell;
    out.add(static_cast<float>(std::sqrt(std::max(0.0, square / kCount - sum / kCount * (sum / kCount)))));
  }
  out.end_group("layout");
}

void add_edges(DescriptorBuilder& out, const Gradients& gradients, const Foreground& foreground,
               const Plane& all) {
  out.add(cell_directions(gradients));
  out.end_group("cells");
  out.add(direction_histogram(gradients, all));
  out.add(direction_histogram(gradients, foreground.mask));
  for (const Plane* part : {&all, &foreground.mask}) {
    for (const float least : kEdges) {
      double total = 1e-6;
      double edges = 0;
      for (std::size_t i = 0; i < kPixels; ++i) {
        total += (*part)[i];
        if (gradients.strength[i] > least) edges += (*part)[i];
      }
      out.add(static_cast<float>(std::sqrt(edges / total)));
    }
  }
  out.end_group("directions");
}

void add_outline(DescriptorBuilder& out, const Picture& picture, const Foreground& foreground) {
  const Outline outline = trace_outline(foreground);
  out.add(resize(foreground.mask, kSide, kSide, kMaskGrid, kMaskGrid));
  out.add(outline.cropped);
  out.end_group("mask");
  for (const float v : {outline.area, outline.x, outline.y, outline.stretch, outline.lean_cos,
                        outline.lean_sin, outline.roundness, static_cast<float>(std::log(picture.aspect))}) {
    out.add(v);
  }
  out.add(outline.hu);
  out.add(outline.harmonics);
  out.end_group("outline");
}

// How much lightness and colour change between a size and half of it, at three sizes.
void add_band_energies(DescriptorBuilder& out, const Picture& picture) {
  for (const Plane* plane : {&picture.lightness, &picture.green_red, &picture.blue_yellow}) {
    std::vector<float> now = *plane;
    for (std::size_t side = kSide; side > kSide / 8; side /= 2) {
      const std::vector<float> half = resize(now, side, side, side / 2, side / 2);
      const std::vector<float> back = resize(half, side / 2, side / 2, side, side);
      double square = 0;
      for (std::size_t i = 0; i < now.size(); ++i) square += (now[i] - back[i]) * (now[i] - back[i]);
      out.add(static_cast<float>(0.5 * std::log(square / static_cast<double>(now.size()) + 0.01)));
      now = half;
    }
  }
}

}  // namespace

std::span<const DescriptorGroup> image_groups() {
  return kGroups;
}

std::vector<float> describe_picture(const Picture& picture) {
  const Plane all(kPixels, 1.0F);
  const Foreground foreground = find_foreground(picture);
  Plane background(kPixels);
  for (std::size_t i = 0; i < kPixels; ++i) background[i] = 1 - foreground.mask[i];
  DescriptorBuilder out(kGroups);
  add_colour(out, picture, all);
  out.add(colour_histogram(picture, all));
  out.add(colour_histogram(picture, foreground.mask));
  out.end_group("histogram");
  add_parts(out, picture, foreground, background);
  add_layout(out, picture);
  add_edges(out, find_gradients(picture.lightness), foreground, all);
  add_outline(out, picture, foreground);
  constexpr float kLeastChange = 1;  // lightness: less is compression noise
  out.add(local_patterns(picture.lightness, all, 1, kLeastChange));
  out.add(local_patterns(picture.lightness, all, 3, kLeastChange));
  out.add(local_patterns(picture.lightness, foreground.mask, 1, kLeastChange));
  out.end_group("patterns");
  out.add(spectrum_bands(picture.lightness));
  add_band_energies(out, picture);
  out.end_group("spectrum");
  return out.take();
}

}  // namespace weft::encoders
