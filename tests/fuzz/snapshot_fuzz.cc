// Snapshots whose files are damaged behind valid checksums: opening refuses them, or every access is safe.
// The input is a list of damages: file, what is done to it, where, with what.
#include <cmath>
#include <map>

#include "base/hash.h"
#include "graph/snapshot.h"
#include "graph/snapshot_manifest.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/graph/random_graph.h"

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

void damage(std::string& content, std::uint8_t how, std::uint16_t where, std::uint64_t value) {
  if (content.empty()) how = 4;
  const std::size_t at = content.empty() ? 0 : where % content.size();
  switch (how % 6) {
    case 0:
      content[at] = static_cast<char>(content[at] ^ static_cast<char>(value));
      break;
    case 1:  // one number of the array
    case 2: {
      const std::size_t size = how % 6 == 1 ? 4 : 8;
      const std::size_t item = at / size * size;
      if (item + size > content.size()) break;
      for (std::size_t i = 0; i < size; ++i) content[item + i] = static_cast<char>(value >> (8 * i));
      break;
    }
    case 3:
      content.resize(at);
      break;
    case 4:
      content.append(1 + where % 64, static_cast<char>(value));
      break;
    default: {  // two numbers change places
      const std::size_t a = at / 8 * 8, b = value % content.size() / 8 * 8;
      if (a + 8 > content.size() || b + 8 > content.size()) break;
      for (std::size_t i = 0; i < 8; ++i) std::swap(content[a + i], content[b + i]);
    }
  }
}

std::uint64_t touch_fields(const Snapshot& snapshot, NodeTypeId type, NodeId id) {
  std::uint64_t sum = 0;
  const NodeType& node_type = snapshot.schema().node_type(type);
  for (std::size_t f = 0; f < node_type.fields.size(); ++f) {
    switch (node_type.fields[f].kind) {
      case FieldKind::kNumber:
        sum += std::isnan(snapshot.numbers(type, f)[id]) ? 1 : 0;
        break;
      case FieldKind::kText:
        sum += hash64(snapshot.texts(type, f)[id]);
        break;
      case FieldKind::kCategory:
        for (const auto code : snapshot.categories(type, f)[id])
          sum += hash64(snapshot.categories(type, f).dictionary[code]);
        break;
      default:
        sum += hash64(snapshot.media(type, f).paths[id]) + hash64(snapshot.media(type, f).content_hashes[id]);
    }
  }
  return sum;
}

// Reads every entry of every array through the public interface.
std::uint64_t touch_everything(const Snapshot& snapshot) {
  std::uint64_t sum = 0;
  const Schema& schema = snapshot.schema();
  for (std::size_t i = 0; i < schema.node_types().size(); ++i) {
    const auto type = static_cast<NodeTypeId>(i);
    for (NodeId id = 0; id < snapshot.node_count(type); ++id) {
      FUZZ_CHECK(snapshot.find_node(type, snapshot.external_id({type, id})) == id);
      sum += snapshot.display_name({type, id}).size() +
             static_cast<std::uint64_t>(snapshot.first_seen(type)[id]) + snapshot.node_events(type)[id] +
             touch_fields(snapshot, type, id);
    }
  }
  for (RelationId r = 0; r < 2 * schema.edge_types().size(); ++r) {
    const CsrView csr = snapshot.relation(r);
    const auto first_seen = snapshot.first_seen(schema.target_type(r));
    const EdgeColumns columns = snapshot.edge_columns(edge_type_of(r));
    for (NodeId row = 0; row < csr.rows(); ++row) {
      FUZZ_CHECK(csr.count_before(row, 5) <= csr.degree(row));
      for (std::uint64_t i = csr.offsets[row]; i < csr.offsets[row + 1]; ++i) {
        const EdgeId edge = csr.edge_id(i);
        sum += static_cast<std::uint64_t>(first_seen[csr.targets[i]]) + columns.events[edge] +
               columns.sources[edge];
        if (!columns.weights.empty()) FUZZ_CHECK(std::isfinite(columns.weights[edge]));
      }
    }
  }
  return sum;
}

}  // namespace

std::vector<std::string> seeds() {
  std::vector<std::string> inputs{""};
  const std::size_t files = sound().files.size();
  for (std::size_t file = 0; file < files; ++file) {
    for (int how = 0; how < 6; ++how) {
      std::string input{static_cast<char>(file), static_cast<char>(how), static_cast<char>(file * 7), 0};
      input += std::string("\1\0\0\0\0\0\0\0", 8);
      inputs.push_back(std::move(input));
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
    real_files().write_whole(base.folder / ("s/" + base.files[file].first), content);
    for (ManifestFile& listed : manifest.files) {
      if (listed.name == base.files[file].first)
        listed = {listed.name, content.size(), hash64(std::string_view(content))};
    }
  }
  manifest.info.checksum = files_checksum(manifest.files);
  real_files().write_whole(base.folder / "s/manifest.json", write_manifest(manifest));
  parses([&] { touch_everything(Snapshot::open(base.folder / "s")); });
  for (const auto& [file, content] : changed)
    real_files().write_whole(base.folder / ("s/" + base.files[file].first), base.files[file].second);
  real_files().write_whole(base.folder / "s/manifest.json", base.manifest_text);
}

}  // namespace weft::fuzz
