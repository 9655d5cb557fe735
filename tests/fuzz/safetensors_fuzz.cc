// Files of tensors: the layout is refused, or the tensors fill the file one behind the other and it is
// written again as the same. The first byte chooses whether the rest is a file, or a header's JSON to which
// its length is added and as much data as its offsets reach to (up to a length that a fuzzer can afford).
// Parser: gnn/tensor_layout.cc
#include <algorithm>

#include "base/hash.h"
#include "gnn/tensor_layout.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/fuzz/json_changes.h"

namespace weft::fuzz {
namespace {

using namespace gnn;

constexpr std::uint64_t kMaxData = 4096;

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

std::string file_of(std::string_view header, std::string_view data) {
  std::string out;
  for (int shift = 0; shift < 64; shift += 8) out += static_cast<char>(header.size() >> shift);
  return out.append(header).append(data);
}

// As many bytes as the header's offsets reach to; "xxh3" of them is put right where it is there.
std::string file_of_header(std::string_view text) {
  OrderedJson header = OrderedJson::parse(text, nullptr, false);
  if (!header.is_object()) return file_of(text, "");
  std::uint64_t end = 0;
  for (const auto& [name, entry] : header.items()) {
    if (!entry.is_object() || !entry.contains("data_offsets") || !entry["data_offsets"].is_array()) continue;
    for (const OrderedJson& offset : entry["data_offsets"]) {
      if (offset.is_number_unsigned()) end = std::max(end, offset.get<std::uint64_t>());
    }
  }
  std::string data(std::min(end, kMaxData), '\0');
  for (std::size_t i = 0; i < data.size(); ++i) data[i] = static_cast<char>(i * 37);
  if (header.contains("__metadata__") && header["__metadata__"].is_object() &&
      header["__metadata__"].contains(kTensorHashKey))
    header["__metadata__"][kTensorHashKey] = to_hex(hash64(std::string_view(data)));
  return file_of(header.dump(-1, ' ', false, OrderedJson::error_handler_t::replace), data);
}

const char* const kHeader = R"({"__metadata__":{"xxh3":"","weft":"{\"format\": 2}"},)"
                            R"("model.a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},)"
                            R"("model.b":{"dtype":"I64","shape":[],"data_offsets":[24,32]},)"
                            R"("none":{"dtype":"F64","shape":[0,5],"data_offsets":[32,32]},)"
                            R"("mask":{"dtype":"BOOL","shape":[4],"data_offsets":[32,36]},)"
                            R"("steps":{"dtype":"I32","shape":[1,1,2],"data_offsets":[36,44]},)"
                            R"("bytes":{"dtype":"U8","shape":[3],"data_offsets":[44,47]}})";

}  // namespace

Seeds seeds() {
  return {
      .accepted = {tagged(1, kHeader), tagged(0, file_of_header(kHeader)), tagged(1, "{}"),
                   tagged(1, R"({"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}     )")},
      .others = {tagged(0, ""), tagged(0, std::string(8, '\xFF') + "{}"), tagged(1, "[1]"),
                 tagged(1, R"({"x":{"dtype":"F32","shape":[0,4611686018427387904],"data_offsets":[0,0]}})"),
                 tagged(1, R"({"x":{"dtype":"F32","shape":2,"data_offsets":[0,8]}})")}};
}

// Fields; then mostly puts the offsets in order, as the shapes have them.
std::string mutated(std::string_view input, std::mt19937_64& random) {
  if (input.empty() || input[0] % 2 == 0) return "";
  OrderedJson header = OrderedJson::parse(input.substr(1), nullptr, false);
  if (!header.is_object()) return "";
  for (std::uint64_t changes = 1 + random() % 3; changes > 0; --changes) change_json(header, random);
  if (header.is_object() && random() % 4 != 0) {
    std::uint64_t at = 0;
    for (auto& [name, entry] : header.items()) {
      if (!entry.is_object() || !entry.contains("dtype") || !entry["dtype"].is_string()) continue;
      const std::string type = entry["dtype"].get<std::string>();
      std::uint64_t size = type.ends_with("64") ? 8 : type.ends_with("32") ? 4 : 1;
      if (entry.contains("shape") && entry["shape"].is_array()) {
        for (const OrderedJson& dimension : entry["shape"])
          size *= dimension.is_number_unsigned() ? std::min<std::uint64_t>(dimension.get<std::uint64_t>(), 64)
                                                 : 1;
      }
      size = std::min(size, kMaxData);
      entry["data_offsets"] = {at, at + size};
      at += size;
    }
  }
  return tagged(1, header.dump(-1, ' ', false, OrderedJson::error_handler_t::replace));
}

void run(std::string_view input) {
  Bytes bytes(input);
  const bool whole = bytes.byte() % 2 == 0;
  const std::string file = whole ? std::string(bytes.rest()) : file_of_header(bytes.rest());
  parses([&] {
    const TensorLayout layout = read_tensor_layout(bytes_of(file), "f");
    check_tensor_hash(layout, bytes_of(file), "f");
    std::uint64_t at = 0;
    for (const TensorPlace& place : layout.tensors) {
      FUZZ_CHECK(place.begin == at && place.end >= at);
      std::uint64_t size = item_bytes(place.type);
      for (const std::int64_t dimension : place.shape) size *= static_cast<std::uint64_t>(dimension);
      FUZZ_CHECK(size == place.end - place.begin);
      at = place.end;
    }
    FUZZ_CHECK(layout.data_begin + at == file.size());
    const std::string again =
        tensor_file_head(layout.tensors, layout.metadata) + file.substr(layout.data_begin);
    const TensorLayout same = read_tensor_layout(bytes_of(again), "again");
    FUZZ_CHECK(same.tensors == layout.tensors && same.metadata == layout.metadata);
  });
}

}  // namespace weft::fuzz
