#include "graph/snapshot_check.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"

namespace weft::graph {
namespace {

[[noreturn]] void damaged(const std::string& file, const std::string& what, std::uint64_t value,
                          std::string expected) {
  throw Error("is damaged: " + what, {.file = file,
                                      .value = std::to_string(value),
                                      .expected = std::move(expected),
                                      .hint = "write the snapshot again"});
}

}  // namespace

void check_offsets(std::span<const std::uint64_t> offsets, std::uint64_t items, const std::string& file) {
  if (offsets.empty() || offsets.front() != 0) damaged(file, "its first offset is not 0", 0, "0");
  for (std::size_t i = 1; i < offsets.size(); ++i) {
    if (offsets[i] < offsets[i - 1])
      damaged(file, fmt::format("offset {} falls", i), offsets[i], "ascending offsets");
  }
  if (offsets.back() != items)
    damaged(file, "its last offset is wrong", offsets.back(), std::to_string(items));
}

void check_below(std::span<const std::uint32_t> values, std::uint64_t bound, const std::string& file) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (values[i] >= bound)
      damaged(file, fmt::format("entry {} is out of range", i), values[i], fmt::format("below {}", bound));
  }
}

void check_dictionary(const StringColumn& dictionary, const std::string& file) {
  for (std::size_t i = 1; i < dictionary.rows(); ++i) {
    if (dictionary[i - 1] >= dictionary[i])
      damaged(file, "its words do not ascend", i, "distinct words in byte order");
  }
}

void check_id_order(std::span<const NodeId> order, const StringColumn& ids, const std::string& file) {
  check_below(order, ids.rows(), file);
  for (std::size_t i = 1; i < order.size(); ++i) {  // strictly ascending, hence distinct, hence a permutation
    const std::string_view before = ids[order[i - 1]], id = ids[order[i]];
    if (before < id || (id.empty() && order[i - 1] < order[i])) continue;
    damaged(file, "it does not sort the ids", i, "distinct ids in byte order, forgotten nodes first");
  }
}

void check_rows(const CsrView& csr, const std::string& file) {
  for (std::size_t row = 0; row < csr.rows(); ++row) {
    for (std::uint64_t i = csr.offsets[row]; i < csr.offsets[row + 1]; ++i) {
      if (!csr.times.empty() && csr.times[i] == kEndOfTime)
        damaged(file, "a time is the end of time", i, "a time");
      if (i == csr.offsets[row]) continue;
      const bool same_time = csr.times.empty() || csr.times[i - 1] == csr.times[i];
      if (same_time ? csr.targets[i - 1] > csr.targets[i] : csr.times[i - 1] > csr.times[i]) {
        damaged(file, fmt::format("row {} is out of order", row), i,
                "rows ascending in time, then in target");
      }
      if (!csr.weight_sums.empty() && csr.weight_sums[i - 1] > csr.weight_sums[i]) {
        damaged(file, fmt::format("weight sum of row {} falls", row), i, "a running sum");
      }
    }
  }
}

void check_weights(std::span<const float> weights, const std::string& file) {
  for (std::size_t i = 0; i < weights.size(); ++i) {
    if (!(weights[i] >= 0.0F && weights[i] <= 4294967296.0F))
      damaged(file, "a weight is out of range", i, "0 to 2^32");
  }
}

void check_sources(std::span<const std::uint16_t> sources, std::size_t source_files,
                   const std::string& file) {
  const std::size_t bound = std::max<std::size_t>(1, source_files);
  for (const std::uint16_t source : sources) {
    if (source >= bound)
      damaged(file, "a source index is out of range", source, fmt::format("below {}", bound));
  }
}

}  // namespace weft::graph
