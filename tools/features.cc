#include "tools/features.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <optional>
#include <set>

#include "base/error.h"
#include "base/hash.h"
#include "base/mapped_file.h"
#include "base/strings.h"
#include "base/thread_pool.h"
#include "encoders/feature_set.h"
#include "encoders/options.h"
#include "encoders/vector_cache.h"
#include "storage/vector_cache.h"

namespace weft::tools {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kBatch = 512;
constexpr std::size_t kFailuresShown = 5;
constexpr std::uint64_t kMostMediaBytes = 64ULL << 20;

// encoders' cache of vectors, kept in the workspace.
class StoredVectors final : public encoders::VectorCache {
 public:
  explicit StoredVectors(storage::VectorCache cache) : cache_(std::move(cache)) {}

  std::vector<std::vector<float>> get_many(std::string_view fingerprint,
                                           std::span<const std::string> hashes) override {
    std::vector<std::string> keys;
    for (const std::string& hash : hashes) keys.push_back(key(fingerprint, hash));
    std::vector<std::vector<float>> out(hashes.size());
    const auto values = cache_.get_many(keys);
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (!values[i] || hashes[i].empty()) continue;
      out[i].resize(values[i]->size() / sizeof(float));
      std::memcpy(out[i].data(), values[i]->data(), out[i].size() * sizeof(float));
    }
    return out;
  }
  void put_many(std::string_view fingerprint, std::span<const encoders::CachedVector> vectors) override {
    std::vector<std::pair<std::string, std::string>> entries;
    for (const auto& v : vectors) {
      entries.emplace_back(
          key(fingerprint, v.content_hash),
          std::string(reinterpret_cast<const char*>(v.values.data()), v.values.size() * sizeof(float)));
    }
    cache_.put_many(entries);
  }

 private:
  static std::string key(std::string_view fingerprint, std::string_view hash) {
    return fmt::format("{}/{}", fingerprint, hash);
  }
  storage::VectorCache cache_;
};

// The assets of one field, batch by batch; holds the maps of the media files of the batch at hand.
class FieldAssets {
 public:
  FieldAssets(const ProjectContext& context, graph::NodeTypeId type, std::size_t field)
      : type_(type),
        kind_(context.snapshot.schema().node_type(type).fields[field].kind),
        root_(context.project.data_root) {
    if (graph::is_media(kind_))
      media_ = context.snapshot.media(type, field);
    else
      texts_ = context.snapshot.texts(type, field);
  }

  // Assets of these nodes. Valid until the next call.
  std::span<const encoders::Asset> load(std::span<const graph::NodeId> nodes) {
    assets_.clear();
    maps_.clear();
    maps_.reserve(nodes.size());
    for (const graph::NodeId node : nodes)
      assets_.push_back(graph::is_media(kind_) ? media(node) : text(node));
    return assets_;
  }

 private:
  encoders::Asset text(graph::NodeId node) const {
    const std::string_view value = texts_[node];
    return value.empty() ? encoders::Asset::missing() : encoders::Asset::text(value);
  }
  // A file that was missing when it was ingested, or is gone now, is a missing asset.
  encoders::Asset media(graph::NodeId node) {
    if (media_.content_hashes[node].empty()) return encoders::Asset::missing();
    std::error_code code;
    const fs::path path = fs::canonical(root_ / fs::path(media_.paths[node]), code);
    if (code || fs::file_size(path, code) > kMostMediaBytes || code) return encoders::Asset::missing();
    const auto [end, at] = std::mismatch(root_.begin(), root_.end(), path.begin(), path.end());
    if (end != root_.end()) return encoders::Asset::missing();  // a link that leads out of the data root
    maps_.emplace_back(path);
    return encoders::Asset::media(maps_.back().bytes());
  }

  graph::NodeTypeId type_;
  graph::FieldKind kind_;
  fs::path root_;
  graph::StringColumn texts_ = {};
  graph::MediaColumn media_ = {};
  std::vector<encoders::Asset> assets_;
  std::vector<MappedFile> maps_;
};

