#include "tools/features.h"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>
#include <optional>
#include <set>

#include "base/error.h"
#include "base/hash.h"
#include "base/mapped_file.h"
#include "base/progress.h"
#include "base/strings.h"
#include "base/thread_pool.h"
#include "encoders/feature_set.h"
#include "encoders/options.h"
#include "encoders/vector_cache.h"
#include "gnn/trained_model.h"
#include "storage/vector_cache.h"
#include "tools/encode_lock.h"
#include "tools/feature_folders.h"

namespace weft::tools {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kBatch = 512;
constexpr std::size_t kFailuresShown = 5;

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
  void keep_only(const std::set<std::string>& fingerprints) {
    std::set<std::string> prefixes;
    for (const std::string& fingerprint : fingerprints) prefixes.insert(key(fingerprint, ""));
    cache_.keep_only(prefixes);
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
      : name_(fmt::format("{}.{}", context.snapshot.schema().node_type(type).name,
                          context.snapshot.schema().node_type(type).fields[field].name)),
        kind_(context.snapshot.schema().node_type(type).fields[field].kind),
        root_(context.project.data_root),
        nodes_(context.snapshot.node_count(type)),
        max_bad_(context.project.clean.max_bad_media) {
    if (graph::is_media(kind_))
      media_ = context.snapshot.media(type, field);
    else
      texts_ = context.snapshot.texts(type, field);
  }

  // Whether the node had a text, or a file that could be read, when it was ingested.
  bool has(graph::NodeId node) const {
    return graph::is_media(kind_) ? !media_.content_hashes[node].empty() : !texts_[node].empty();
  }

  // Throws Error if so many files have gone that the data root must be another one.
  void check_reachable() const {
    if (!graph::is_media(kind_)) return;
    std::uint64_t present = 0, gone = 0;
    std::string example;
    for (graph::NodeId node = 0; node < nodes_; ++node) {
      if (!has(node)) continue;
      ++present;
      const Found found = find(node);
      if (found.problem.empty()) continue;
      if (gone++ == 0) example = fmt::format("{} {}", media_.paths[node], found.problem);
    }
    if (static_cast<double>(gone) <= max_bad_ * static_cast<double>(present)) return;
    throw Error(
        fmt::format("{} of {} files that were ingested for {} cannot be read now, more than "
                    "clean.max_bad_media allows",
                    with_commas(gone), with_commas(present), name_),
        {.file = root_.string(),
         .value = example,
         .hint = "set project.data_root to where the files are now, or mount what they lie on; if they are "
                 "gone for good, raise clean.max_bad_media"});
  }

  // Assets of these nodes. Valid until the next call.
  std::span<const encoders::Asset> load(std::span<const graph::NodeId> nodes) {
    assets_.clear();
    maps_.clear();
    maps_.reserve(nodes.size());
    unreadable_.clear();
    for (const graph::NodeId node : nodes)
      assets_.push_back(graph::is_media(kind_) ? media(node) : text(node));
    return assets_;
  }

  // Those of the last load() that were there when they were ingested and cannot be read now: missing assets
  // to the encoder, failures to the user.
  const std::vector<encoders::AssetFailure>& unreadable() const { return unreadable_; }

 private:
  struct Found {
    fs::path path = {};
    std::string problem = {};
  };

  encoders::Asset text(graph::NodeId node) const {
    const std::string_view value = texts_[node];
    return value.empty() ? encoders::Asset::missing() : encoders::Asset::text(value);
  }

  Found find(graph::NodeId node) const {
    std::error_code code;
    Found found{.path = fs::canonical(root_ / fs::path(media_.paths[node]), code)};
    if (code) {
      found.problem = fmt::format("cannot be found any more: {}", code.message());
    } else if (std::mismatch(root_.begin(), root_.end(), found.path.begin(), found.path.end()).first !=
               root_.end()) {
      found.problem = "leads out of the data root through a symbolic link";
    } else if (::access(found.path.c_str(), R_OK) != 0) {
      found.problem = fmt::format("cannot be read any more: {}", errno_text(errno));
    }
    return found;
  }

  encoders::Asset media(graph::NodeId node) {
    if (!has(node)) return encoders::Asset::missing();
    Found found = find(node);
    if (found.problem.empty()) {
      try {
        maps_.emplace_back(found.path);
        return encoders::Asset::media(maps_.back().bytes());
      } catch (const Error& error) {
        found.problem = error.summary();
      }
    }
    unreadable_.push_back({.row = assets_.size(), .reason = std::move(found.problem)});
    return encoders::Asset::missing();
  }

  std::string name_;
  graph::FieldKind kind_;
  fs::path root_;
  graph::NodeId nodes_;
  double max_bad_;
  graph::StringColumn texts_ = {};
  graph::MediaColumn media_ = {};
  std::vector<encoders::Asset> assets_;
  std::vector<MappedFile> maps_;
  std::vector<encoders::AssetFailure> unreadable_;
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
                                               FieldAssets& source, encoders::Modality modality,
                                               const encoders::EncoderOptions& options, const fs::path& file,
                                               ThreadPool& pool) {
  const std::vector<std::uint8_t> visible = train_visible(context.snapshot, context.split, type);
  std::vector<graph::NodeId> nodes;
  for (graph::NodeId n = 0; n < visible.size(); ++n) {
    if (visible[n] != 0 && source.has(n)) nodes.push_back(n);
  }
  std::vector<graph::NodeId> sample;
  for (const std::size_t i : encoders::fit_sample(nodes.size(), encoders::max_fit(modality, options)))
    sample.push_back(nodes[i]);
  std::unique_ptr<encoders::Encoder> encoder =
      encoders::fit_encoder(modality, source.load(sample), options, &pool);
  encoders::save_encoder(*encoder, file);
  return encoder;
}

std::string field_name(const graph::NodeType& type, std::size_t field) {
  return fmt::format("{}.{}", type.name, type.fields[field].name);
}

// Calls visit(type, field) for each field that is encoded.
template <typename Visit>
void each_encoded_field(const graph::Schema& schema, Visit visit) {
  for (std::size_t t = 0; t < schema.node_types().size(); ++t) {
    const std::vector<graph::Field>& fields = schema.node_types()[t].fields;
    for (std::size_t f = 0; f < fields.size(); ++f) {
      if (fields[f].kind == graph::FieldKind::kText || graph::is_media(fields[f].kind))
        visit(static_cast<graph::NodeTypeId>(t), f);
    }
  }
}

enum class Fitting { kAllowed, kNotAllowed };

struct Pipeline {
  Cli& cli;
  const ProjectContext& context;
  encoders::EncoderOptions options;
  Fitting fitting;
  ThreadPool pool;
  std::unique_ptr<StoredVectors> cache = {};
  bool cache_tried = false;

