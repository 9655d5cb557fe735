#include "base/npy.h"

#include <gtest/gtest.h>

#include <cstring>
#include <numeric>

#include "base/error.h"
#include "tests/support/temp_folder.h"

namespace weft {
namespace {

class NpyTest : public testing::Test {
 protected:
  std::filesystem::path write(const std::string& bytes) {
    real_files().write_whole(folder_ / "a.npy", bytes);
    return folder_ / "a.npy";
  }
  // A version 1.0 file as numpy writes it.
  static std::string file_of(const std::string& dictionary, const std::string& data) {
    std::string header = dictionary + "\n";
    return std::string("\x93NUMPY\x01\x00", 8) + static_cast<char>(header.size() & 0xff) +
           static_cast<char>(header.size() >> 8) + header + data;
  }
  template <typename T>
  static std::string bytes_of(std::vector<T> values) {
    return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
  }
  test::TempFolder folder_;
};

TEST_F(NpyTest, WhatIsWrittenIsRead) {
  std::vector<float> values(7 * 5);
  std::iota(values.begin(), values.end(), -3.5F);
  write_npy(folder_ / "m.npy", values, 7, 5);
  const NpyFile file = NpyFile::open(folder_ / "m.npy");
  EXPECT_EQ(file.shape(), (std::vector<std::size_t>{7, 5}));
  EXPECT_EQ(file.type(), "<f4");
  EXPECT_EQ(file.floats(), values);
  std::vector<float> row(5);
  file.read_row(6, row);
  EXPECT_EQ(row, std::vector<float>(values.end() - 5, values.end()));
  EXPECT_THROW(file.integers(), Error);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "m.npy.part"));
}

TEST_F(NpyTest, HeaderIsAlignedForAnyShape) {
  for (std::size_t rows = 1; rows < 2000000000; rows = rows * 7 + 1) {
    const std::size_t shape[] = {rows, 64};
    EXPECT_EQ(npy_header("<f4", shape).size() % 64, 0U);
  }
}

TEST_F(NpyTest, HeadersAreOfVersionOne) {
  const std::size_t shape[] = {3, 50000}, list[] = {7};
  const std::string header = npy_header("<i8", shape);
  EXPECT_EQ(header.substr(0, 8), std::string("\x93NUMPY\x01\x00", 8));
  EXPECT_EQ(header.back(), '\n');
  EXPECT_NE(header.find("{'descr': '<i8', 'fortran_order': False, 'shape': (3, 50000), }"),
            std::string::npos);
  EXPECT_NE(npy_header("<u2", list).find("'shape': (7,)"), std::string::npos);
}

TEST_F(NpyTest, ValuesOfTheirOwnType) {
  const std::size_t shape[] = {2, 2};
  const NpyFile file = NpyFile::open(
      write(npy_header(npy_type<std::uint16_t>(), shape) + bytes_of<std::uint16_t>({1, 2, 3, 65535})));
  EXPECT_EQ(file.values<std::uint16_t>(), (std::vector<std::uint16_t>{1, 2, 3, 65535}));
  EXPECT_EQ(file.integers(), (std::vector<std::int64_t>{1, 2, 3, 65535}));
  EXPECT_THROW(file.values<std::int64_t>(), Error);
  for (const std::vector<std::size_t>& none : {std::vector<std::size_t>{2, 0}, {0, 2}, {0}})
    EXPECT_TRUE(NpyFile::open(write(npy_header("<f8", none))).values<double>().empty());
}

TEST_F(NpyTest, AMatrixWithoutColumnsHasRowsAllTheSame) {
  const NpyFile file =
      NpyFile::open(write(file_of("{'descr': '<f4', 'fortran_order': False, 'shape': (3, 0), }", "")));
  EXPECT_EQ(file.rows(), 3U);
  EXPECT_EQ(file.columns(), 0U);
  std::vector<float> row;
  file.read_row(2, row);
  EXPECT_TRUE(file.floats().empty());
}

TEST_F(NpyTest, TypesAndShapes) {
  const auto doubles = NpyFile::open(write(file_of(
      "{'descr': '<f8', 'fortran_order': False, 'shape': (3,), }", bytes_of<double>({1.5, -2, 1e300}))));
  EXPECT_EQ(doubles.shape(), std::vector<std::size_t>{3});
  EXPECT_EQ(doubles.floats()[1], -2.0F);
  EXPECT_THROW(doubles.rows(), Error);
  const auto integers =
      NpyFile::open(write(file_of("{'shape': (2, 2), 'fortran_order': False, 'descr': '<i8'}",
                                  bytes_of<std::int64_t>({1, -2, 3, 1LL << 40}))));
  EXPECT_EQ(integers.integers(), (std::vector<std::int64_t>{1, -2, 3, 1LL << 40}));
  EXPECT_THROW(integers.floats(), Error);
  const auto scalar = NpyFile::open(write(file_of("{'descr': '<u4', 'fortran_order': False, 'shape': (), }",
                                                  bytes_of<std::uint32_t>({4000000000U}))));
  EXPECT_EQ(scalar.integers(), std::vector<std::int64_t>{4000000000LL});
  const auto empty =
      NpyFile::open(write(file_of("{'descr': '<f4', 'fortran_order': False, 'shape': (0, 9), }", "")));
  EXPECT_EQ(empty.rows(), 0U);
  EXPECT_TRUE(empty.floats().empty());
}

TEST_F(NpyTest, DamagedFilesAreErrors) {
  const std::string good = file_of("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }",
                                   bytes_of<float>({1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(NpyFile::open(write(good)).size(), 6U);
  for (std::size_t cut = 0; cut < good.size(); ++cut)
    EXPECT_THROW(NpyFile::open(write(good.substr(0, cut))), Error) << cut;
  EXPECT_THROW(NpyFile::open(write(good + "x")), Error);
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string text = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }";
    text.replace(text.find(from), from.size(), to);
    return write(file_of(text, bytes_of<float>({1, 2, 3, 4, 5, 6})));
  };
  EXPECT_THROW(NpyFile::open(with("False", "True")), Error);
  EXPECT_THROW(NpyFile::open(with("<f4", ">f4")), Error);
  EXPECT_THROW(NpyFile::open(with("<f4", "|O8")), Error);
  EXPECT_THROW(NpyFile::open(with("(2, 3)", "(2, -3)")), Error);
  EXPECT_THROW(NpyFile::open(with("(2, 3)", "(2, 3")), Error);
  // Products past 2^64 must not wrap to something small.
  EXPECT_THROW(NpyFile::open(with("(2, 3)", "(4294967296, 4294967296)")), Error);
  EXPECT_THROW(NpyFile::open(with("(2, 3)", "(9223372036854775808, 4)")), Error);
  EXPECT_THROW(NpyFile::open(with("(2, 3)", "(99999999999999999999999, 1)")), Error);
  EXPECT_THROW(NpyFile::open(folder_ / "absent.npy"), Error);
}

}  // namespace
}  // namespace weft