encoders::Modality modality(graph::FieldKind kind) {
  if (kind == graph::FieldKind::kText) return encoders::Modality::kText;
  return kind == graph::FieldKind::kImage ? encoders::Modality::kImage : encoders::Modality::kAudio;
}

// Everything that makes an encoder what it is, besides its code.
std::string fit_key(const ProjectContext& context, const std::string& name,
                    const encoders::EncoderOptions& options, graph::FieldKind kind) {
  const graph::SplitSpec& spec = context.split.spec;
  Hasher64 hash;
  hash.update_field(name);
  hash.update_field(to_hex(context.snapshot.info().checksum));
  hash.update_field(context.snapshot.info().store_uuid);
  hash.update_field(fmt::format("{} {} {} {} {}", context.target, static_cast<int>(spec.kind), spec.valid,
                                spec.test, spec.seed));
  for (const auto* files : {&spec.train_files, &spec.valid_files, &spec.test_files})
    hash.update_field(join(*files, "\n"));
  hash.update_field(to_hex(encoders::options_hash(modality(kind), options)));
  return to_hex(hash.digest());
}

std::unique_ptr<encoders::Encoder> fit_encoder(const ProjectContext& context, graph::NodeTypeId type,
                                               std::size_t field, const encoders::EncoderOptions& options,
                                               const fs::path& file, ThreadPool& pool) {
  const graph::FieldKind kind = context.snapshot.schema().node_type(type).fields[field].kind;
  const std::vector<std::uint8_t> visible = train_visible(context.snapshot, context.split, type);
  std::vector<graph::NodeId> nodes;
  for (graph::NodeId n = 0; n < visible.size(); ++n) {
    if (visible[n] != 0) nodes.push_back(n);
  }
  std::vector<graph::NodeId> sample;
  for (const std::size_t i : encoders::fit_sample(nodes.size(), encoders::max_fit(modality(kind), options)))
    sample.push_back(nodes[i]);
  FieldAssets source(context, type, field);
  std::unique_ptr<encoders::Encoder> encoder =
      encoders::fit_encoder(modality(kind), source.load(sample), options, &pool);
  encoders::save_encoder(*encoder, file);
  return encoder;
}

// The feature set of that folder if it is the one asked for.
std::optional<encoders::FeatureSet> find_feature_set(const fs::path& folder,
                                                     const encoders::FeatureSetInfo& wanted) {
  if (!fs::exists(folder / "manifest.json")) return std::nullopt;
  encoders::FeatureSet set = encoders::FeatureSet::open(folder);
  const encoders::FeatureSetInfo& info = set.info();
  if (info.store_uuid != wanted.store_uuid || info.sequence != wanted.sequence ||
      info.encoder_fingerprint != wanted.encoder_fingerprint) {
    return std::nullopt;
  }
  return set;
}

struct Pipeline {
  Cli& cli;
  const ProjectContext& context;
  ThreadPool pool;
  std::unique_ptr<StoredVectors> cache = {};

  void write(FieldAssets& source, graph::NodeTypeId type, const encoders::Encoder& encoder,
             const fs::path& folder, const encoders::FeatureSetInfo& info, EncodedField& out) {
    if (!cache)
      cache =
          std::make_unique<StoredVectors>(storage::VectorCache::open(context.project.workspace.vectors()));
    const encoders::CachingEncoder caching(encoder, *cache);
    encoders::FeatureSetWriter writer(folder, info);
    const graph::NodeId count = context.snapshot.node_count(type);
    cli.progress().begin(fmt::format("encode {}.{}", out.type, out.field), count, "nodes");
    std::vector<graph::NodeId> nodes;
    for (graph::NodeId begin = 0; begin < count; begin += static_cast<graph::NodeId>(nodes.size())) {
      nodes.clear();
      for (graph::NodeId n = begin; n < count && nodes.size() < kBatch; ++n) nodes.push_back(n);
      const encoders::Encoded batch = caching.encode(source.load(nodes), &pool);
      for (const encoders::AssetFailure& failure : batch.failures) {
        if (out.failures.size() >= kFailuresShown) break;
        out.failures.push_back(fmt::format("{} '{}': {}", out.type,
                                           context.snapshot.external_id({type, nodes[failure.row]}),
                                           failure.reason));
      }
      writer.append(batch);
      cli.progress().advance(begin + nodes.size());
    }
    writer.finish();
    cli.progress().end();
  }

