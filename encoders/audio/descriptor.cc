#include "encoders/audio/descriptor.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <complex>
#include <numbers>

#include "base/error.h"
#include "encoders/audio/spectrogram.h"
#include "encoders/audio/statistics.h"
#include "encoders/math/fft.h"

namespace weft::encoders {
namespace {

constexpr std::size_t kCourseCepstra = 13;
constexpr std::size_t kCourseTerms = 6;
constexpr std::size_t kNotes = 48;  // semitones from C3 (130.8 Hz)
constexpr std::size_t kNoteFrame = 4'096;
constexpr std::size_t kLagBands = 24;
constexpr std::size_t kMaxLag = 200;           // frames: 2 s
constexpr std::size_t kModulationFrame = 512;  // frames: 5.12 s
constexpr std::size_t kModulationBands = 16;
constexpr float kDynamicRange = 13.8F;  // natural logarithm: 60 dB below the loudest band all is silence

constexpr std::array<DescriptorGroup, 9> kGroups = {
    {{.name = "mel_mean", .size = kMels},
     {.name = "mel_spread", .size = 3 * kMels},
     {.name = "cepstrum_mean", .size = kCepstra},
     {.name = "cepstrum_spread", .size = 3 * kCepstra},
     {.name = "course", .size = kCourseCepstra * kCourseTerms, .weight = 1.5},
     {.name = "spectrum", .size = 14},
     {.name = "notes", .size = kNotes + 12},
     {.name = "rhythm", .size = kLagBands + 4},
     {.name = "modulation", .size = 3 * kModulationBands}}};

// The samples at a root mean square of 0.1, and the logarithm of what it was. Silence stays silence.
struct Levelled {
  std::vector<float> samples;
  float log_level = 0;
  float crest = 0;  // peak over root mean square
};
Levelled level(std::span<const float> samples) {
  double square = 0;
  float peak = 0;
  for (const float s : samples) {
    square += static_cast<double>(s) * s;
    peak = std::max(peak, std::abs(s));
  }
  const double rms = std::sqrt(square / static_cast<double>(samples.size()));
  const double floored = std::max(rms, 1e-5);
  Levelled out{.samples = {samples.begin(), samples.end()},
               .log_level = static_cast<float>(std::log(floored)),
               .crest = static_cast<float>(peak / floored)};
  for (float& s : out.samples) s = static_cast<float>(s * 0.1 / floored);
  return out;
}

// Frames from the first to past the last that is louder than 40 dB below the loudest.
struct ActiveFrames {
  std::size_t begin = 0;
  std::size_t end = 0;
};
ActiveFrames active_frames(std::span<const float> energy) {
  const float threshold = *std::max_element(energy.begin(), energy.end()) * 1e-4F;
  ActiveFrames active{.begin = 0, .end = energy.size()};
  while (active.begin + 1 < active.end && energy[active.begin] <= threshold) ++active.begin;
  while (active.end > active.begin + 1 && energy[active.end - 1] <= threshold) --active.end;
  return active;
}

void floor_at_dynamic_range(DenseMatrix& mel) {
  float loudest = -1e30F;
  for (std::size_t f = 0; f < mel.rows(); ++f) {
    loudest = std::max(loudest, *std::max_element(mel.row(f), mel.row(f) + kMels));
  }
  for (std::size_t f = 0; f < mel.rows(); ++f) {
    for (std::size_t m = 0; m < kMels; ++m) mel.row(f)[m] = std::max(mel.row(f)[m], loudest - kDynamicRange);
  }
}

void add_mel(DescriptorBuilder& out, const DenseMatrix& mel) {
  std::vector<float> spread;
  std::vector<float> low;
  std::vector<float> high;
  for (std::size_t m = 0; m < kMels; ++m) {
    std::vector<float> values = column(mel, m, 0, mel.rows());
    const MeanAndDeviation s = mean_and_deviation(values);
    out.add(s.mean);
    spread.push_back(s.deviation);
    low.push_back(percentile(values, 0.1));
    high.push_back(percentile(values, 0.9));
  }
  out.end_group("mel_mean");
  out.add(spread);
  out.add(low);
  out.add(high);
  out.end_group("mel_spread");
}

void add_cepstra(DescriptorBuilder& out, const DenseMatrix& cepstrum) {
  const DenseMatrix first = deltas(cepstrum);
  const DenseMatrix second = deltas(first);
  std::vector<float> spread;
  for (std::size_t c = 0; c < kCepstra; ++c) {
    const MeanAndDeviation s = mean_and_deviation(column(cepstrum, c, 0, cepstrum.rows()));
    out.add(s.mean);
    spread.push_back(s.deviation);
  }
  out.end_group("cepstrum_mean");
  out.add(spread);
  for (const DenseMatrix* rows : {&first, &second}) {
    for (std::size_t c = 0; c < kCepstra; ++c)
      out.add(mean_and_deviation(column(*rows, c, 0, rows->rows())).deviation);
  }
  out.end_group("cepstrum_spread");
}

// How timbre changes from beginning to end: each cepstral coefficient's course over the active part as a few
// cosines.
void add_course(DescriptorBuilder& out, const DenseMatrix& cepstrum, const ActiveFrames& active) {
  const std::size_t frames = active.end - active.begin;
  const auto n = static_cast<double>(frames);
  std::vector<double> wave(frames);
  for (std::size_t term = 0; term < kCourseTerms; ++term) {
    for (std::size_t f = 0; f < frames; ++f) {
      wave[f] = std::cos(std::numbers::pi * static_cast<double>(term) * (static_cast<double>(f) + 0.5) / n);
    }
    for (std::size_t c = 0; c < kCourseCepstra; ++c) {
      double sum = 0;
      for (std::size_t f = 0; f < frames; ++f) sum += cepstrum.row(active.begin + f)[c] * wave[f];
      out.add(static_cast<float>(sum / n));
    }
  }
  out.end_group("course");
}

struct FrameShape {
  float centroid = 0;   // logarithm of Hz
  float bandwidth = 0;  // Hz / 1000
  float rolloff = 0;    // Hz / 1000 below which 85 % of the power lies
  float flatness = 0;   // logarithm of geometric over arithmetic mean
};

FrameShape frame_shape(std::span<const float> power) {
  double total = 1e-12;
  double weighted = 0;
  double log_sum = 0;
  double product = 1;
  for (std::size_t b = 1; b < kBins; ++b) {
    total += power[b];
    weighted += power[b] * static_cast<double>(b);
    product *= static_cast<double>(power[b]) + 1e-10;
    if (b % 8 == 0) {  // a logarithm of eight at once: at least 1e-80
      log_sum += std::log(product);
      product = 1;
    }
  }
  static_assert((kBins - 1) % 8 == 0);
  const double hz = static_cast<double>(kAudioRate) / kFrame;
  const double centre = weighted / total;
  double variance = 0;
  double below = 0;
  std::size_t rolloff = 1;
  for (std::size_t b = 1; b < kBins; ++b) {
    variance += power[b] * (static_cast<double>(b) - centre) * (static_cast<double>(b) - centre);
    below += power[b];
    if (below < 0.85 * total) rolloff = b;
  }
  FrameShape shape;
  shape.centroid = static_cast<float>(std::log(centre * hz + 20));
  shape.bandwidth = static_cast<float>(std::sqrt(variance / total) * hz / 1000);
  shape.rolloff = static_cast<float>(static_cast<double>(rolloff) * hz / 1000);
  shape.flatness = static_cast<float>(log_sum / (kBins - 1) - std::log(total / (kBins - 1)));
  return shape;
}

void add_spectrum(DescriptorBuilder& out, const DenseMatrix& power, std::span<const float> energy,
                  const ActiveFrames& active, const Levelled& levelled) {
  std::array<std::vector<float>, 5> series;
  std::vector<float> previous(kBins, 0.0F);
  for (std::size_t f = active.begin; f < active.end; ++f) {
    const FrameShape shape = frame_shape(power.row_span(f));
    series[0].push_back(shape.centroid);
    series[1].push_back(shape.bandwidth);
    series[2].push_back(shape.rolloff);
    series[3].push_back(shape.flatness);
    series[4].push_back(std::log(energy[f] + 1e-8F));
  }
  for (const std::vector<float>& values : series) {
    const MeanAndDeviation s = mean_and_deviation(values);
    out.add(s.mean);
    out.add(s.deviation);
  }
  out.add(levelled.log_level);
  out.add(std::log(levelled.crest + 1e-3F));
  out.add(std::log(static_cast<float>(levelled.samples.size()) / static_cast<float>(kAudioRate) + 0.01F));
  out.add(static_cast<float>(active.end - active.begin) / static_cast<float>(energy.size()));
  out.end_group("spectrum");
}

// The semitone band nearest to each bin of the long window; kNotes where there is none.
const std::vector<std::size_t>& note_of_bin() {
  static const std::vector<std::size_t> notes = [] {
    std::vector<std::size_t> out(kNoteFrame / 2 + 1, kNotes);
    for (std::size_t b = 1; b < out.size(); ++b) {
      const double hz = static_cast<double>(b) * static_cast<double>(kAudioRate) / kNoteFrame;
      const long nearest = std::lround(12 * std::log2(hz / 130.8128));
      if (nearest >= 0 && nearest < static_cast<long>(kNotes)) out[b] = static_cast<std::size_t>(nearest);
    }
    return out;
  }();
  return notes;
}

const std::vector<float>& note_window() {
  static const std::vector<float> window = [] {
    std::vector<float> out(kNoteFrame);
    for (std::size_t i = 0; i < kNoteFrame; ++i) {
      out[i] = static_cast<float>(0.5 -
                                  0.5 * std::cos(2 * std::numbers::pi * static_cast<double>(i) / kNoteFrame));
    }
    return out;
  }();
  return window;
}

// Which notes sound: mean energy in semitone bands of a long window, relative to the loudest, and folded to
// an octave.
void add_notes(DescriptorBuilder& out, std::span<const float> samples) {
  static const RealFft fft(kNoteFrame);
  std::vector<float> frame(kNoteFrame);
  std::vector<std::complex<float>> spectrum(fft.bins());
  std::vector<float> work(kNoteFrame);
  std::array<double, kNotes + 1> energy{};  // the last: outside all bands
  for (std::size_t first = 0; first == 0 || first + kNoteFrame / 2 < samples.size();
       first += kNoteFrame / 2) {
    for (std::size_t i = 0; i < kNoteFrame; ++i) {
      frame[i] = first + i < samples.size() ? samples[first + i] * note_window()[i] : 0.0F;
    }
    fft.transform(frame, spectrum, work);
    for (std::size_t b = 0; b < fft.bins(); ++b) energy[note_of_bin()[b]] += std::norm(spectrum[b]);
  }
  energy[kNotes] = 0;
  const double loudest = std::max(1e-9, *std::max_element(energy.begin(), energy.end()));
  std::array<double, 12> chroma{};
  for (std::size_t n = 0; n < kNotes; ++n) {
    out.add(static_cast<float>(std::log(energy[n] / loudest + 1e-4)));
    chroma[n % 12] += energy[n];
  }
  const double strongest = std::max(1e-9, *std::max_element(chroma.begin(), chroma.end()));
  for (const double c : chroma) out.add(static_cast<float>(std::log(c / strongest + 1e-3)));
  out.end_group("notes");
}

// Rises of the log-mel bands, summed: high where something begins. [frames]
std::vector<float> onset_strength(const DenseMatrix& mel) {
  std::vector<float> onset(mel.rows(), 0.0F);
  for (std::size_t f = 1; f < mel.rows(); ++f) {
    float sum = 0;
    for (std::size_t m = 0; m < kMels; ++m) sum += std::max(0.0F, mel.row(f)[m] - mel.row(f - 1)[m]);
    onset[f] = sum / kMels;
  }
  return onset;
}

// The range of `band` when [low, high] is cut in `bands` of equal ratio.
struct Range {
  double low = 0;
  double high = 0;
};
Range log_band(std::size_t band, std::size_t bands, double low, double high) {
  const double ratio = std::pow(high / low, 1.0 / static_cast<double>(bands));
  return {.low = low * std::pow(ratio, static_cast<double>(band)),
          .high = low * std::pow(ratio, static_cast<double>(band + 1))};
}

void add_rhythm(DescriptorBuilder& out, std::span<const float> onset) {
  const std::vector<float> correlation = autocorrelation(onset, kMaxLag);
  for (std::size_t band = 0; band < kLagBands; ++band) {
    const Range range = log_band(band, kLagBands, 4, static_cast<double>(kMaxLag));
    float highest = -1;
    for (auto lag = static_cast<std::size_t>(range.low); lag <= static_cast<std::size_t>(range.high); ++lag) {
      highest = std::max(highest, correlation[std::min(lag, kMaxLag)]);
    }
    out.add(highest);
  }
  std::size_t best = 4;
  for (std::size_t lag = 4; lag + 1 < kMaxLag; ++lag) {
    const bool peak = correlation[lag] >= correlation[lag - 1] && correlation[lag] >= correlation[lag + 1];
    if (peak && correlation[lag] > correlation[best]) best = lag;
  }
  const MeanAndDeviation s = mean_and_deviation(onset);
  std::size_t beginnings = 0;
  for (std::size_t f = 1; f + 1 < onset.size(); ++f) {
    const bool peak = onset[f] > onset[f - 1] && onset[f] >= onset[f + 1];
    if (peak && onset[f] > s.mean + s.deviation) ++beginnings;
  }
  out.add(std::log(static_cast<float>(best)));
  out.add(correlation[best]);
  out.add(static_cast<float>(beginnings) * 100 / static_cast<float>(onset.size()));
  out.add(s.deviation / (s.mean + 1e-3F));
  out.end_group("rhythm");
}

// How fast a loudness swings: log-spaced bands from 0.8 to 25 Hz of its spectrum, as shares of the whole.
void add_modulation_of(DescriptorBuilder& out, std::span<const float> series) {
  static const RealFft fft(kModulationFrame);
  std::vector<float> frame(kModulationFrame);
  std::vector<std::complex<float>> spectrum(fft.bins());
  std::vector<float> work(kModulationFrame);
  const float mean = mean_and_deviation(series).mean;
  std::array<double, kModulationFrame / 2 + 1> power{};
  for (std::size_t first = 0; first == 0 || first + kModulationFrame / 2 < series.size();
       first += kModulationFrame / 2) {
    for (std::size_t i = 0; i < kModulationFrame; ++i) {
      frame[i] = first + i < series.size() ? series[first + i] - mean : 0.0F;
    }
    fft.transform(frame, spectrum, work);
    for (std::size_t b = 0; b < fft.bins(); ++b) power[b] += std::norm(spectrum[b]);
  }
  double total = 1e-6;
  for (std::size_t b = 1; b < fft.bins(); ++b) total += power[b];
  for (std::size_t band = 0; band < kModulationBands; ++band) {
    const Range range = log_band(band, kModulationBands, 4, 128);  // bins of 0.195 Hz
    double sum = 0;
    for (auto b = static_cast<std::size_t>(range.low);
         b < std::max(static_cast<std::size_t>(range.high), static_cast<std::size_t>(range.low) + 1); ++b) {
      sum += power[b];
    }
    out.add(static_cast<float>(std::sqrt(sum / total)));
  }
}

void add_modulation(DescriptorBuilder& out, const DenseMatrix& mel, std::span<const float> onset) {
  std::vector<float> low(mel.rows(), 0.0F);
  std::vector<float> high(mel.rows(), 0.0F);
  for (std::size_t f = 0; f < mel.rows(); ++f) {
    for (std::size_t m = 0; m < kMels; ++m) (m < kMels / 2 ? low : high)[f] += mel.row(f)[m];
  }
  add_modulation_of(out, onset);
  add_modulation_of(out, low);
  add_modulation_of(out, high);
  out.end_group("modulation");
}

}  // namespace

std::span<const DescriptorGroup> audio_groups() {
  return kGroups;
}

std::vector<float> describe_audio(std::span<const float> samples) {
  WEFT_CHECK(!samples.empty());
  const Levelled levelled = level(samples);
  const DenseMatrix power = power_spectra(levelled.samples);
  DenseMatrix mel = log_mel(power);
  floor_at_dynamic_range(mel);
  const DenseMatrix cepstrum = cepstra(mel);
  std::vector<float> energy(power.rows(), 0.0F);
  for (std::size_t f = 0; f < power.rows(); ++f) {
    for (std::size_t b = 1; b < kBins; ++b) energy[f] += power.row(f)[b];
  }
  const ActiveFrames active = active_frames(energy);
  const std::vector<float> onset = onset_strength(mel);

  DescriptorBuilder out(kGroups);
  add_mel(out, mel);
  add_cepstra(out, cepstrum);
  add_course(out, cepstrum, active);
  add_spectrum(out, power, energy, active, levelled);
  add_notes(out, levelled.samples);
  add_rhythm(out, onset);
  add_modulation(out, mel, onset);
  return out.take();
}

}  // namespace weft::encoders
