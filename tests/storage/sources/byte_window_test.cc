#include "storage/sources/byte_window.h"

#include <gtest/gtest.h>

#include <array>
#include <random>

#include "base/error.h"
#include "base/progress.h"
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
  std::unique_ptr<ByteWindow> open(std::string_view bytes, Compression compression = Compression::kNone,
                                   Encoding encoding = Encoding::kUtf8) {
    const auto path = folder_.path() / "file";
    real_files().write_whole(path, bytes);
    return ByteWindow::open(path, compression, encoding, real_files());
  }
  test::TempFolder folder_;
};

constexpr std::array kCompressions = {Compression::kNone, Compression::kGzip, Compression::kZstd};

TEST_F(ByteWindowTest, PlainAndCompressedGiveTheSameBytesAndHashes) {
  const std::string text = noise(3'000'000, 1);
  for (const Compression compression : kCompressions) {
    std::mt19937_64 random(2);
    const auto window = open(compressed(text, compression), compression);
    EXPECT_EQ(read_all(*window, random), text);
    EXPECT_EQ(window->hash(), hash64(text));
    EXPECT_EQ(window->last_byte(), text.back());
  }
}

TEST_F(ByteWindowTest, SeveralMembersAndFrames) {
  for (const Compression compression : {Compression::kGzip, Compression::kZstd}) {
    std::mt19937_64 random(4);
    const auto window = open(
        compressed("one\n", compression) + compressed("", compression) + compressed("two\n", compression),
        compression);
    EXPECT_EQ(read_all(*window, random), "one\ntwo\n");
  }
}

TEST_F(ByteWindowTest, EmptyFile) {
  for (const Compression compression : kCompressions) {
    const auto window = open("", compression, Encoding::kGbk);
    EXPECT_TRUE(window->available().empty());
    EXPECT_FALSE(window->more());
    EXPECT_EQ(window->hash(), hash64(std::string_view()));
  }
}

// Text that a compressor makes much smaller: the decoder holds more than a window's room.
TEST_F(ByteWindowTest, HighlyCompressedText) {
  const std::string text(20'000'000, 'x');
  for (const Compression compression : {Compression::kGzip, Compression::kZstd}) {
    std::mt19937_64 random(5);
    EXPECT_EQ(read_all(*open(compressed(text, compression), compression), random), text);
  }
}

TEST_F(ByteWindowTest, CutAndDamagedDataAreErrors) {
  for (const Compression compression : {Compression::kGzip, Compression::kZstd}) {
    const std::string whole = compressed(noise(1'000'000, 5), compression);
    for (const std::size_t left : {std::size_t{1}, std::size_t{9}, whole.size() / 2, whole.size() - 1}) {
      std::mt19937_64 random(6);
      const auto cut = open(std::string_view(whole).substr(0, left), compression);
      try {
        read_all(*cut, random);
        ADD_FAILURE() << "no error for the first " << left << " bytes";
      } catch (const Error& error) {
        EXPECT_NE(error.summary().find("ends early, after " + with_commas(left) + " compressed bytes"),
                  std::string::npos)
            << error.summary();
        EXPECT_EQ(error.context().file, (folder_ / "file").string());
      }
    }
    std::mt19937_64 random(6);
    const auto none = open("this is nothing compressed", compression);
    EXPECT_THROW(read_all(*none, random), Error);
  }
}

// Both formats' checksums: of each member of gzip, and of a zstd frame whose writer adds one.
TEST_F(ByteWindowTest, DamageIsFoundWhereItIs) {
  const std::string text = noise(1'000'000, 5);
  for (const Compression compression : {Compression::kGzip, Compression::kZstd}) {
    const std::string frame =
        compression == Compression::kGzip ? gzipped(text) : zstd_frame(text, Checksum::kYes);
    for (const std::size_t at : {frame.size() / 2, frame.size() - 2}) {
      std::string damaged = frame;
      damaged[at] = static_cast<char>(damaged[at] ^ 0x55);
      const auto window = open(frame + damaged + frame, compression);
      std::string read;
      try {
        while (true) {
          read += window->available();
          window->consume(window->available().size());
          if (!window->more()) break;
        }
        ADD_FAILURE() << "no error";
      } catch (const Error& error) {
        EXPECT_NE(error.summary().find("not valid"), std::string::npos) << error.summary();
        EXPECT_EQ(error.context().file, (folder_ / "file").string());
      }
      EXPECT_GE(read.size(), text.size()) << "the first frame is whole";
      EXPECT_LE(read.size(), 2 * text.size());
      EXPECT_EQ(std::string_view(read).substr(0, text.size()), text);
    }
  }
}

TEST_F(ByteWindowTest, AFileThatShrinksWhileItIsReadIsAnError) {
  for (const Compression compression : kCompressions) {
    const std::string text = noise(3'000'000, 7);
    const auto window = open(compressed(text, compression), compression);
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

TEST_F(ByteWindowTest, OtherEncodingsBecomeUtf8) {
  std::mt19937_64 random(9);
  EXPECT_EQ(read_all(*open("caf\xE9 \xA4\n", Compression::kNone, Encoding::kLatin1), random), "café ¤\n");
  EXPECT_EQ(read_all(*open("\x80 \x93x\x94", Compression::kNone, Encoding::kWindows1252), random), "€ “x”");
  EXPECT_EQ(read_all(*open("\xCA\xE9,\xC6\xBB\xB9\xFB\n", Compression::kNone, Encoding::kGbk), random),
            "书,苹果\n");
  // Four bytes a character, which GBK has not.
  EXPECT_EQ(read_all(*open("\x90\x30\x81\x30", Compression::kNone, Encoding::kGb18030), random), "𐀀");
  // Characters whose second byte is a backslash or a bar in ASCII, cut by every piece of reading.
  std::string gbk = "x", utf8 = "x";
  for (int i = 0; i < 400'000; ++i) {
    gbk += "\x95\x5C\x81\x7C";
    utf8 += "昞亅";
  }
  EXPECT_EQ(read_all(*open(compressed(gbk, Compression::kZstd), Compression::kZstd, Encoding::kGbk), random),
            utf8);
}

TEST_F(ByteWindowTest, BytesThatAreNoTextOfTheEncodingShow) {
  std::mt19937_64 random(10);
  EXPECT_EQ(read_all(*open("a\xCA\nb\xFF,c\xC6", Compression::kNone, Encoding::kGbk), random),
            "a\xFF\nb\xFF,c\xFF");
  EXPECT_EQ(read_all(*open("\x81\x30", Compression::kNone, Encoding::kGb18030), random),
            "\xFF"
            "0");
}

TEST_F(ByteWindowTest, AFileThatGrowsIsReadAsFarAsItWas) {
  const auto window = open("one\n");
  real_files().write_whole(folder_ / "file", "one\ntwo\n");
  std::mt19937_64 random(9);
  EXPECT_EQ(read_all(*window, random), "one\n");
}

}  // namespace
}  // namespace weft::storage
