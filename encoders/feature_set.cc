#include "encoders/feature_set.h"

#include <fmt/format.h>
#include <unistd.h>

#include <bit>
#include <limits>
#include <utility>

#include "base/error.h"
#include "encoders/checked_json.h"

namespace weft::encoders {
namespace {

namespace fs = std::filesystem;

static_assert(std::endian::native == std::endian::little, "feature sets are little-endian on disk");

constexpr const char* kFormat = "weft-feature-set";
constexpr std::uint64_t kVersion = 1;
constexpr const char* kManifest = "manifest.json";
constexpr const char* kValues = "values.f32";
constexpr const char* kPresent = "present.u8";

fs::path parent_of(const fs::path& folder) {
  return folder.has_parent_path() ? folder.parent_path() : fs::path(".");
}

fs::path beside(const fs::path& folder, const char* what) {
  return parent_of(folder) / fmt::format(".{}.{}-{}", folder.filename().string(), what, ::getpid());
}

// rows * dim * 4, or Error if that is no size a file can have.
std::uint64_t values_bytes(const FeatureSetInfo& info, const fs::path& file) {
  const std::uint64_t limit =
      static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()) / sizeof(float);
  if (info.dim == 0 || info.rows > limit / info.dim) {
    throw Error("states an impossible size",
                {.file = file.string(), .value = fmt::format("{} x {}", info.rows, info.dim)});
  }
  return info.rows * info.dim * sizeof(float);
}

void check_size(const MappedFile& file, std::uint64_t expected, const fs::path& path) {
  if (file.size() == expected) return;
  throw Error("has another size than its manifest says",
              {.file = path.string(),
               .value = fmt::format("{} bytes", file.size()),
               .expected = fmt::format("{} bytes", expected),
               .hint = "the feature set is damaged: encode again"});
}

void check_content(const MappedFile& file, const std::string& stated, const fs::path& path) {
  if (to_hex(hash64(file.bytes())) == stated) return;
  throw Error("does not match its checksum",
              {.file = path.string(), .hint = "the feature set is damaged: encode again"});
}

}  // namespace

void FeatureSet::touch(std::span<const std::uint32_t> rows) const {
  constexpr std::size_t kPage = 4096;
  const std::size_t width = dim() * sizeof(float);
  if (width == 0) return;
  // Volatile: what is read is not used.
  const volatile char* const bytes = reinterpret_cast<const char*>(values().data());
  for (const std::uint32_t row : rows) {
    const std::size_t end = (std::size_t{row} + 1) * width;
    for (std::size_t at = end - width; at < end; at = (at / kPage + 1) * kPage) static_cast<void>(bytes[at]);
  }
}

FeatureSet FeatureSet::open(const fs::path& folder, VerifyFeatures verify, Files& files) {
  const fs::path manifest_path = folder / kManifest;
  const nlohmann::json manifest = parse_checked_text(files.read_whole(manifest_path), manifest_path);
  const auto text = [&](const char* key) { return json_member<std::string>(manifest, key, manifest_path); };
  const auto number = [&](const char* key) {
    return json_member<std::uint64_t>(manifest, key, manifest_path);
  };
  if (text("format") != kFormat || number("version") != kVersion) {
    throw Error(
        "is not a feature set of this version",
        {.file = manifest_path.string(), .expected = fmt::format("{} version {}", kFormat, kVersion)});
  }
  FeatureSet set;
  set.info_ = {.store_uuid = text("store_uuid"),
               .sequence = number("sequence"),
               .node_type = text("node_type"),
               .field = text("field"),
               .encoder_fingerprint = text("encoder"),
               .rows = number("rows"),
               .dim = number("dim"),
               .present_rows = number("present_rows"),
               .failed_rows = number("failed_rows")};
  set.values_file_ = files.map(folder / kValues);
  check_size(set.values_file_, values_bytes(set.info_, manifest_path), folder / kValues);
  set.present_file_ = files.map(folder / kPresent);
  check_size(set.present_file_, set.info_.rows, folder / kPresent);
  if (verify == VerifyFeatures::kChecksums) {
    check_content(set.values_file_, text("values_xxh3"), folder / kValues);
    check_content(set.present_file_, text("present_xxh3"), folder / kPresent);
  }
  return set;
}

