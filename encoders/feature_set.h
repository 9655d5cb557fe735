// Encoded vectors of one field of one node type on disk: what a network trains on. A folder with
//   manifest.json   what it is (FeatureSetInfo), sizes and xxh3 checksums, and the checksum of the manifest
//   itself values.f32      rows x dim little-endian float32, row-major; row = dense node id present.u8 rows
//   bytes, 1 where the node has a usable asset, else 0 (and a zero row)
// A folder under its final name is always whole: it is written under a temporary name, synced and renamed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>

#include "base/files.h"
#include "base/hash.h"
#include "base/mapped_file.h"
#include "encoders/encoder.h"

namespace weft::encoders {

struct FeatureSetInfo {
  std::string store_uuid = {};  // of the snapshot that the rows belong to
  std::uint64_t sequence = 0;   // the snapshot's sequence number
  std::string node_type = {};
  std::string field = {};
  std::string encoder_fingerprint = {};
  std::uint64_t rows = 0;  // set by the writer
  std::uint64_t dim = 0;
  std::uint64_t present_rows = 0;  // set by the writer
  std::uint64_t failed_rows = 0;   // given but unusable; set by the writer
};

enum class VerifyFeatures { kChecksums, kSizesOnly };

// Memory-mapped, immutable; movable. Thread-safe to read.
class FeatureSet {
 public:
  // Checks the manifest and all sizes, and unless told not to, the checksums. Throws Error naming the file
  // that is damaged.
  static FeatureSet open(const std::filesystem::path& folder,
                         VerifyFeatures verify = VerifyFeatures::kChecksums, Files& files = real_files());

  const FeatureSetInfo& info() const { return info_; }
  std::size_t rows() const { return info_.rows; }
  std::size_t dim() const { return info_.dim; }
  std::span<const float> values() const { return values_file_.as<float>(); }                  // [rows, dim]
  std::span<const std::uint8_t> present() const { return present_file_.as<std::uint8_t>(); }  // [rows]
  std::span<const float> row(std::size_t i) const { return values().subspan(i * dim(), dim()); }
  // Reads something of every page that the rows lie on, so that they are in memory, and in this process's
  // page tables, by the time they are wanted.
  void touch(std::span<const std::uint32_t> rows) const;

 private:
  FeatureSetInfo info_;
  MappedFile values_file_;
  MappedFile present_file_;
};

// Writes a feature set batch by batch, so that it need not fit in memory. Not thread-safe. Nothing is visible
// under `folder` before finish(); an older feature set there is replaced by it. Kill points:
// feature_set.before_rename (the files are whole and synced under the temporary name) and
// feature_set.replacing (the older one has been moved aside).
class FeatureSetWriter {
 public:
  // `info`: all but rows, present_rows and failed_rows. `files` must outlive the writer.
  FeatureSetWriter(std::filesystem::path folder, FeatureSetInfo info, Files& files = real_files());
  ~FeatureSetWriter();  // without finish(): removes what was written
  FeatureSetWriter(const FeatureSetWriter&) = delete;
  FeatureSetWriter& operator=(const FeatureSetWriter&) = delete;

  // The next rows. Throws Error if their dim is not the feature set's.
  void append(const Encoded& batch);
  // Makes the feature set visible; returns what was written.
  FeatureSetInfo finish();

 private:
  void discard() noexcept;

  std::filesystem::path folder_, temporary_;
  FeatureSetInfo info_;
  Files& files_;
  std::unique_ptr<WritableFile> values_, present_;
  Hasher64 values_hash_, present_hash_;
  bool finished_ = false;
};

// The whole at once.
FeatureSetInfo write_feature_set(const std::filesystem::path& folder, const FeatureSetInfo& info,
                                 const Encoded& encoded, Files& files = real_files());

}  // namespace weft::encoders
