// NumPy .npy files, format 1.0 to 3.0: read with every size checked against the file, written little-endian
// in C order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/files.h"
#include "base/mapped_file.h"

namespace weft {

// How the format names a type of numbers.
template <typename T>
constexpr std::string_view npy_type() {
  if constexpr (std::is_same_v<T, float>)
    return "<f4";
  else if constexpr (std::is_same_v<T, double>)
    return "<f8";
  else if constexpr (std::is_same_v<T, std::int32_t>)
    return "<i4";
  else if constexpr (std::is_same_v<T, std::int64_t>)
    return "<i8";
  else if constexpr (std::is_same_v<T, std::uint16_t>)
    return "<u2";
  else if constexpr (std::is_same_v<T, std::uint32_t>)
    return "<u4";
  else if constexpr (std::is_same_v<T, std::uint64_t>)
    return "<u8";
  else
    static_assert(!sizeof(T), "no type of .npy files");
}

// A mapped array of numbers. Movable; thread-safe to read.
class NpyFile {
 public:
  // Throws Error naming the file and what is wrong: no .npy, a broken header, Fortran order, a type other
  // than little-endian float32, float64, int32, int64, uint16, uint32 or uint64, or a size that is not what
  // the shape asks for.
  static NpyFile open(const std::filesystem::path& path, Files& files = real_files());

  const std::vector<std::size_t>& shape() const { return shape_; }
  const std::string& type() const { return type_; }  // "<f4", ...
  std::size_t size() const { return size_; }         // elements
  // Rows of a matrix: shape [rows, columns]. Throws Error for other than two dimensions.
  std::size_t rows() const;
  std::size_t columns() const;
  // One row of a float32 matrix. Throws Error for another type.
  void read_row(std::size_t row, std::span<float> out) const;
  // The whole array. floats(): a float type, float64 is rounded. integers(): an integer type whose values
  // fit.
  std::vector<float> floats() const;
  std::vector<std::int64_t> integers() const;
  // The whole array as it lies in the file. Throws Error for another type.
  template <typename T>
  std::vector<T> values() const {
    check_type(npy_type<T>());
    std::vector<T> out(size_);
    if (size_ > 0) std::memcpy(out.data(), map_.bytes().data() + start_, size_ * sizeof(T));
    return out;
  }

 private:
  void check_type(std::string_view wanted) const;
  void check_matrix() const;

  std::filesystem::path path_;
  MappedFile map_;
  std::vector<std::size_t> shape_;
  std::string type_;
  std::size_t size_ = 0;
  std::size_t start_ = 0;  // of the data, bytes
};

// The header of an array of this type and shape; the data follows it. Its length is a multiple of 64.
std::string npy_header(std::string_view type, std::span<const std::size_t> shape);

// Writes [rows, columns] float32; the file appears under its name only when whole.
void write_npy(const std::filesystem::path& path, std::span<const float> values, std::size_t rows,
               std::size_t columns, Files& files = real_files());

}  // namespace weft
