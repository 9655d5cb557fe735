// A store's keys and values, in readable form.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "storage/store_impl.h"

namespace weft::storage {

// All entries of a column family whose keys begin with the prefix, in the order of the keys.
inline std::vector<std::string> entries_of(const GraphStore& store, Family family,
                                           std::string_view prefix = "") {
  std::vector<std::string> out;
  PrefixScan scan(store.impl(), family, std::string(prefix));
  for (; scan.valid(); scan.next()) {
    // Without the store's name and its log of changes, which a bulk load ends.
    if (family == kMeta && (scan.key() == "uuid" || scan.key().starts_with("change"))) continue;
    std::string entry = fmt::format("{} ", kFamilyNames[family]);
    for (const std::string_view part : {scan.key(), scan.value()}) {
      for (const char byte : part) entry += fmt::format("{:02x}", static_cast<unsigned char>(byte));
      entry += ' ';
    }
    out.push_back(std::move(entry));
  }
  scan.check();
  return out;
}

// Of all column families.
inline std::vector<std::string> entries_of(const GraphStore& store) {
  std::vector<std::string> out;
  for (std::size_t family = 0; family < kFamilyCount; ++family) {
    const std::vector<std::string> each = entries_of(store, static_cast<Family>(family));
    out.insert(out.end(), each.begin(), each.end());
  }
  return out;
}

// The first difference, for lists that are too long to print.
inline void expect_same_entries(const std::vector<std::string>& bulk,
                                const std::vector<std::string>& batches) {
  const auto [x, y] = std::mismatch(bulk.begin(), bulk.end(), batches.begin(), batches.end());
  EXPECT_TRUE(bulk == batches) << "bulk has    " << (x == bulk.end() ? "nothing" : *x) << "\nbatches have "
                               << (y == batches.end() ? "nothing" : *y);
}
inline void expect_same_entries(const GraphStore& bulk, const GraphStore& batches) {
  expect_same_entries(entries_of(bulk), entries_of(batches));
}

}  // namespace weft::storage
