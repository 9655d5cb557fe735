// Feature sets: opening refuses one, or every row can be read. The input is a byte of choices, damages to the
// files (what, where, with what), a NUL, and the manifest without its checksum, which is put right; the
// files' checksums are put right too, and their lengths where the first byte says so.
// Parser: encoders/checked_json.cc encoders/feature_set.cc
#include <algorithm>
#include <array>

#include "base/hash.h"
#include "encoders/checked_json.h"
#include "encoders/feature_set.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/fuzz/json_changes.h"
#include "tests/support/temp_folder.h"

namespace weft::fuzz {
namespace {

using namespace encoders;

constexpr std::array<std::pair<const char*, const char*>, 2> kFiles = {
    {{"values.f32", "values_xxh3"}, {"present.u8", "present_xxh3"}}};
constexpr std::uint64_t kMaxItems = 4096;
constexpr std::uint8_t kFitLengths = 1, kKeepChecksums = 2;

struct Sound {
  test::TempFolder folder{test::in_memory()};
  std::array<std::string, 2> files = {};
  std::string manifest = {};
  Sound() {
    const Encoded batch{.rows = 3, .dim = 2, .values = {1, 2, 0, 0, -5.5F, 1e-30F}, .present = {1, 0, 1}};
    write_feature_set(folder / "set",
                      {.store_uuid = "u-1",
                       .sequence = 42,
                       .node_type = "item",
                       .field = "photo",
                       .encoder_fingerprint = "image-1",
                       .dim = 2},
                      batch);
    for (std::size_t i = 0; i < kFiles.size(); ++i)
      files[i] = real_files().read_whole(folder / "set" / kFiles[i].first);
    const auto path = folder / "set/manifest.json";
    manifest = parse_checked_text(real_files().read_whole(path), path).dump();
  }
};

Sound& sound() {
  static Sound instance;
  return instance;
}

void damage(std::string& content, Bytes& bytes) {
  const std::uint8_t how = bytes.byte();
  const std::uint16_t where = bytes.word();
  const std::size_t at = content.empty() ? 0 : where % content.size();
  switch (how % 3) {
    case 0:
      if (!content.empty()) content[at] = static_cast<char>(bytes.byte());
      break;
    case 1:
      content.resize(at);
      break;
    default:
      content.append(1 + where % 16, static_cast<char>(bytes.byte()));
  }
}

std::uint64_t number(const nlohmann::json& json, const char* key) {
  const auto at = json.find(key);
  if (at == json.end() || !at->is_number_unsigned()) return 0;
  return std::min(kMaxItems, at->get<std::uint64_t>());
}

}  // namespace

Seeds seeds() {
  const std::string manifest = '\0' + sound().manifest;
  return {.accepted = {'\1' + manifest, std::string("\0", 1) + manifest},
          .others = {std::string("\0\0\1\5", 4) + manifest, std::string("\0\1\2\0\0", 5) + manifest,
                     std::string("\2\2\3\7", 4) + manifest}};
}

std::string mutated(std::string_view input, std::mt19937_64& random) {
  const std::size_t end = input.find('\0', 1);
  if (end == std::string_view::npos) return "";
  const std::string manifest = changed_json(input.substr(end + 1), random);
  if (manifest.empty()) return "";
  std::string out(input.substr(0, end + 1));
  if (random() % 4 != 0) out[0] = kFitLengths;
  return out + manifest;
}

void run(std::string_view input) {
  Sound& base = sound();
  const std::size_t end = std::min(input.find('\0', std::min<std::size_t>(1, input.size())), input.size());
  Bytes bytes(input.substr(0, end));
  const std::uint8_t choices = bytes.byte();
  nlohmann::json manifest =
      nlohmann::json::parse(input.substr(std::min(end + 1, input.size())), nullptr, false);
  std::array<std::string, 2> files = base.files;
  if (manifest.is_object() && (choices & kFitLengths) != 0) {
    const std::uint64_t rows = number(manifest, "rows");
    files[0].resize(std::min(rows * number(manifest, "dim"), kMaxItems) * sizeof(float));
    files[1].resize(rows);
  }
  while (!bytes.empty()) damage(files[bytes.byte() % 2], bytes);
  for (std::size_t i = 0; i < kFiles.size(); ++i) {
    write_file(base.folder / "set" / kFiles[i].first, files[i]);
    if (manifest.is_object() && (choices & kKeepChecksums) == 0)
      manifest[kFiles[i].second] = to_hex(hash64(std::string_view(files[i])));
  }
  write_file(base.folder / "set/manifest.json",
             manifest.is_object() ? to_checked_text(std::move(manifest)) : std::string(input));
  parses([&] {
    const FeatureSet set = FeatureSet::open(base.folder / "set");
    FUZZ_CHECK(set.values().size() == set.rows() * set.dim() && set.present().size() == set.rows());
    float sum = 0;
    for (std::size_t row = 0; row < set.rows(); ++row) sum += set.row(row)[set.dim() - 1];
    FUZZ_CHECK(sum == sum || sum != sum);
  });
}

}  // namespace weft::fuzz
