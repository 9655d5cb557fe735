#include "base/progress.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <limits>
#include <string>

#include "tests/support/temp_folder.h"

namespace weft {
namespace {

TEST(Progress, LineShowsShareRateAndTimeLeft) {
  EXPECT_EQ(ProgressBar::line("train", 450, 1000, "steps", 4.5, "loss 0.31"),
            "train  45 % [##########              ] 450/1,000 steps  100/s  6s left  loss 0.31");
  EXPECT_EQ(ProgressBar::line("train", 1000, 1000, "steps", 400, ""),
            "train 100 % [########################] 1,000/1,000 steps  2.5/s");
}

TEST(Progress, LineOfAnUnknownTotalHasNoBar) {
  EXPECT_EQ(ProgressBar::line("read", 1234567, 0, "rows", 2, ""), "read 1,234,567 rows  617,283/s");
  EXPECT_EQ(ProgressBar::line("read", 0, 0, "rows", 0, ""), "read 0 rows");
}

TEST(Progress, OneHundredPercentMeansDone) {
  EXPECT_NE(ProgressBar::line("train", 9999, 10000, "steps", 1, "").find(" 99 %"), std::string::npos);
  EXPECT_NE(ProgressBar::line("train", 20, 10, "steps", 1, "").find("100 %"), std::string::npos);
}

TEST(Progress, NumbersAndDurations) {
  EXPECT_EQ(with_commas(0), "0");
  EXPECT_EQ(with_commas(999), "999");
  EXPECT_EQ(with_commas(1000), "1,000");
  EXPECT_EQ(with_commas(1234567), "1,234,567");
  EXPECT_EQ(with_commas(std::numeric_limits<std::uint64_t>::max()), "18,446,744,073,709,551,615");
  EXPECT_EQ(short_duration(-1), "0s");
  EXPECT_EQ(short_duration(4.2), "4s");
  EXPECT_EQ(short_duration(59.6), "1m00s");
  EXPECT_EQ(short_duration(94), "1m34s");
  EXPECT_EQ(short_duration(7300), "2h01m");
  EXPECT_EQ(short_duration(4 * 86400 + 3 * 3600), "4d03h");
  EXPECT_EQ(short_duration(1e300), ">999d");
  EXPECT_EQ(short_duration(std::numeric_limits<double>::infinity()), ">999d");
}

// What a bar writes to a stream that is no terminal.
std::string drawn(bool force, const std::function<void(ProgressBar&)>& use) {
  const test::TempFolder folder;
  const std::string path = (folder / "stream").string();
  std::FILE* stream = std::fopen(path.c_str(), "w");
  {
    ProgressBar bar(stream, force);
    use(bar);
  }
  std::fclose(stream);
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST(ProgressBar, IsSilentOffATerminal) {
  EXPECT_EQ(drawn(false,
                  [](ProgressBar& bar) {
                    bar.begin("train", 10, "steps");
                    bar.advance(10);
                    bar.end();
                  }),
            "");
}

TEST(ProgressBar, EndsWithTheLastStateAndALineBreak) {
  const std::string text = drawn(true, [](ProgressBar& bar) {
    bar.begin("one", 10, "steps");
    bar.note("loss 0.5");
    bar.advance(10);
    bar.end();
    bar.begin("two", 0, "rows");
    bar.advance(3);
    bar.end();
  });
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 2);
  EXPECT_EQ(text.back(), '\n');
  EXPECT_NE(text.find("10/10 steps"), std::string::npos) << text;
  EXPECT_NE(text.find("loss 0.5"), std::string::npos) << text;
  const std::size_t second = text.find("two 3 rows");
  ASSERT_NE(second, std::string::npos) << text;
  EXPECT_EQ(text.find("loss 0.5", second), std::string::npos)
      << "the note of the first phase stays in it: " << text;
}

TEST(ProgressSink, IgnoresEverythingByDefault) {
  ProgressSink& sink = no_progress();
  sink.begin("a", 1, "b");
  sink.advance(1);
  sink.note("c");
  sink.end();
  EXPECT_EQ(&sink, &no_progress());
}

}  // namespace
}  // namespace weft
