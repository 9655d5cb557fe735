// Progress of a long job: a bar with rate and time left on a terminal, nothing elsewhere. The library reports
// through ProgressSink and never prints by itself; tools/ decides what is shown.
#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>

namespace weft {

// Receives progress. Called from one thread at a time. The default implementation ignores everything.
class ProgressSink {
 public:
  virtual ~ProgressSink() = default;
  // A new phase; `total` units of work, 0 if unknown.
  virtual void begin(const std::string& phase, std::uint64_t total, const std::string& unit) {
    (void)phase, (void)total, (void)unit;
  }
  virtual void advance(std::uint64_t done) { (void)done; }    // units done so far in this phase
  virtual void note(const std::string& text) { (void)text; }  // short state beside the bar, as in "loss 0.31"
  virtual void end() {}
};

// A sink that ignores everything.
ProgressSink& no_progress();

// Draws on `stream` if it is a terminal (or `force`), at most ten times a second.
class ProgressBar final : public ProgressSink {
 public:
  explicit ProgressBar(std::FILE* stream, bool force = false);
  ~ProgressBar()
      override;  // leaves the line if a bar stands unfinished, so that an error message starts on its own
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;
  void begin(const std::string& phase, std::uint64_t total, const std::string& unit) override;
  void advance(std::uint64_t done) override;
  void note(const std::string& text) override { note_ = text; }
  void end() override;

  // The line drawn for a state: "train  45 % [#####     ] 450/1,000 steps  120/s  4s left  loss 0.31".
  static std::string line(const std::string& phase, std::uint64_t done, std::uint64_t total,
                          const std::string& unit, double seconds, const std::string& note);

 private:
  void draw(bool last);

  std::FILE* stream_;
  bool shown_;
  bool open_line_ = false;  // a bar is drawn and its line is not ended
  std::string phase_, unit_, note_;
  std::uint64_t total_ = 0, done_ = 0;
  std::chrono::steady_clock::time_point started_, drawn_;
};

// 1234567 -> "1,234,567"
std::string with_commas(std::uint64_t value);
// 4 -> "4s", 94 -> "1m34s", 7300 -> "2h01m", 356400 -> "4d03h"; ">999d" past that
std::string short_duration(double seconds);

}  // namespace weft
