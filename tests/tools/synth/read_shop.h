// Plain readers of a written shop's files, for its tests.
#pragma once

#include <cstddef>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace weft::synth {

inline std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw std::runtime_error("cannot read " + path.string());
  return {std::istreambuf_iterator<char>(in), {}};
}

inline std::vector<std::string> read_lines(const std::filesystem::path& path) {
  std::istringstream in(read_file(path));
  std::vector<std::string> out;
  for (std::string line; std::getline(in, line);) out.push_back(line);
  return out;
}

// The shop's CSV files quote nothing.
inline std::vector<std::string> split_row(const std::string& line) {
  std::vector<std::string> out(1);
  for (const char c : line) {
    if (c == ',') {
      out.emplace_back();
    } else {
      out.back() += c;
    }
  }
  return out;
}

struct NpyMatrix {
  std::size_t rows = 0, columns = 0;
  std::vector<float> values;  // [rows, columns]
};

inline NpyMatrix read_npy(const std::filesystem::path& path) {
  const std::string bytes = read_file(path);
  if (bytes.size() < 10 || bytes.substr(0, 6) != "\x93NUMPY") throw std::runtime_error("not a .npy file");
  const std::size_t header =
      static_cast<unsigned char>(bytes[8]) + 256 * std::size_t{static_cast<unsigned char>(bytes[9])};
  const std::string dict = bytes.substr(10, header);
  std::smatch found;
  if (!std::regex_search(dict, found, std::regex(R"('descr': '<f4'.*'shape': \((\d+), (\d+)\))"))) {
    throw std::runtime_error("unexpected .npy header: " + dict);
  }
  NpyMatrix out{.rows = std::stoul(found[1]), .columns = std::stoul(found[2]), .values = {}};
  out.values.resize(out.rows * out.columns);
  if (bytes.size() != 10 + header + out.values.size() * 4) throw std::runtime_error("wrong .npy size");
  std::memcpy(out.values.data(), bytes.data() + 10 + header, out.values.size() * 4);
  return out;
}

}  // namespace weft::synth
