// Snapshots whose files are damaged behind valid checksums: opening refuses them, or every access is safe.
// The input is a list of damages: file, what is done to it, where, with what.
// Parser: graph/snapshot.cc graph/snapshot_check.cc graph/snapshot_manifest.cc
#include <map>

#include "base/hash.h"
#include "graph/snapshot.h"
#include "graph/snapshot_manifest.h"
#include "tests/fuzz/damage.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/graph/random_graph.h"
#include "tests/graph/touch_snapshot.h"

namespace weft::fuzz {
namespace {

using namespace graph;

struct Sound {
  TestFolder folder;
  std::vector<std::pair<std::string, std::string>> files = {};  // without the manifest
  Manifest manifest = {};
  std::string manifest_text = {};
  Sound() {
    write_snapshot(random_shop(3, 3, 3, 6), folder / "s");
    for (auto& [name, content] : folder_content(folder / "s")) {
      if (name == kManifestName) {
        manifest = read_manifest(content, name);
        manifest_text = content;
      } else {
        files.emplace_back(name, content);
      }
    }
  }
};

Sound& sound() {
  static Sound instance;
  return instance;
}

}  // namespace

Seeds seeds() {
  Seeds inputs{.accepted = {""}, .others = {}};
  const std::size_t files = sound().files.size();
  for (std::size_t file = 0; file < files; ++file) {
    for (int how = 0; how < 6; ++how) {
      std::string input{static_cast<char>(file), static_cast<char>(how), static_cast<char>(file * 7), 0};
      input += std::string("\1\0\0\0\0\0\0\0", 8);
      inputs.others.push_back(std::move(input));
    }
  }
  return inputs;
}

void run(std::string_view input) {
  Sound& base = sound();
  std::map<std::size_t, std::string> changed;
  Bytes bytes(input);
  for (int i = 0; i < 4 && !bytes.empty(); ++i) {
    const std::size_t file = bytes.byte() % base.files.size();
    const std::uint8_t how = bytes.byte();
    const std::uint16_t where = bytes.word();
    auto& content = changed.try_emplace(file, base.files[file].second).first->second;
    damage(content, how, where, bytes.number());
  }
  Manifest manifest = base.manifest;
  for (const auto& [file, content] : changed) {
    write_file(base.folder / ("s/" + base.files[file].first), content);
    for (ManifestFile& listed : manifest.files) {
      if (listed.name == base.files[file].first)
        listed = {listed.name, content.size(), hash64(std::string_view(content))};
    }
  }
  manifest.info.checksum = files_checksum(manifest.files);
  write_file(base.folder / "s/manifest.json", write_manifest(manifest));
  parses([&] { touch_everything(Snapshot::open(base.folder / "s")); });
  for (const auto& [file, content] : changed)
    write_file(base.folder / ("s/" + base.files[file].first), base.files[file].second);
  write_file(base.folder / "s/manifest.json", base.manifest_text);
}

}  // namespace weft::fuzz
