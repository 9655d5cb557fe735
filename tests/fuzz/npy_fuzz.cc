// Arrays of NumPy: opening refuses one, or every number can be read. The first byte chooses whether the rest
// is a file, or a header's text to which its length and enough data for its shape are added.
// Parser: base/npy.cc
#include <algorithm>
#include <cmath>
#include <iterator>
#include <utility>
#include <vector>

#include "base/npy.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/support/temp_folder.h"

namespace weft::fuzz {
namespace {

std::string with_length(std::string_view header, std::size_t data) {
  std::string out("\x93NUMPY\x01\x00", 8);
  const std::size_t size = std::min<std::size_t>(header.size(), 0xFFFF);
  out += static_cast<char>(size);
  out += static_cast<char>(size >> 8);
  out += header.substr(0, size);
  for (std::size_t i = 0; i < data; ++i) out += static_cast<char>(i * 37);
  return out;
}

const char* const kHeader = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }      \n";

}  // namespace

Seeds seeds() {
  const std::vector<std::size_t> shape = {2, 3}, no_columns = {3, 0};
  return {.accepted = {tagged(0, npy_header("<f4", no_columns)),
                       tagged(0, npy_header("<f4", shape) + std::string(24, '\0')), tagged(24, kHeader),
                       tagged(64, "{'descr': '<i8', 'fortran_order': False, 'shape': (8,), }\n"),
                       tagged(4, "{'descr': '<u4', 'fortran_order': False, 'shape': (1, 1), }\n")},
          .others = {tagged(16, "{'descr': '>f4', 'fortran_order': True, 'shape': (2, 2)}\n"),
                     tagged(8,
                            "{'descr': '<f8', 'fortran_order': False, 'shape': (18446744073709551615, "
                            "18446744073709551615), }\n")}};
}

// Another type and shape, mostly with the data that they ask for; the header as it is written, or spaced
// otherwise.
std::string mutated(std::string_view, std::mt19937_64& random) {
  constexpr std::pair<const char*, std::size_t> kTypes[] = {{"<f4", 4}, {"<f8", 8}, {"<i4", 4}, {"<i8", 8},
                                                            {"<u2", 2}, {"<u4", 4}, {"<u8", 8}, {"<f2", 2}};
  const auto& [type, width] = kTypes[random() % std::size(kTypes)];
  std::vector<std::size_t> shape(random() % 4);
  std::size_t bytes = width;
  for (std::size_t& extent : shape) bytes *= extent = random() % 5;
  if (random() % 16 == 0 && !shape.empty()) shape[0] = random();
  if (random() % 16 == 0) bytes += 1 + random() % 8;
  if (bytes > 0xFF) return "";
  if (bytes == 0) return tagged(0, npy_header(type, shape));
  std::string header = npy_header(type, shape).substr(10);
  if (random() % 4 == 0) header.insert(random() % header.size(), random() % 2 == 0 ? " " : ",");
  return tagged(static_cast<int>(bytes), header);
}

void run(std::string_view input) {
  static const test::TempFolder folder(test::in_memory());
  Bytes bytes(input);
  const std::uint8_t data = bytes.byte();
  write_file(folder / "a.npy", data == 0 ? std::string(bytes.rest()) : with_length(bytes.rest(), data));
  parses([&] {
    const NpyFile file = NpyFile::open(folder / "a.npy");
    std::size_t items = 1;
    for (const std::size_t size : file.shape()) items *= size;
    FUZZ_CHECK(items == file.size());
    const auto attempt = [](const auto& read) {
      try {
        read();
      } catch (const Error&) {
        // Of another type or number of dimensions: the reader said so.
      }
    };
    attempt([&] { FUZZ_CHECK(file.floats().size() == file.size()); });
    attempt([&] { FUZZ_CHECK(file.integers().size() == file.size()); });
    attempt([&] { FUZZ_CHECK(file.values<std::uint16_t>().size() == file.size()); });
    attempt([&] {
      if (file.rows() == 0) return;
      std::vector<float> row(file.columns());
      for (std::size_t i = 0; i < std::min<std::size_t>(file.rows(), 64); ++i) file.read_row(i, row);
    });
  });
}

}  // namespace weft::fuzz
