// What turns texts, pictures and sounds into vectors: one row for each asset. A network sees these rows only,
// never the bytes, so that encoders and networks can be changed apart.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace weft {
class ThreadPool;
}

namespace weft::encoders {

enum class AssetKind : std::uint8_t {
  kMissing,  // the node has none
  kText,     // UTF-8; ill-formed bytes are replaced, never an error
  kMedia,    // the whole bytes of a picture or sound file
};

// One input. Does not own `data`.
struct Asset {
  AssetKind kind = AssetKind::kMissing;
  std::string_view data = {};

  static Asset missing() { return {}; }
  static Asset text(std::string_view utf8) { return {.kind = AssetKind::kText, .data = utf8}; }
  static Asset media(std::string_view bytes) { return {.kind = AssetKind::kMedia, .data = bytes}; }
  static Asset media(std::span<const std::byte> bytes) {
    return media(std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
  }
};

// An asset that was given but could not be used, and why, as in "JPEG ends early". A missing asset is no
// failure.
struct AssetFailure {
  std::size_t row = 0;
  std::string reason = {};
};

struct Encoded {
  std::size_t rows = 0;
  std::size_t dim = 0;
  std::vector<float> values = {};           // [rows, dim], row-major
  std::vector<std::uint8_t> present = {};   // [rows], 0 or 1; where 0, the row of values is all zero
  std::vector<AssetFailure> failures = {};  // ascending by row; each has present 0

  std::span<const float> row(std::size_t i) const { return std::span(values).subspan(i * dim, dim); }
};

// Thread-safe once constructed. Rows depend on their own asset alone: not on the batch, its order or the
// threads. Values are finite and scaled so that over the assets an encoder was fitted on, a typical value has
// a magnitude of about 1.
class Encoder {
 public:
  virtual ~Encoder() = default;

  // Names weights, vocabulary and preprocessing: equal fingerprints mean equal vectors. The key of cached
  // vectors and of feature sets. Letters, digits, '-' and '.' only.
  virtual std::string fingerprint() const = 0;
  // Floats in a row.
  virtual std::size_t dim() const = 0;
  // A missing or broken asset, or a text without a known word, gives a zero row with present = 0. Only
  // failures outside the assets (no memory) are exceptions. `pool`: threads to use; none = the caller's
  // alone. Must not be called with a pool from inside that pool's loop.
  virtual Encoded encode(std::span<const Asset> assets, ThreadPool* pool) const = 0;
  Encoded encode(std::span<const Asset> assets) const { return encode(assets, nullptr); }
};

// An encoder that works asset by asset: derive and implement encode_one.
class RowEncoder : public Encoder {
 public:
  using Encoder::encode;
  Encoded encode(std::span<const Asset> assets, ThreadPool* pool) const final;

 protected:
  // Writes all dim() values of `out`. Throws Error, with the reason as its summary, if the asset cannot be
  // used. Called for assets that are not missing, from several threads at once.
  virtual void encode_one(const Asset& asset, std::span<float> out) const = 0;
  // Assets that one thread takes at a time.
  virtual std::size_t grain() const { return 16; }
};

// Which of `count` assets to fit an encoder on if at most `limit` can be held: ascending, evenly spread, the
// same each time.
std::vector<std::size_t> fit_sample(std::size_t count, std::size_t limit);

}  // namespace weft::encoders
