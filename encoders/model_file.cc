#include "encoders/model_file.h"

#include <fmt/format.h>

#include <bit>
#include <cstring>
#include <utility>

#include "base/error.h"
#include "base/hash.h"
#include "base/mapped_file.h"
#include "encoders/checked_json.h"

namespace weft::encoders {
namespace {

static_assert(std::endian::native == std::endian::little, "model files are little-endian");

constexpr std::string_view kMagic = "weftenc1";
constexpr std::size_t kWord = 8;

std::uint64_t word_at(std::string_view bytes, std::size_t offset) {
  std::uint64_t word = 0;
  std::memcpy(&word, bytes.data() + offset, kWord);
  return word;
}

void append_word(std::string& out, std::uint64_t word) {
  char raw[kWord];
  std::memcpy(raw, &word, kWord);
  out.append(raw, kWord);
}

[[noreturn]] void damaged(const std::filesystem::path& file, const std::string& what) {
  throw Error("is no intact encoder file: " + what, {.file = file.string(), .hint = "fit the encoder again"});
}

// The header's JSON. Checks magic and header size only.
nlohmann::json read_header(std::string_view bytes, const std::filesystem::path& file) {
  if (bytes.size() < 3 * kWord || bytes.substr(0, kWord) != kMagic)
    damaged(file, "it starts with other bytes");
  const std::uint64_t size = word_at(bytes, kWord);
  if (size % kWord != 0 || size > bytes.size() - 3 * kWord) damaged(file, "its header is cut");
  const std::string_view text = bytes.substr(2 * kWord, size);
  nlohmann::json header =
      nlohmann::json::parse(text.begin(), text.end(), nullptr, /*allow_exceptions=*/false);
  if (!header.is_object()) damaged(file, "its header is no JSON");
  return header;
}

}  // namespace

ModelFileWriter::ModelFileWriter(std::string kind, std::uint64_t version, nlohmann::json settings)
    : header_({{"kind", std::move(kind)},
               {"version", version},
               {"settings", std::move(settings)},
               {"arrays", nlohmann::json::array()}}) {}

void ModelFileWriter::add(const std::string& name, std::span<const float> values) {
  add_bytes(name, "f32", values.size(), std::as_bytes(values));
}

void ModelFileWriter::add(const std::string& name, std::span<const std::uint64_t> values) {
  add_bytes(name, "u64", values.size(), std::as_bytes(values));
}

void ModelFileWriter::add_bytes(const std::string& name, const char* type, std::size_t count,
                                std::span<const std::byte> bytes) {
  header_["arrays"].push_back({{"name", name}, {"type", type}, {"count", count}});
  arrays_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  arrays_.append((kWord - arrays_.size() % kWord) % kWord, '\0');
}

std::string ModelFileWriter::bytes() const {
  std::string header = header_.dump();
  header.append((kWord - header.size() % kWord) % kWord, ' ');
  std::string out(kMagic);
  append_word(out, header.size());
  out += header;
  out += arrays_;
  append_word(out, hash64(out));
  return out;
}

ModelFile::ModelFile(std::string bytes, std::string_view kind, std::uint64_t version,
                     std::filesystem::path file)
    : bytes_(std::move(bytes)), file_(std::move(file)) {
  const nlohmann::json header = read_header(bytes_, file_);
  const std::size_t end = bytes_.size() - kWord;
  if (hash64(std::string_view(bytes_).substr(0, end)) != word_at(bytes_, end))
    damaged(file_, "its checksum differs");
  const auto found_kind = json_member<std::string>(header, "kind", file_);
  const auto found_version = json_member<std::uint64_t>(header, "version", file_);
  if (found_kind != kind || found_version != version) {
    throw Error("holds another encoder", {.file = file_.string(),
                                          .value = fmt::format("{} {}", found_kind, found_version),
                                          .expected = fmt::format("{} {}", kind, version)});
  }
  settings_ = json_member<nlohmann::json>(header, "settings", file_);
  std::size_t offset = 2 * kWord + word_at(bytes_, kWord);
  for (const nlohmann::json& entry : json_member<nlohmann::json>(header, "arrays", file_)) {
    Array array{.name = json_member<std::string>(entry, "name", file_),
                .type = json_member<std::string>(entry, "type", file_),
                .count = json_member<std::uint64_t>(entry, "count", file_),
                .offset = offset};
    const std::size_t item = array.type == "f32" ? 4 : 8;
    if (array.count > (end - offset) / item) damaged(file_, "an array is cut");
    offset += (array.count * item + kWord - 1) / kWord * kWord;
    if (offset > end) damaged(file_, "an array is cut");
    arrays_.push_back(std::move(array));
  }
  if (offset != end) damaged(file_, "it has bytes that belong to nothing");
}

ModelFile ModelFile::read(const std::filesystem::path& file, std::string_view kind, std::uint64_t version,
                          Files& files) {
  return ModelFile(files.read_whole(file), kind, version, file);
}

const ModelFile::Array& ModelFile::find(const std::string& name, const char* type, std::size_t count) const {
  for (const Array& array : arrays_) {
    if (array.name != name) continue;
    if (array.type == type && array.count == count) return array;
    throw Error("has an array of the wrong shape", {.file = file_.string(),
                                                    .field = name,
                                                    .value = fmt::format("{} x {}", array.count, array.type),
                                                    .expected = fmt::format("{} x {}", count, type)});
  }
  throw Error("misses an array", {.file = file_.string(), .field = name});
}

std::vector<float> ModelFile::floats(const std::string& name, std::size_t count) const {
  const Array& array = find(name, "f32", count);
  std::vector<float> out(count);
  if (count > 0) std::memcpy(out.data(), bytes_.data() + array.offset, count * sizeof(float));
  return out;
}

std::vector<std::uint64_t> ModelFile::integers(const std::string& name, std::size_t count) const {
  const Array& array = find(name, "u64", count);
  std::vector<std::uint64_t> out(count);
  if (count > 0) std::memcpy(out.data(), bytes_.data() + array.offset, count * sizeof(std::uint64_t));
  return out;
}

std::string model_file_kind(const std::filesystem::path& file, Files& files) {
  const MappedFile mapped = files.map(file);
  return json_member<std::string>(read_header(mapped.text(), file), "kind", file);
}

std::string model_fingerprint(std::string_view kind, std::uint64_t version, std::string_view bytes) {
  return fmt::format("{}-{}-{}", kind, version, to_hex(hash64(bytes)));
}

}  // namespace weft::encoders
