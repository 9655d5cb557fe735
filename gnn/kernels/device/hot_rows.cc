#include "gnn/kernels/device/hot_rows.h"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "base/error.h"

namespace weft::gnn {

std::vector<std::uint32_t> hottest_rows(std::span<const std::uint64_t> counts, std::size_t most) {
  std::vector<std::uint32_t> rows;
  for (std::uint32_t row = 0; row < counts.size(); ++row) {
    if (counts[row] > 0) rows.push_back(row);
  }
  if (rows.size() > most) {
    std::nth_element(rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(most), rows.end(),
                     [&](std::uint32_t a, std::uint32_t b) {
                       return counts[a] != counts[b] ? counts[a] > counts[b] : a < b;
                     });
    rows.resize(most);
    std::sort(rows.begin(), rows.end());
  }
  return rows;
}

HotTable::HotTable(sampling::SampleDevice& device, std::span<const float> values, std::size_t dim,
                   std::span<const std::uint64_t> counts, std::size_t device_bytes)
    : rows_(counts.size()), dim_(dim) {
  WEFT_CHECK(dim > 0 && values.size() == rows_ * dim && rows_ < kColdRow);
  if (rows_ == 0) return;
  const std::size_t row_bytes = dim * sizeof(float), list_bytes = rows_ * sizeof(std::uint32_t);
  if (values.size_bytes() <= device_bytes) {
    values_ = sampling::DeviceMemory(device, values.size_bytes());
    device.to_device(values_.bytes(), values.data(), values.size_bytes());
    hot_rows_ = rows_;
    device_bytes_ = values.size_bytes();
  } else {
    values_ = sampling::DeviceMemory(device, values.size_bytes(), /*pinned=*/true);
    std::memcpy(values_.bytes(), values.data(), values.size_bytes());
    const std::size_t most = device_bytes < list_bytes ? 0 : (device_bytes - list_bytes) / row_bytes;
    keep_hot(device, values, hottest_rows(counts, most));
  }
  device.synchronize();
}

void HotTable::keep_hot(sampling::SampleDevice& device, std::span<const float> values,
                        std::span<const std::uint32_t> chosen) {
  if (chosen.empty()) return;
  std::vector<std::uint32_t> slots(rows_, kColdRow);
  std::vector<float> hot(chosen.size() * dim_);
  for (std::size_t slot = 0; slot < chosen.size(); ++slot) {
    slots[chosen[slot]] = static_cast<std::uint32_t>(slot);
    std::copy_n(values.begin() + static_cast<std::ptrdiff_t>(chosen[slot] * dim_), dim_,
                hot.begin() + static_cast<std::ptrdiff_t>(slot * dim_));
  }
  hot_ = sampling::DeviceMemory(device, hot.size() * sizeof(float));
  slots_ = sampling::DeviceMemory(device, slots.size() * sizeof(std::uint32_t));
  device.to_device(hot_.bytes(), hot.data(), hot.size() * sizeof(float));
  device.to_device(slots_.bytes(), slots.data(), slots.size() * sizeof(std::uint32_t));
  device.synchronize();  // the copies' sources go
  hot_rows_ = chosen.size();
  device_bytes_ = hot.size() * sizeof(float) + slots.size() * sizeof(std::uint32_t);
}

DeviceRowBlock HotTable::block() const {
  return {.values = values_.as<float>(),
          .dim = static_cast<std::uint32_t>(dim_),
          .hot = hot_.as<float>(),
          .hot_slots = slots_.as<std::uint32_t>()};
}

}  // namespace weft::gnn