  // `key`: empty to fit on the split (or find what was fitted on it), else the encoder that must be there.
  void run(graph::NodeTypeId type, std::size_t field, std::string key,
           const encoders::EncoderOptions& options, FeatureReport& report) {
    const graph::NodeType& node_type = context.snapshot.schema().node_type(type);
    const graph::FieldKind kind = node_type.fields[field].kind;
    EncodedField out{.type = node_type.name,
                     .field = node_type.fields[field].name,
                     .kind = std::string(graph::field_kind_name(kind))};
    const std::string name = fmt::format("{}.{}", out.type, out.field);
    const bool may_fit = key.empty();
    if (may_fit) key = fit_key(context, name, options, kind);
    out.key = key;
    const fs::path file = context.project.workspace.folder / "encoders" / name / (key + ".enc");
    std::unique_ptr<encoders::Encoder> encoder;
    if (fs::exists(file)) {
      encoder = encoders::load_encoder(file);
    } else if (may_fit) {
      real_files().make_folders(file.parent_path());
      cli.progress().begin("fit " + name, 0, "");
      encoder = fit_encoder(context, type, field, options, file, pool);
      cli.progress().end();
      out.fitted = true;
    } else {
      throw Error("an encoder that the model needs is missing",
                  {.file = file.string(), .hint = "train the model again"});
    }
    const encoders::FeatureSetInfo info{.store_uuid = context.snapshot.info().store_uuid,
                                        .sequence = context.snapshot.info().sequence,
                                        .node_type = out.type,
                                        .field = out.field,
                                        .encoder_fingerprint = encoder->fingerprint(),
                                        .dim = encoder->dim()};
    const fs::path folder = context.project.workspace.folder / "features" / name / key;
    auto set = find_feature_set(folder, info);
    if (!set) {
      real_files().make_folders(folder.parent_path());
      FieldAssets source(context, type, field);
      write(source, type, *encoder, folder, info, out);
      out.encoded = true;
      set = encoders::FeatureSet::open(folder, encoders::VerifyFeatures::kSizesOnly);
    }
    out.rows = set->rows();
    out.present = set->info().present_rows;
    out.failed = set->info().failed_rows;
    out.dim = set->dim();
    report.inputs.push_back({type, out.field, std::make_shared<encoders::FeatureSet>(std::move(*set))});
    report.fields.push_back(std::move(out));
  }
};

// `keys`: null to fit, else what a model uses; fields that it does not know are left out.
FeatureReport run_pipeline(Cli& cli, const ProjectContext& context,
                           const std::map<std::string, std::string>* keys) {
  const encoders::EncoderOptions options =
      encoders::parse_encoder_options(context.toml.root().section("encoders"));
  Pipeline pipeline{cli, context, ThreadPool(cli.threads())};
  FeatureReport report;
  const graph::Schema& schema = context.snapshot.schema();
  for (std::size_t t = 0; t < schema.node_types().size(); ++t) {
    const graph::NodeType& type = schema.node_types()[t];
    for (std::size_t f = 0; f < type.fields.size(); ++f) {
      const graph::FieldKind kind = type.fields[f].kind;
      if (kind != graph::FieldKind::kText && !graph::is_media(kind)) continue;
      std::string key;
      if (keys != nullptr) {
        const auto found = keys->find(fmt::format("{}.{}", type.name, type.fields[f].name));
        if (found == keys->end()) continue;
        key = found->second;
      }
      pipeline.run(static_cast<graph::NodeTypeId>(t), f, key, options, report);
    }
  }
  return report;
}

