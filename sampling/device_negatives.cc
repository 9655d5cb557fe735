#include "sampling/device_negatives.h"

#include <algorithm>

#include "base/error.h"

namespace weft::sampling {

DeviceNegatives::DeviceNegatives(const NegativeSampler& sampler, SampleDevice& device)
    : device_(device), seed_(sampler.options().seed) {
  const auto put = [&]<typename T>(std::span<const T> values) -> const T* {
    if (values.empty()) return nullptr;
    memory_.emplace_back(device, values.size_bytes());
    device.to_device(memory_.back().bytes(), values.data(), values.size_bytes());
    return memory_.back().as<T>();
  };
  const NegativeTables host = sampler.tables();
  const graph::PositiveIndex& positives = sampler.positives();
  std::vector<std::uint32_t> ranks;
  std::vector<std::uint64_t> allowed_before;
  for (graph::NodeId row = 0; row < positives.rows(); ++row) {
    const std::size_t begin = ranks.size();
    for (const graph::NodeId node : positives.targets(row)) {
      const bool candidate = node < host.targets;
      ranks.push_back(!candidate ? graph::kNoNode : host.rank == nullptr ? node : host.rank[node]);
    }
    std::sort(ranks.begin() + static_cast<std::ptrdiff_t>(begin), ranks.end());
    std::uint64_t taken = 0;
    for (std::size_t i = begin; i < ranks.size(); ++i) {
      if (ranks[i] == graph::kNoNode) {
        allowed_before.push_back(0);
        continue;
      }
      allowed_before.push_back(host.weight_before(ranks[i]) - taken);
      taken += host.weight_before(std::uint64_t{ranks[i]} + 1) - host.weight_before(ranks[i]);
    }
  }
  const auto many = [&](const auto* values, std::uint64_t count) {
    return std::span(values, values == nullptr ? 0 : count);
  };
  tables_ = {.targets = host.targets,
             .cumulative = put(many(host.cumulative, host.targets + 1)),
             .order = put(many(host.order, host.targets)),
             .rank = put(many(host.rank, host.targets)),
             .seen = put(many(host.seen, host.targets)),
             .rows = static_cast<std::uint32_t>(positives.rows()),
             .positive_offsets = put(positives.offsets()),
             .positive_ranks = put(std::span<const std::uint32_t>(ranks)),
             .allowed_before = put(std::span<const std::uint64_t>(allowed_before))};
  device.synchronize();  // the tables may go
}

void DeviceNegatives::draw(const graph::NodeId* rows, const std::uint32_t* keys, const graph::TimeMs* before,
                           std::uint32_t count, std::uint32_t step, std::uint32_t per_row,
                           graph::NodeId* out) {
  WEFT_CHECK(per_row < (std::uint32_t{1} << 27));  // draw numbers stay below 2^31
  device_.negatives({.tables = tables_,
                     .key = pick_key(seed_, step),
                     .rows = rows,
                     .keys = keys,
                     .before = before,
                     .count = count,
                     .per_row = per_row,
                     .out = out});
}

}  // namespace weft::sampling
