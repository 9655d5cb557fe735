#include "encoders/encoder.h"

#include <algorithm>

#include "base/error.h"
#include "base/thread_pool.h"

namespace weft::encoders {

Encoded RowEncoder::encode(std::span<const Asset> assets, ThreadPool* pool) const {
  Encoded out{.rows = assets.size(), .dim = dim()};
  out.values.assign(out.rows * out.dim, 0.0F);
  out.present.assign(out.rows, 0);
  std::vector<std::string> reasons(out.rows);
  const auto body = [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      if (assets[i].kind == AssetKind::kMissing) continue;
      const std::span<float> row = std::span(out.values).subspan(i * out.dim, out.dim);
      try {
        encode_one(assets[i], row);
        out.present[i] = 1;
      } catch (const Error& error) {
        std::fill(row.begin(), row.end(), 0.0F);
        reasons[i] = error.summary().empty() ? "unusable" : error.summary();
      }
    }
  };
  if (pool != nullptr) {
    pool->parallel_for(out.rows, grain(), body);
  } else {
    body(0, out.rows);
  }
  for (std::size_t i = 0; i < out.rows; ++i) {
    if (!reasons[i].empty()) out.failures.push_back({.row = i, .reason = std::move(reasons[i])});
  }
  return out;
}

std::vector<std::size_t> fit_sample(std::size_t count, std::size_t limit) {
  const std::size_t taken = std::min(count, limit);
  std::vector<std::size_t> indices(taken);
  // i * count / taken without overflow: whole part and remainder apart.
  const std::size_t step = taken == 0 ? 0 : count / taken;
  const std::size_t rest = taken == 0 ? 0 : count % taken;
  for (std::size_t i = 0, carry = 0, at = 0; i < taken; ++i) {
    indices[i] = at;
    at += step;
    carry += rest;
    if (carry >= taken) {
      carry -= taken;
      ++at;
    }
  }
  return indices;
}

}  // namespace weft::encoders