std::map<std::string, std::string> read_keys(const fs::path& model) {
  const fs::path file = model / "encoders.json";
  const std::string text = real_files().read_whole(file);
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  std::map<std::string, std::string> keys;
  std::uint64_t value = 0;
  bool good = json.is_object();
  for (auto it = json.begin(); good && it != json.end(); ++it) {
    good = it.value().is_string() && from_hex(it.value().get<std::string>(), value) &&
           it.key().find('/') == std::string::npos;
    if (good) keys[it.key()] = it.value().get<std::string>();
  }
  if (!good)
    throw Error("file is damaged",
                {.file = file.string(), .expected = "an object of field names and encoder keys"});
  return keys;
}

// Removes what is in `folder`/NAME but not in `used`.
void prune(const fs::path& folder, const std::set<std::pair<std::string, std::string>>& used) {
  if (!fs::exists(folder)) return;
  for (const auto& field : fs::directory_iterator(folder)) {
    for (const auto& entry : fs::directory_iterator(field.path())) {
      if (!used.contains({field.path().filename().string(), entry.path().stem().string()}))
        real_files().remove_all(entry.path());
    }
  }
}

}  // namespace

std::map<std::string, std::string> FeatureReport::keys() const {
  std::map<std::string, std::string> out;
  for (const EncodedField& field : fields) out[field.type + "." + field.field] = field.key;
  return out;
}

FeatureReport ensure_features(Cli& cli, const ProjectContext& context) {
  return run_pipeline(cli, context, nullptr);
}

FeatureReport features_for_model(Cli& cli, const ProjectContext& context, const fs::path& model) {
  const std::map<std::string, std::string> keys = read_keys(model);
  return run_pipeline(cli, context, &keys);
}

void keep_encoders(const ProjectContext& context, const fs::path& model, const FeatureReport& features) {
  real_files().make_folders(model);
  Json json = Json::object();
  for (const auto& [field, key] : features.keys()) json[field] = key;
  real_files().replace_whole(model / "encoders.json", json.dump(2) + "\n");
  std::set<std::pair<std::string, std::string>> used;
  for (const auto& entry : fs::directory_iterator(model.parent_path())) {
    if (!fs::exists(entry.path() / "encoders.json")) continue;
    for (const auto& pair : read_keys(entry.path())) used.insert(pair);
  }
  prune(context.project.workspace.folder / "encoders", used);
  prune(context.project.workspace.folder / "features", used);
}

std::vector<fs::path> feature_folders(const storage::Project& project) {
  std::vector<fs::path> out;
  const fs::path root = project.workspace.folder / "features";
  if (!fs::exists(root)) return out;
  for (const auto& field : fs::directory_iterator(root)) {
    for (const auto& entry : fs::directory_iterator(field.path())) {
      if (fs::exists(entry.path() / "manifest.json")) out.push_back(entry.path());
    }
  }
  std::sort(out.begin(), out.end());
  return out;
}

std::vector<std::uint8_t> train_visible(const graph::Snapshot& snapshot, const graph::Split& split,
                                        graph::NodeTypeId type) {
  const graph::Schema& schema = snapshot.schema();
  std::vector<std::uint8_t> visible(snapshot.node_count(type), 0);
  bool bound = false;
  for (std::size_t t = 0; t < schema.edge_types().size(); ++t) {
    const graph::EdgeType& edge = schema.edge_types()[t];
    const auto& parts = split.parts[t];
    const bool splits = edge.timed || std::any_of(parts.begin(), parts.end(),
                                                  [](graph::Part p) { return p != graph::Part::kTrain; });
    if (!splits || (edge.from != type && edge.to != type)) continue;
    bound = true;
    const auto edge_type = static_cast<graph::EdgeTypeId>(t);
    const graph::CsrView csr = snapshot.outgoing(edge_type);
    const std::vector<graph::NodeId> rows = snapshot.edge_rows(edge_type);
    for (std::size_t e = 0; e < csr.edges(); ++e) {
      if (parts[e] != graph::Part::kTrain) continue;
      if (edge.from == type) visible[rows[e]] = 1;
      if (edge.to == type) visible[csr.targets[e]] = 1;
    }
  }
  if (!bound) std::fill(visible.begin(), visible.end(), std::uint8_t{1});
  return visible;
}

}  // namespace weft::tools
