#include "encoders/vector_cache.h"

#include <algorithm>

#include "base/hash.h"

namespace weft::encoders {
namespace {

std::string cache_key(std::string_view fingerprint, std::string_view hash) {
  std::string key;
  key.reserve(fingerprint.size() + 1 + hash.size());
  key.append(fingerprint).append("/").append(hash);
  return key;
}

}  // namespace

std::string content_hash(const Asset& asset) {
  if (asset.kind == AssetKind::kMissing) return {};
  std::string name = hash128_hex(std::as_bytes(std::span(asset.data.data(), asset.data.size())));
  // A text that holds the bytes of a media file is another asset: the top bit of the first digit tells the
  // kinds apart.
  if (asset.kind == AssetKind::kText) {
    const int digit = name.front() <= '9' ? name.front() - '0' : name.front() - 'a' + 10;
    name.front() = "0123456789abcdef"[digit ^ 8];
  }
  return name;
}

std::vector<std::vector<float>> MemoryVectorCache::get_many(std::string_view fingerprint,
                                                            std::span<const std::string> content_hashes) {
  std::vector<std::vector<float>> found(content_hashes.size());
  const std::lock_guard lock(mutex_);
  for (std::size_t i = 0; i < content_hashes.size(); ++i) {
    const auto it = vectors_.find(cache_key(fingerprint, content_hashes[i]));
    if (it != vectors_.end()) found[i] = it->second;
  }
  return found;
}

void MemoryVectorCache::put_many(std::string_view fingerprint, std::span<const CachedVector> vectors) {
  const std::lock_guard lock(mutex_);
  for (const CachedVector& vector : vectors) {
    vectors_.insert_or_assign(cache_key(fingerprint, vector.content_hash), vector.values);
  }
}

std::size_t MemoryVectorCache::size() const {
  const std::lock_guard lock(mutex_);
  return vectors_.size();
}

Encoded CachingEncoder::encode(std::span<const Asset> assets, ThreadPool* pool) const {
  // Distinct contents, numbered by first appearance.
  constexpr std::size_t kNone = static_cast<std::size_t>(-1);
  std::vector<std::size_t> slot_of(assets.size(), kNone);
  std::vector<std::string> hashes;
  std::vector<Asset> distinct;
  std::unordered_map<std::string, std::size_t> seen;
  for (std::size_t i = 0; i < assets.size(); ++i) {
    if (assets[i].kind == AssetKind::kMissing) continue;
    std::string hash = content_hash(assets[i]);
    const auto [it, added] = seen.emplace(hash, hashes.size());
    if (added) {
      hashes.push_back(std::move(hash));
      distinct.push_back(assets[i]);
    }
    slot_of[i] = it->second;
  }

  const std::string name = fingerprint();
  std::vector<std::vector<float>> vectors = cache_.get_many(name, hashes);
  std::vector<std::size_t> missed;
  std::vector<Asset> to_encode;
  for (std::size_t s = 0; s < vectors.size(); ++s) {
    if (vectors[s].size() == dim()) continue;
    vectors[s].clear();
    missed.push_back(s);
    to_encode.push_back(distinct[s]);
  }
  std::vector<std::string> reasons(hashes.size());
  if (!to_encode.empty()) {
    const Encoded fresh = encoder_.encode(to_encode, pool);
    std::vector<CachedVector> added;
    for (std::size_t m = 0; m < missed.size(); ++m) {
      if (fresh.present[m] == 0) continue;
      vectors[missed[m]].assign(fresh.row(m).begin(), fresh.row(m).end());
      added.push_back({.content_hash = hashes[missed[m]], .values = vectors[missed[m]]});
    }
    for (const AssetFailure& failure : fresh.failures) reasons[missed[failure.row]] = failure.reason;
    cache_.put_many(name, added);
  }

  Encoded out{.rows = assets.size(), .dim = dim()};
  out.values.assign(out.rows * out.dim, 0.0F);
  out.present.assign(out.rows, 0);
  for (std::size_t i = 0; i < assets.size(); ++i) {
    if (slot_of[i] == kNone) continue;
    const std::vector<float>& vector = vectors[slot_of[i]];
    if (!vector.empty()) {
      std::copy(vector.begin(), vector.end(), out.values.begin() + static_cast<std::ptrdiff_t>(i * out.dim));
      out.present[i] = 1;
    } else if (!reasons[slot_of[i]].empty()) {
      out.failures.push_back({.row = i, .reason = reasons[slot_of[i]]});
    }
  }
  return out;
}

}  // namespace weft::encoders
