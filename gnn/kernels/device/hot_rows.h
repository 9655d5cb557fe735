// A table of feature rows that is larger than what a device's memory has room for: it lies in pinned host
// memory, and the rows that are read most often (those of the nodes with the most edges, which samplers meet
// most) lie in the device's memory too. A gather takes each row from where it is nearest (steps.h,
// table_row); what it reads is the same.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "gnn/kernels/device/jobs.h"
#include "sampling/sample_device.h"

namespace weft::gnn {

// The up to `most` rows of the highest counts, of equal ones the lower numbers; never one whose count is 0.
// Ascending.
std::vector<std::uint32_t> hottest_rows(std::span<const std::uint64_t> counts, std::size_t most);

// Owns its copies; the device must outlive it. Fewer than 2^32 - 1 rows.
class HotTable {
 public:
  // values [rows, dim] are copied. `counts` [rows]: how often each row is read, on any scale (degrees).
  // `device_bytes`: of the device's memory at most, the list of slots (4 bytes a row) included; a table that
  // fits lies there whole, and with no room for a row beside the list none does.
  HotTable(sampling::SampleDevice& device, std::span<const float> values, std::size_t dim,
           std::span<const std::uint64_t> counts, std::size_t device_bytes);

  // As a table of a gather's. Valid as long as this.
  DeviceRowBlock block() const;
  std::size_t rows() const { return rows_; }
  std::size_t hot_rows() const { return hot_rows_; }  // that lie in the device's memory
  std::size_t device_bytes() const { return device_bytes_; }

 private:
  void keep_hot(sampling::SampleDevice& device, std::span<const float> values,
                std::span<const std::uint32_t> chosen);

  std::size_t rows_ = 0, dim_ = 0, hot_rows_ = 0, device_bytes_ = 0;
  sampling::DeviceMemory values_ = {};  // pinned, or the device's if the table fits
  sampling::DeviceMemory hot_ = {};     // [hot rows, dim]
  sampling::DeviceMemory slots_ = {};   // [rows]: which of the hot rows it is, or kColdRow
};

}  // namespace weft::gnn
