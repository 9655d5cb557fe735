#include "storage/sources/byte_window.h"

#include <gtest/gtest.h>

#include <random>

#include "base/error.h"
#include "tests/storage/sources/reading.h"

namespace weft::storage {
namespace {

std::string read_all(ByteWindow& window, std::mt19937_64& random) {
  std::string out;
  while (true) {
    if (window.available().empty() || random() % 8 == 0) {
      if (!window.more() && window.available().empty()) return out;
    }
    const std::size_t count = std::min<std::size_t>(window.available().size(), random() % 100'000);
    out += window.available().substr(0, count);
    window.consume(count);
    EXPECT_EQ(window.offset(), out.size());
    if (random() % 16 == 0) {
      EXPECT_EQ(window.hash(), hash64(out));
    }
  }
}

std::string noise(std::size_t size, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::string out(size, '\0');
  for (char& c : out) c = static_cast<char>('a' + random() % 20);
  return out;
}

class ByteWindowTest : public ::testing::Test {
 protected:
  std::unique_ptr<ByteWindow> open(std::string_view bytes, bool gzip) {
    const auto path = folder_.path() / "file";
    real_files().write_whole(path, bytes);
    return ByteWindow::open(path, gzip, real_files());
  }
  test::TempFolder folder_;
};

TEST_F(ByteWindowTest, PlainAndGzipGiveTheSameBytesAndHashes) {
  const std::string text = noise(3'000'000, 1);
  for (const bool gzip : {false, true}) {
    std::mt19937_64 random(gzip ? 2 : 3);
    const auto window = open(gzip ? gzipped(text) : text, gzip);
    EXPECT_EQ(read_all(*window, random), text);
    EXPECT_EQ(window->hash(), hash64(text));
    EXPECT_EQ(window->last_byte(), text.back());
  }
}

TEST_F(ByteWindowTest, GzipOfSeveralMembers) {
  std::mt19937_64 random(4);
  const auto window = open(gzipped("one\n") + gzipped("") + gzipped("two\n"), true);
  EXPECT_EQ(read_all(*window, random), "one\ntwo\n");
}

TEST_F(ByteWindowTest, EmptyFile) {
  for (const bool gzip : {false, true}) {
    const auto window = open("", gzip);
    EXPECT_TRUE(window->available().empty());
    EXPECT_FALSE(window->more());
    EXPECT_EQ(window->hash(), hash64(std::string_view()));
  }
}

TEST_F(ByteWindowTest, CutAndDamagedGzipAreErrors) {
  const std::string whole = gzipped(noise(100'000, 5));
  std::mt19937_64 random(6);
  const auto cut = open(std::string_view(whole).substr(0, whole.size() / 2), true);
  EXPECT_THROW(read_all(*cut, random), Error);
  std::string damaged = whole;
  damaged[damaged.size() / 2] = static_cast<char>(damaged[damaged.size() / 2] ^ 0x55);
  const auto broken = open(damaged, true);
  EXPECT_THROW(read_all(*broken, random), Error);
  const auto none = open("this is no gzip", true);
  EXPECT_THROW(read_all(*none, random), Error);
}

TEST_F(ByteWindowTest, AFileThatShrinksWhileItIsReadIsAnError) {
  for (const bool gzip : {false, true}) {
    const std::string text = noise(3'000'000, 7);
    const auto window = open(gzip ? gzipped(text) : text, gzip);
    ASSERT_TRUE(window->more());
    std::filesystem::resize_file(folder_ / "file", 300'000);
    std::mt19937_64 random(8);
    try {
      read_all(*window, random);
      ADD_FAILURE() << "no error";
    } catch (const Error& error) {
      EXPECT_EQ(error.summary(), "the file shrank while it was read");
      EXPECT_EQ(error.context().file, (folder_ / "file").string());
    }
  }
}

TEST_F(ByteWindowTest, AFileThatGrowsIsReadAsFarAsItWas) {
  const auto window = open("one\n", false);
  real_files().write_whole(folder_ / "file", "one\ntwo\n");
  std::mt19937_64 random(9);
  EXPECT_EQ(read_all(*window, random), "one\n");
}

}  // namespace
}  // namespace weft::storage
