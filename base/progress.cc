#include "base/progress.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>

namespace weft {

namespace {

// At most `limit` bytes, cut before a UTF-8 character rather than in it.
void cut(std::string& text, std::size_t limit) {
  if (text.size() <= limit) return;
  while (limit > 0 && (static_cast<unsigned char>(text[limit]) & 0xC0) == 0x80) --limit;
  text.resize(limit);
}

}  // namespace

ProgressSink& no_progress() {
  static ProgressSink sink;
  return sink;
}

ProgressBar::ProgressBar(std::FILE* stream, bool force)
    : stream_(stream), shown_(force || ::isatty(::fileno(stream)) == 1) {}

ProgressBar::~ProgressBar() {
  if (open_line_) std::fputc('\n', stream_);
}

void ProgressBar::begin(const std::string& phase, std::uint64_t total, const std::string& unit) {
  phase_ = phase;
  unit_ = unit;
  note_.clear();
  total_ = total;
  done_ = 0;
  started_ = std::chrono::steady_clock::now();
  drawn_ = started_;
}

void ProgressBar::advance(std::uint64_t done) {
  done_ = done;
  const auto now = std::chrono::steady_clock::now();
  if (now - drawn_ < std::chrono::milliseconds(100)) return;
  drawn_ = now;
  draw(false);
}

void ProgressBar::end() {
  draw(true);
}

void ProgressBar::draw(bool last) {
  if (!shown_) return;
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started_).count();
  std::string text = line(phase_, done_, total_, unit_, seconds, note_);
  // A line that wraps could not be drawn over.
  winsize window = {};
  if (::ioctl(::fileno(stream_), TIOCGWINSZ, &window) == 0 && window.ws_col > 1)
    cut(text, window.ws_col - 1U);
  fmt::print(stream_, "\r\x1b[K{}{}", text, last ? "\n" : "");
  std::fflush(stream_);
  open_line_ = !last;
}

std::string ProgressBar::line(const std::string& phase, std::uint64_t done, std::uint64_t total,
                              const std::string& unit, double seconds, const std::string& note) {
  constexpr int kWidth = 24;
  const double rate = seconds > 0 ? static_cast<double>(done) / seconds : 0;
  std::string out = phase;
  if (total > 0) {
    const double share = std::min(1.0, static_cast<double>(done) / static_cast<double>(total));
    const int filled = static_cast<int>(share * kWidth);
    out += fmt::format(" {:3} % [{}{}] {}/{} {}", static_cast<int>(share * 100),
                       std::string(static_cast<std::size_t>(filled), '#'),
                       std::string(static_cast<std::size_t>(kWidth - filled), ' '), with_commas(done),
                       with_commas(total), unit);
  } else {
    out += fmt::format(" {} {}", with_commas(done), unit);
  }
  if (rate > 0)
    out += fmt::format(
        "  {}/s", rate >= 10 ? with_commas(static_cast<std::uint64_t>(rate)) : fmt::format("{:.1f}", rate));
  if (rate > 0 && total > done)
    out += fmt::format("  {} left", short_duration(static_cast<double>(total - done) / rate));
  if (!note.empty()) out += "  " + note;
  return out;
}

std::string with_commas(std::uint64_t value) {
  std::string digits = std::to_string(value);
  for (std::size_t i = digits.size(); i > 3; i -= 3) digits.insert(i - 3, 1, ',');
  return digits;
}

std::string short_duration(double seconds) {
  if (seconds >= 999.0 * 86400) return ">999d";
  const auto s = static_cast<std::uint64_t>(std::llround(std::max(0.0, seconds)));
  if (s < 60) return fmt::format("{}s", s);
  if (s < 3600) return fmt::format("{}m{:02}s", s / 60, s % 60);
  if (s < 86400) return fmt::format("{}h{:02}m", s / 3600, s % 3600 / 60);
  return fmt::format("{}d{:02}h", s / 86400, s % 86400 / 3600);
}

}  // namespace weft