  // Null where another process holds it, or it is damaged: then everything is computed.
  encoders::VectorCache* open_cache() {
    if (!cache_tried) {
      cache_tried = true;
      try {
        cache =
            std::make_unique<StoredVectors>(storage::VectorCache::open(context.project.workspace.vectors()));
      } catch (const Error& error) {
        cli.note(fmt::format("going on without the cache of vectors: {}", error.summary()));
      }
    }
    return cache.get();
  }

  // The feature set of that folder if it is whole and the one asked for.
  std::optional<encoders::FeatureSet> find_feature_set(const fs::path& folder,
                                                       const encoders::FeatureSetInfo& wanted) const {
    if (!fs::exists(folder / "manifest.json")) return std::nullopt;
    try {
      encoders::FeatureSet set = encoders::FeatureSet::open(folder);
      const encoders::FeatureSetInfo& info = set.info();
      if (info.store_uuid == wanted.store_uuid && info.sequence == wanted.sequence &&
          info.encoder_fingerprint == wanted.encoder_fingerprint) {
        return set;
      }
    } catch (const Error& error) {
      cli.note(fmt::format("the vectors of {}.{} are made anew: {} {}", wanted.node_type, wanted.field,
                           error.context().file, error.summary()));
    }
    return std::nullopt;
  }

  // Null if it has to be fitted.
  std::unique_ptr<encoders::Encoder> find_encoder(const fs::path& file, const std::string& name) const {
    if (!fs::exists(file)) {
      if (fitting == Fitting::kAllowed) return nullptr;
      throw Error("an encoder that the model needs is missing",
                  {.file = file.string(), .hint = "train the model again"});
    }
    try {
      return encoders::load_encoder(file);
    } catch (const Error& error) {
      if (fitting == Fitting::kNotAllowed) {
        throw Error("an encoder that the model needs is damaged: " + error.summary(),
                    {.file = file.string(), .hint = "train the model again"});
      }
      cli.note(fmt::format("the encoder of {} is fitted anew: {} {}", name, file.string(), error.summary()));
      return nullptr;
    }
  }