FeatureSetWriter::FeatureSetWriter(fs::path folder, FeatureSetInfo info, Files& files)
    : folder_(std::move(folder)),
      temporary_(beside(folder_, "writing")),
      info_(std::move(info)),
      files_(files) {
  WEFT_CHECK(info_.dim > 0);
  info_.rows = info_.present_rows = info_.failed_rows = 0;
  files_.remove_all(temporary_);
  files_.make_folders(temporary_);
  try {
    values_ = files_.create(temporary_ / kValues);
    present_ = files_.create(temporary_ / kPresent);
  } catch (...) {
    discard();  // the destructor of a half-made object does not run
    throw;
  }
}

FeatureSetWriter::~FeatureSetWriter() {
  if (!finished_) discard();
}

void FeatureSetWriter::discard() noexcept {
  values_.reset();
  present_.reset();
  try {
    files_.remove_all(temporary_);
  } catch (const Error&) {  // NOLINT(bugprone-empty-catch): what failed before is the error worth reporting
  }
}

void FeatureSetWriter::append(const Encoded& batch) {
  WEFT_CHECK(!finished_ && values_ != nullptr);
  if (batch.dim != info_.dim) {
    throw Error("vectors of another length than the feature set's",
                {.field = info_.node_type + "." + info_.field,
                 .value = std::to_string(batch.dim),
                 .expected = std::to_string(info_.dim)});
  }
  WEFT_CHECK(batch.present.size() == batch.rows && batch.values.size() == batch.rows * batch.dim);
  const auto value_bytes = std::as_bytes(std::span(batch.values));
  const auto present_bytes = std::as_bytes(std::span(batch.present));
  values_->append(value_bytes);
  present_->append(present_bytes);
  values_hash_.update(value_bytes);
  present_hash_.update(present_bytes);
  info_.rows += batch.rows;
  info_.failed_rows += batch.failures.size();
  for (const std::uint8_t p : batch.present) info_.present_rows += p;
}

FeatureSetInfo FeatureSetWriter::finish() {
  WEFT_CHECK(!finished_);
  for (auto* file : {&values_, &present_}) {
    (*file)->sync();
    (*file)->close();
    file->reset();
  }
  const nlohmann::json manifest = {{"format", kFormat},
                                   {"version", kVersion},
                                   {"store_uuid", info_.store_uuid},
                                   {"sequence", info_.sequence},
                                   {"node_type", info_.node_type},
                                   {"field", info_.field},
                                   {"encoder", info_.encoder_fingerprint},
                                   {"rows", info_.rows},
                                   {"dim", info_.dim},
                                   {"present_rows", info_.present_rows},
                                   {"failed_rows", info_.failed_rows},
                                   {"values_xxh3", to_hex(values_hash_.digest())},
                                   {"present_xxh3", to_hex(present_hash_.digest())}};
  files_.write_whole(temporary_ / kManifest, to_checked_text(manifest));
  files_.sync_folder(temporary_);
  files_.kill_point("feature_set.before_rename");

  const fs::path parent = parent_of(folder_);
  const fs::path old = beside(folder_, "old");
  const bool replaces = fs::exists(folder_);
  if (replaces) {
    files_.remove_all(old);
    files_.rename(folder_, old);
    files_.kill_point("feature_set.replacing");
  }
  try {
    files_.rename(temporary_, folder_);
  } catch (...) {
    if (replaces) files_.rename(old, folder_);
    throw;
  }
  finished_ = true;
  files_.sync_folder(parent);
  if (replaces) files_.remove_all(old);
  return info_;
}

FeatureSetInfo write_feature_set(const fs::path& folder, const FeatureSetInfo& info, const Encoded& encoded,
                                 Files& files) {
  FeatureSetWriter writer(folder, info, files);
  writer.append(encoded);
  return writer.finish();
}

}  // namespace weft::encoders
