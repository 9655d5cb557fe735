#include "encoders/image/texture.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <complex>
#include <numbers>

#include "encoders/math/fft.h"

namespace weft::encoders {
namespace {

constexpr float kPi = std::numbers::pi_v<float>;

float at(const Plane& plane, std::ptrdiff_t x, std::ptrdiff_t y) {
  constexpr auto kLast = static_cast<std::ptrdiff_t>(kSide) - 1;
  x = std::clamp<std::ptrdiff_t>(x, 0, kLast);
  y = std::clamp<std::ptrdiff_t>(y, 0, kLast);
  return plane[static_cast<std::size_t>(y) * kSide + static_cast<std::size_t>(x)];
}

std::vector<float> root_shares(std::vector<float> values) {
  float sum = 1e-9F;
  for (const float v : values) sum += v;
  for (float& v : values) v = std::sqrt(v / sum);
  return values;
}

// Pattern -> bin: the 58 patterns with at most two changes around the circle each have one, all others share
// the last.
const std::array<std::uint8_t, 256>& uniform_bins() {
  static const std::array<std::uint8_t, 256> bins = [] {
    std::array<std::uint8_t, 256> out{};
    std::uint8_t next = 0;
    for (unsigned pattern = 0; pattern < 256; ++pattern) {
      const unsigned turned = ((pattern << 1) | (pattern >> 7)) & 0xFF;
      out[pattern] =
          std::popcount(pattern ^ turned) <= 2 ? next++ : static_cast<std::uint8_t>(kLocalPatterns - 1);
    }
    return out;
  }();
  return bins;
}

// For each frequency of the half plane [kSide, kSide / 2 + 1], its ring, and its ring and sector, or kNone.
constexpr std::size_t kNone = static_cast<std::size_t>(-1);
struct FrequencyMap {
  std::vector<std::size_t> ring, sector;
};
const FrequencyMap& frequency_map() {
  static const FrequencyMap map = [] {
    constexpr std::size_t kHalf = kSide / 2 + 1;
    FrequencyMap out{.ring = std::vector<std::size_t>(kSide * kHalf, kNone),
                     .sector = std::vector<std::size_t>(kSide * kHalf, kNone)};
    for (std::size_t y = 0; y < kSide; ++y) {
      for (std::size_t x = 0; x < kHalf; ++x) {
        const double fy = y <= kSide / 2 ? static_cast<double>(y) : static_cast<double>(y) - kSide;
        const auto fx = static_cast<double>(x);
        const double radius = std::sqrt(fx * fx + fy * fy);
        if (radius < 1 || radius >= kSide / 2.0) continue;
        const double share = std::log(radius) / std::log(kSide / 2.0);  // 0 .. 1
        out.ring[y * kHalf + x] = static_cast<std::size_t>(share * kRadialBands);
        double angle = std::atan2(fy, fx);  // -pi/2 .. pi/2
        if (angle < 0) angle += std::numbers::pi;
        const auto sector =
            static_cast<std::size_t>(std::lround(angle / std::numbers::pi * kSectors)) % kSectors;
        out.sector[y * kHalf + x] = static_cast<std::size_t>(share * kSectorBands) * kSectors + sector;
      }
    }
    return out;
  }();
  return map;
}

const std::vector<float>& hann() {
  static const std::vector<float> window = [] {
    std::vector<float> out(kSide);
    for (std::size_t i = 0; i < kSide; ++i) {
      out[i] = 0.5F - 0.5F * std::cos(2 * kPi * (static_cast<float>(i) + 0.5F) / static_cast<float>(kSide));
    }
    return out;
  }();
  return window;
}

// |F|^2 of the windowed plane without its mean: [kSide, kSide / 2 + 1].
std::vector<float> power_spectrum(const Plane& plane) {
  static const RealFft fft(kSide);
  constexpr std::size_t kHalf = kSide / 2 + 1;
  double mean = 0;
  for (const float v : plane) mean += v;
  const auto centre = static_cast<float>(mean / kPixels);
  std::vector<std::complex<float>> rows(kSide * kHalf);
  std::array<std::complex<float>, kHalf> spectrum{};
  std::array<float, kSide> work{};
  std::array<float, kSide> line{};
  for (std::size_t y = 0; y < kSide; ++y) {
    for (std::size_t x = 0; x < kSide; ++x) line[x] = (plane[y * kSide + x] - centre) * hann()[x] * hann()[y];
    fft.transform(line, spectrum, work);
    std::copy(spectrum.begin(), spectrum.end(), rows.begin() + static_cast<std::ptrdiff_t>(y * kHalf));
  }
  // Columns: real and imaginary parts are transformed apart; F(y) = R(y) + i I(y), and R(-y) is R(y)
  // conjugated.
  std::vector<float> power(kSide * kHalf);
  std::array<float, kSide> other{};
  std::array<std::complex<float>, kHalf> imaginary{};
  for (std::size_t x = 0; x < kHalf; ++x) {
    for (std::size_t y = 0; y < kSide; ++y) {
      line[y] = rows[y * kHalf + x].real();
      other[y] = rows[y * kHalf + x].imag();
    }
    fft.transform(line, spectrum, work);
    fft.transform(other, imaginary, work);
    for (std::size_t y = 0; y < kSide; ++y) {
      const bool mirrored = y > kSide / 2;
      const std::complex<float> r = mirrored ? std::conj(spectrum[kSide - y]) : spectrum[y];
      const std::complex<float> i = mirrored ? std::conj(imaginary[kSide - y]) : imaginary[y];
      power[y * kHalf + x] = std::norm(std::complex<float>(r.real() - i.imag(), r.imag() + i.real()));
    }
  }
  return power;
}

}  // namespace

Gradients find_gradients(const Plane& plane) {
  Gradients out{.strength = Plane(kPixels), .direction = Plane(kPixels)};
  for (std::ptrdiff_t y = 0; y < static_cast<std::ptrdiff_t>(kSide); ++y) {
    for (std::ptrdiff_t x = 0; x < static_cast<std::ptrdiff_t>(kSide); ++x) {
      const float dx = (at(plane, x + 1, y - 1) + 2 * at(plane, x + 1, y) + at(plane, x + 1, y + 1) -
                        at(plane, x - 1, y - 1) - 2 * at(plane, x - 1, y) - at(plane, x - 1, y + 1)) /
                       8;
      const float dy = (at(plane, x - 1, y + 1) + 2 * at(plane, x, y + 1) + at(plane, x + 1, y + 1) -
                        at(plane, x - 1, y - 1) - 2 * at(plane, x, y - 1) - at(plane, x + 1, y - 1)) /
                       8;
      const auto i = static_cast<std::size_t>(y) * kSide + static_cast<std::size_t>(x);
      out.strength[i] = std::sqrt(dx * dx + dy * dy);
      const float angle = std::atan2(dy, dx);
      out.direction[i] = angle < 0 ? angle + 2 * kPi : angle;
    }
  }
  return out;
}

std::vector<float> cell_directions(const Gradients& gradients) {
  constexpr std::size_t kCell = kSide / kCells;
  std::vector<float> cells(kCells * kCells * kCellDirections, 0.0F);
  std::array<float, kCells * kCells> energy{};
  for (std::size_t i = 0; i < kPixels; ++i) {
    const std::size_t cell = i / kSide / kCell * kCells + i % kSide / kCell;
    const float position = gradients.direction[i] / kPi * kCellDirections;  // two turns: unsigned
    const auto low = static_cast<std::size_t>(position);
    const float share = position - static_cast<float>(low);
    cells[cell * kCellDirections + low % kCellDirections] += gradients.strength[i] * (1 - share);
    cells[cell * kCellDirections + (low + 1) % kCellDirections] += gradients.strength[i] * share;
    energy[cell] += gradients.strength[i];
  }
  constexpr float kLeast = 0.5F * kCell * kCell;  // lightness per pixel: below, a surface is smooth
  for (std::size_t y = 0; y < kCells; ++y) {
    for (std::size_t x = 0; x < kCells; ++x) {
      float around = kLeast;
      float count = 0;
      for (std::size_t ny = y == 0 ? 0 : y - 1; ny <= std::min(y + 1, kCells - 1); ++ny) {
        for (std::size_t nx = x == 0 ? 0 : x - 1; nx <= std::min(x + 1, kCells - 1); ++nx) {
          around += energy[ny * kCells + nx];
          count += 1;
        }
      }
      float* to = &cells[(y * kCells + x) * kCellDirections];
      for (std::size_t d = 0; d < kCellDirections; ++d) to[d] = std::sqrt(to[d] * count / around);
    }
  }
  return cells;
}

std::vector<float> direction_histogram(const Gradients& gradients, const Plane& mask) {
  std::vector<float> bins(kDirections, 0.0F);
  for (std::size_t i = 0; i < kPixels; ++i) {
    const float position = gradients.direction[i] / kPi * kDirections;
    const auto low = static_cast<std::size_t>(position);
    const float share = position - static_cast<float>(low);
    const float weight = gradients.strength[i] * mask[i];
    bins[low % kDirections] += weight * (1 - share);
    bins[(low + 1) % kDirections] += weight * share;
  }
  return root_shares(std::move(bins));
}

std::vector<float> local_patterns(const Plane& plane, const Plane& mask, std::size_t radius, float least) {
  constexpr std::array<std::array<std::ptrdiff_t, 2>, 8> kRing = {
      {{1, 0}, {1, 1}, {0, 1}, {-1, 1}, {-1, 0}, {-1, -1}, {0, -1}, {1, -1}}};
  std::vector<float> bins(kLocalPatterns, 0.0F);
  const auto r = static_cast<std::ptrdiff_t>(radius);
  for (std::ptrdiff_t y = r; y < static_cast<std::ptrdiff_t>(kSide) - r; ++y) {
    for (std::ptrdiff_t x = r; x < static_cast<std::ptrdiff_t>(kSide) - r; ++x) {
      const std::ptrdiff_t i = y * static_cast<std::ptrdiff_t>(kSide) + x;
      const float centre = plane[static_cast<std::size_t>(i)] + least;
      unsigned pattern = 0;
      for (std::size_t n = 0; n < 8; ++n) {
        const std::ptrdiff_t neighbour =
            i + r * (kRing[n][1] * static_cast<std::ptrdiff_t>(kSide) + kRing[n][0]);
        pattern |= (plane[static_cast<std::size_t>(neighbour)] >= centre ? 1U : 0U) << n;
      }
      bins[uniform_bins()[pattern]] += mask[static_cast<std::size_t>(i)];
    }
  }
  return root_shares(std::move(bins));
}

std::vector<float> spectrum_bands(const Plane& plane) {
  const std::vector<float> power = power_spectrum(plane);
  const FrequencyMap& map = frequency_map();
  std::vector<double> bands(kRadialBands + kSectorBands * kSectors, 0.0);
  double total = 1e-3;
  for (std::size_t i = 0; i < power.size(); ++i) {
    if (map.ring[i] == kNone) continue;
    bands[map.ring[i]] += power[i];
    bands[kRadialBands + map.sector[i]] += power[i];
    total += power[i];
  }
  std::vector<float> out;
  for (const double b : bands) out.push_back(static_cast<float>(std::log(b / total + 1e-4)));
  return out;
}

}  // namespace weft::encoders