  void write(FieldAssets& source, graph::NodeTypeId type, const encoders::Encoder& encoder,
             const fs::path& folder, const encoders::FeatureSetInfo& info, EncodedField& out) {
    std::optional<encoders::CachingEncoder> caching;
    if (encoders::VectorCache* vectors = open_cache()) caching.emplace(encoder, *vectors);
    encoders::FeatureSetWriter writer(folder, info);
    const graph::NodeId count = context.snapshot.node_count(type);
    cli.progress().begin(fmt::format("encode {}.{}", out.type, out.field), count, "nodes");
    std::vector<graph::NodeId> nodes;
    for (graph::NodeId begin = 0; begin < count; begin += static_cast<graph::NodeId>(nodes.size())) {
      nodes.clear();
      for (graph::NodeId n = begin; n < count && nodes.size() < kBatch; ++n) nodes.push_back(n);
      const auto assets = source.load(nodes);
      encoders::Encoded batch = caching ? caching->encode(assets, &pool) : encoder.encode(assets, &pool);
      const auto encoded = static_cast<std::ptrdiff_t>(batch.failures.size());
      batch.failures.insert(batch.failures.end(), source.unreadable().begin(), source.unreadable().end());
      std::inplace_merge(batch.failures.begin(), batch.failures.begin() + encoded, batch.failures.end(),
                         [](const auto& a, const auto& b) { return a.row < b.row; });
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

  void run(graph::NodeTypeId type, std::size_t field, const std::string& key, FeatureReport& report) {
    const graph::NodeType& node_type = context.snapshot.schema().node_type(type);
    const graph::FieldKind kind = node_type.fields[field].kind;
    EncodedField out{.type = node_type.name,
                     .field = node_type.fields[field].name,
                     .kind = std::string(graph::field_kind_name(kind)),
                     .key = key};
    const std::string name = field_name(node_type, field);
    FieldAssets source(context, type, field);
    const fs::path file = context.project.workspace.folder / "encoders" / name / (key + ".enc");
    std::unique_ptr<encoders::Encoder> encoder = find_encoder(file, name);
    if (!encoder) {
      source.check_reachable();
      real_files().make_folders(file.parent_path());
      cli.progress().begin("fit " + name, 0, "");
      encoder = fit_encoder(context, type, source, modality(kind), options, file, pool);
      cli.progress().end();
      out.fitted = true;
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
      source.check_reachable();
      real_files().make_folders(folder.parent_path());
      try {
        write(source, type, *encoder, folder, info, out);
        out.encoded = true;
        set = encoders::FeatureSet::open(folder, encoders::VerifyFeatures::kSizesOnly);
      } catch (const Error&) {
        // Another process that asks the same model may have put it there meanwhile.
        set = find_feature_set(folder, info);
        if (!set) throw;
      }
    }
    out.rows = set->rows();
    out.present = set->info().present_rows;
    out.failed = set->info().failed_rows;
    out.dim = set->dim();
    report.inputs.push_back({type, out.field, std::make_shared<encoders::FeatureSet>(std::move(*set))});
    report.fields.push_back(std::move(out));
  }
};

FeatureReport run_pipeline(Cli& cli, const ProjectContext& context, Fitting fitting,
                           const EncoderKeys& keys) {
  Pipeline pipeline{cli, context, encoders::parse_encoder_options(context.toml.root().section("encoders")),
                    fitting, ThreadPool(cli.threads())};
  FeatureReport report;
  each_encoded_field(context.snapshot.schema(), [&](graph::NodeTypeId type, std::size_t field) {
    const auto key = keys.find(field_name(context.snapshot.schema().node_type(type), field));
    if (key != keys.end()) pipeline.run(type, field, key->second, report);
  });
  return report;
}

// What the latest training of a model claimed. A damaged claim claims nothing: the next training makes it
// anew.
EncoderKeys claimed_keys(const fs::path& model) {
  const fs::path file = model / "encoders.json";
  if (!fs::exists(file)) return {};
  const Json json = Json::parse(real_files().read_whole(file), nullptr, /*allow_exceptions=*/false);
  EncoderKeys keys;
  if (!json.is_object()) return keys;
  for (const auto& [field, key] : json.items()) {
    if (key.is_string()) keys[field] = key.get<std::string>();
  }
  return keys;
}

// What a model uses; nothing if there is none, or none that could be loaded.
EncoderKeys model_keys(const fs::path& model) {
  try {
    return gnn::read_model_info(model).encoders;
  } catch (const Error&) {
    return {};
  }
}

// Whether a name like ".KEY.writing-1234" is of a process that is still there.
bool being_written(const std::string& name) {
  pid_t process = 0;
  const char* end = name.data() + name.size();
  const auto parsed = std::from_chars(name.data() + name.rfind('-') + 1, end, process);
  return parsed.ec == std::errc() && parsed.ptr == end && (::kill(process, 0) == 0 || errno != ESRCH);
}

// Removes what is in `folder`/NAME but not in `used`. What begins with '.' is of who writes it, while he
// lives.
void prune(const fs::path& folder, const std::set<std::pair<std::string, std::string>>& used) {
  if (!fs::exists(folder)) return;
  for (const auto& field : fs::directory_iterator(folder)) {
    for (const auto& entry : fs::directory_iterator(field.path())) {
      const std::string name = entry.path().filename().string();
      const bool wanted =
          name.starts_with('.')
              ? being_written(name)
              : used.contains({field.path().filename().string(), entry.path().stem().string()});
      if (!wanted) real_files().remove_all(entry.path());
    }
  }
}

// Keeps cached vectors of the feature sets that are there.
void prune_vectors(const storage::Project& project) {
  if (!fs::exists(project.workspace.vectors())) return;
  std::set<std::string> fingerprints;
  for (const fs::path& folder : feature_folders(project)) {
    fingerprints.insert(
        encoders::FeatureSet::open(folder, encoders::VerifyFeatures::kSizesOnly).info().encoder_fingerprint);
  }
  StoredVectors(storage::VectorCache::open(project.workspace.vectors())).keep_only(fingerprints);
}

}  // namespace

EncoderKeys encoder_keys(const ProjectContext& context) {
  const encoders::EncoderOptions options =
      encoders::parse_encoder_options(context.toml.root().section("encoders"));
  EncoderKeys keys;
  each_encoded_field(context.snapshot.schema(), [&](graph::NodeTypeId type, std::size_t field) {
    const graph::NodeType& node_type = context.snapshot.schema().node_type(type);
    const std::string name = field_name(node_type, field);
    keys[name] = fit_key(context, name, options, node_type.fields[field].kind);
  });
  return keys;
}

FeatureReport ensure_features(Cli& cli, const ProjectContext& context) {
  const EncodeLock lock = EncodeLock::wait(cli, context.project.workspace);
  return run_pipeline(cli, context, Fitting::kAllowed, encoder_keys(context));
}

FeatureReport features_for_model(Cli& cli, const ProjectContext& context, const EncoderKeys& keys) {
  for (const auto& [field, key] : keys) {
    std::uint64_t value = 0;
    if (!from_hex(key, value)) {
      throw Error(
          "the model's description is damaged",
          {.field = field, .value = key, .expected = "an encoder's key", .hint = "train the model again"});
    }
  }
  return run_pipeline(cli, context, Fitting::kNotAllowed, keys);
}

void claim_encoders(const fs::path& model, const EncoderKeys& keys) {
  Json json = Json::object();
  for (const auto& [field, key] : keys) json[field] = key;
  real_files().replace_whole(model / "encoders.json", json.dump(2) + "\n");
}

void prune_features(const ProjectContext& context) {
  const storage::Workspace& workspace = context.project.workspace;
  const auto lock = EncodeLock::try_now(workspace);
  if (!lock) return;
  std::set<std::pair<std::string, std::string>> used;
  for (const auto& model : fs::directory_iterator(workspace.folder / "models")) {
    for (const EncoderKeys& keys : {claimed_keys(model.path()), model_keys(model.path())})
      used.insert(keys.begin(), keys.end());
  }
  prune(workspace.folder / "encoders", used);
  prune(workspace.folder / "features", used);
  try {
    prune_vectors(context.project);
  } catch (const Error&) {  // NOLINT(bugprone-empty-catch): a cache in use or damaged is no reason to fail a
                            // training
  }
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
