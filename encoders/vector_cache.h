// Vectors that were computed before, found by what was encoded and by what: the same bytes are encoded once,
// whatever they are called. storage/ keeps such a cache in the store; MemoryVectorCache is for tests and
// short-lived tools.
#pragma once

#include <cstddef>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "encoders/encoder.h"

namespace weft::encoders {

// The name of an asset's content: kind and bytes, 32 lower-case hexadecimal digits. "" for a missing asset.
std::string content_hash(const Asset& asset);

struct CachedVector {
  std::string content_hash = {};
  std::vector<float> values = {};
};

// Thread-safe. Only vectors of usable assets are kept: a broken asset is tried (and reported) again each
// time.
class VectorCache {
 public:
  virtual ~VectorCache() = default;
  // One entry for each hash, in order; empty where there is none.
  virtual std::vector<std::vector<float>> get_many(std::string_view fingerprint,
                                                   std::span<const std::string> content_hashes) = 0;
  // Adds or replaces.
  virtual void put_many(std::string_view fingerprint, std::span<const CachedVector> vectors) = 0;
};

class MemoryVectorCache final : public VectorCache {
 public:
  std::vector<std::vector<float>> get_many(std::string_view fingerprint,
                                           std::span<const std::string> content_hashes) override;
  void put_many(std::string_view fingerprint, std::span<const CachedVector> vectors) override;
  std::size_t size() const;

 private:
  mutable std::mutex mutex_;
  std::unordered_map<std::string, std::vector<float>> vectors_;  // key: fingerprint, '/', content hash
};

// Asks the cache first and encodes the rest, each distinct content once. Gives the same rows as the encoder
// alone. Does not own `encoder` and `cache`; both must outlive it.
class CachingEncoder final : public Encoder {
 public:
  CachingEncoder(const Encoder& encoder, VectorCache& cache) : encoder_(encoder), cache_(cache) {}
  std::string fingerprint() const override { return encoder_.fingerprint(); }
  std::size_t dim() const override { return encoder_.dim(); }
  using Encoder::encode;
  // A cached vector of another length than dim() counts as absent.
  Encoded encode(std::span<const Asset> assets, ThreadPool* pool) const override;

 private:
  const Encoder& encoder_;
  VectorCache& cache_;
};

}  // namespace weft::encoders
