// The arithmetic of DeviceBpr, lane by lane: see steps.h.
#pragma once

#include "gnn/kernels/device/bpr_job.h"
#include "gnn/kernels/device/steps.h"

namespace weft::gnn::steps {

WEFT_HOST_DEVICE inline void bpr_mean(const DeviceBpr& job, std::uint32_t node, std::uint32_t column) {
  const std::uint32_t id = job.ids[node];
  const std::size_t at = static_cast<std::size_t>(id) * job.dim + column;
  float sum = job.parameters[at];
  for (std::uint32_t l = 0; l < job.layers; ++l) sum = fused(job.root[id], job.layer[l][at], sum);
  job.mean[static_cast<std::size_t>(node) * job.dim + column] = sum / static_cast<float>(job.layers + 1);
}

// A lane's share of the margin of triple t.
WEFT_HOST_DEVICE inline float bpr_margin_share(const DeviceBpr& job, std::uint32_t t, std::uint32_t lane) {
  const std::uint32_t* const places = job.places + std::size_t{3} * t;
  const float* const user = job.mean + static_cast<std::size_t>(places[0]) * job.dim;
  const float* const positive = job.mean + static_cast<std::size_t>(places[1]) * job.dim;
  const float* const negative = job.mean + static_cast<std::size_t>(places[2]) * job.dim;
  float sum = 0;
  for (std::uint32_t d = lane; d < job.dim; d += kLanes) sum = fused(user[d], positive[d] - negative[d], sum);
  return sum;
}
// -log sigmoid(margin) and its slope, without overflow.
WEFT_HOST_DEVICE inline void bpr_finish_triple(const DeviceBpr& job, std::uint32_t t, float margin) {
  const float scale = 1.0f / (static_cast<float>(job.triples) * static_cast<float>(job.layers + 1));
  const float e = exp_below_zero(margin > 0 ? -margin : margin);
  job.slopes[t] = -scale * (margin > 0 ? e : 1.0f) / (1.0f + e);
  job.shares[t] = (std::log1p(e) + (margin > 0 ? 0.0f : -margin)) / static_cast<float>(job.triples);
}

// Factor of a node's squared norm in the loss.
WEFT_HOST_DEVICE inline float bpr_penalty(const DeviceBpr& job, std::uint32_t node) {
  if (job.distinct != 0) return job.l2;
  return job.l2 * 0.5f * static_cast<float>(job.offsets[node + 1] - job.offsets[node]);
}
WEFT_HOST_DEVICE inline void bpr_seed(const DeviceBpr& job, std::uint32_t node, std::uint32_t column) {
  float sum = 0;
  for (std::uint32_t i = job.offsets[node]; i < job.offsets[node + 1]; ++i) {
    const std::uint32_t stand = job.stands[i];
    const std::uint32_t t = stand / 3, role = stand % 3;
    const std::uint32_t* const places = job.places + std::size_t{3} * t;
    const auto mean = [&](std::uint32_t which) {
      return job.mean[static_cast<std::size_t>(places[which]) * job.dim + column];
    };
    const float other = role == 0 ? mean(1) - mean(2) : role == 1 ? mean(0) : -mean(0);
    sum = fused(job.slopes[t], other, sum);
  }
  const std::uint32_t id = job.ids[node];
  const std::size_t at = static_cast<std::size_t>(id) * job.dim + column;
  job.scaled_seeds[at] = job.inverse_root[id] * sum;
  job.seeds[at] = fused(2 * bpr_penalty(job, node), job.parameters[at], sum);
}
// A lane's share of a node's squared norm.
WEFT_HOST_DEVICE inline float bpr_norm_share(const DeviceBpr& job, std::uint32_t node, std::uint32_t lane) {
  const float* const row = job.parameters + static_cast<std::size_t>(job.ids[node]) * job.dim;
  float sum = 0;
  for (std::uint32_t d = lane; d < job.dim; d += kLanes) sum = fused(row[d], row[d], sum);
  return sum;
}
WEFT_HOST_DEVICE inline void bpr_finish_norm(const DeviceBpr& job, std::uint32_t node, float norm) {
  job.shares[job.triples + node] = bpr_penalty(job, node) * norm;
}
WEFT_HOST_DEVICE inline float bpr_loss_share(const DeviceBpr& job, std::uint32_t lane) {
  float sum = 0;
  for (std::uint32_t i = lane; i < job.triples + job.nodes; i += kLanes) sum += job.shares[i];
  return sum;
}

}  // namespace weft::gnn::steps
