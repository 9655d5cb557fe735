// One checked file for what an encoder has learnt: a JSON header and arrays of numbers. Internal to
// encoders/.
//
// Layout, little-endian: 8 bytes "weftenc1"; u64 size of the header; the header (JSON: kind, version,
// settings, and for each array name, type and count), padded with blanks to a multiple of 8; the arrays in
// the header's order, each padded with zeros to a multiple of 8; u64 xxh3 of all before it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/files.h"

namespace weft::encoders {

class ModelFileWriter {
 public:
  ModelFileWriter(std::string kind, std::uint64_t version, nlohmann::json settings);
  void add(const std::string& name, std::span<const float> values);
  void add(const std::string& name, std::span<const std::uint64_t> values);
  // The file's bytes.
  std::string bytes() const;

 private:
  void add_bytes(const std::string& name, const char* type, std::size_t count,
                 std::span<const std::byte> bytes);

  nlohmann::json header_;
  std::string arrays_;
};

class ModelFile {
 public:
  // Parses and verifies `bytes` (copied). Throws Error naming `file` if they are damaged, of another kind or
  // version.
  ModelFile(std::string bytes, std::string_view kind, std::uint64_t version, std::filesystem::path file);
  static ModelFile read(const std::filesystem::path& file, std::string_view kind, std::uint64_t version,
                        Files& files);

  const nlohmann::json& settings() const { return settings_; }
  const std::filesystem::path& file() const { return file_; }
  // Throws Error if there is no such array, or it is of another type or length.
  std::vector<float> floats(const std::string& name, std::size_t count) const;
  std::vector<std::uint64_t> integers(const std::string& name, std::size_t count) const;

 private:
  struct Array {
    std::string name;
    std::string type;
    std::size_t count = 0;
    std::size_t offset = 0;
  };
  const Array& find(const std::string& name, const char* type, std::size_t count) const;

  std::string bytes_;
  nlohmann::json settings_;
  std::vector<Array> arrays_;
  std::filesystem::path file_;
};

// The kind that a model file states ("text", "image", "audio"), without reading the rest. Throws Error.
std::string model_file_kind(const std::filesystem::path& file, Files& files);

// "kind-version-" and the xxh3 of the model's bytes.
std::string model_fingerprint(std::string_view kind, std::uint64_t version, std::string_view bytes);

}  // namespace weft::encoders
