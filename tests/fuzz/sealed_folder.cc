#include "tests/fuzz/sealed_folder.h"

#include <algorithm>
#include <map>

#include "base/files.h"
#include "base/hash.h"
#include "graph/sealed_json.h"
#include "tests/fuzz/damage.h"
#include "tests/fuzz/json_changes.h"

namespace weft::fuzz {
namespace {

constexpr const char* kManifest = "manifest.json";
constexpr std::uint8_t kDamages = 7, kKeepList = 0x80;
constexpr std::size_t kDamageBytes = 12;

// A change of what the manifest says beside its list of files, which would take most of all changes.
std::string changed_beside_files(std::string_view manifest, std::mt19937_64& random) {
  OrderedJson json = OrderedJson::parse(manifest, nullptr, false);
  if (!json.is_object() || !json.contains("files")) return "";
  OrderedJson files = json["files"];
  json.erase("files");
  change_json(json, random);
  if (!json.is_object()) return "";
  json["files"] = std::move(files);
  return json.dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
}

// What follows an input's damages.
std::string_view manifest_of(std::string_view input) {
  if (input.empty()) return {};
  const std::size_t damages = static_cast<unsigned char>(input[0]) & kDamages;
  return input.substr(std::min(1 + damages * kDamageBytes, input.size()));
}

}  // namespace

SealedFolder::SealedFolder(std::filesystem::path folder) : folder_(std::move(folder)) {
  for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
    const std::string name = entry.path().filename().string();
    std::string content = real_files().read_whole(entry.path());
    if (name == kManifest)
      manifest_ = graph::read_sealed_json(content, name, "").dump();
    else
      files_.emplace_back(name, std::move(content));
  }
  std::sort(files_.begin(), files_.end());
}

Seeds SealedFolder::seeds() const {
  Seeds out{.accepted = {"", std::string(1, '\0') + manifest_}, .others = {}};
  for (std::size_t file = 0; file < files_.size(); ++file) {
    for (char how = 0; how < 6; ++how) {
      std::string input{'\1', static_cast<char>(file), how, static_cast<char>(file * 7), 0};
      out.others.push_back(input + std::string("\1\0\0\0\0\0\0\0", 8));
    }
  }
  return out;
}

std::string SealedFolder::mutated(std::string_view input, std::mt19937_64& random) const {
  // A fuzzer keeps what was refused in a new way; most changes of that are refused too.
  if (random() % 2 == 0) input = {};
  const std::string_view given = manifest_of(input);
  std::string damages(input.substr(0, input.size() - given.size()));
  if (damages.empty()) damages.push_back('\0');
  if (random() % 2 == 0) {
    const std::string_view manifest = given.empty() ? std::string_view(manifest_) : given;
    const std::string changed =
        random() % 2 == 0 ? changed_beside_files(manifest, random) : changed_json(manifest, random);
    if (!changed.empty()) return damages + changed;
  }
  // One more damage, and one less if there is no room.
  std::size_t count = static_cast<unsigned char>(damages[0]) & kDamages;
  damages.resize(1 + count * kDamageBytes, '\0');
  if (count == kDamages) {
    damages.erase(1, kDamageBytes);
    --count;
  }
  const std::uint64_t what = random(), value = random() % 4 == 0 ? random() : random() % 16;
  for (int shift = 0; shift < 32; shift += 8) damages += static_cast<char>(what >> shift);
  for (int shift = 0; shift < 64; shift += 8) damages += static_cast<char>(value >> shift);
  damages[0] = static_cast<char>(count + 1);
  return damages + std::string(given);
}

void SealedFolder::write(std::string_view input) {
  std::map<std::size_t, std::string> changed;
  Bytes bytes(input);
  const std::uint8_t choices = bytes.byte();
  for (std::uint8_t i = 0; i < (choices & kDamages) && !bytes.empty(); ++i) {
    const std::size_t file = bytes.byte() % files_.size();
    const std::uint8_t how = bytes.byte();
    const std::uint16_t where = bytes.word();
    damage(changed.try_emplace(file, files_[file].second).first->second, how, where, bytes.number());
  }
  for (const auto& [file, content] : changed) {
    write_file(folder_ / files_[file].first, content);
    changed_.push_back(file);
  }
  const std::string_view rest = manifest_of(input);
  graph::Json manifest = graph::Json::parse(rest.empty() ? manifest_ : rest, nullptr, false);
  if (!manifest.is_object()) return write_file(folder_ / kManifest, rest);
  if ((choices & kKeepList) == 0 && manifest.contains("files") && manifest["files"].is_array()) {
    for (auto& entry : manifest["files"]) {
      if (!entry.is_object() || !entry.contains("name") || !entry["name"].is_string()) continue;
      for (std::size_t file = 0; file < files_.size(); ++file) {
        if (entry["name"] != files_[file].first) continue;
        const auto found = changed.find(file);
        const std::string& content = found == changed.end() ? files_[file].second : found->second;
        entry["size"] = content.size();
        entry["xxh3"] = to_hex(hash64(std::string_view(content)));
      }
    }
  }
  std::string text;
  try {
    text = graph::seal_json(manifest);
  } catch (const graph::Json::exception&) {  // text that is not UTF-8
    text = rest;
  }
  write_file(folder_ / kManifest, text);
}

void SealedFolder::undo() {
  for (const std::size_t file : changed_) write_file(folder_ / files_[file].first, files_[file].second);
  changed_.clear();
}

}  // namespace weft::fuzz
