// The store in tests/golden/store/: one for each format number that weft ever had, made once by
// make_golden_store and never again.
#pragma once

#include <filesystem>
#include <string>

#include "storage/graph_store.h"

namespace weft::storage {

// Every kind of entry that format 1 has; in format 2 a user was forgotten, in format 3 edges were deleted
// too. `folder` must not exist. Leaves nothing in it but what a reader needs.
void make_golden_store(const std::filesystem::path& folder, std::uint32_t format);
inline constexpr const char* kGoldenForgotten = "u7";

// All that the store holds, as text: dump(), then ledger and quarantine.
std::string golden_text(const GraphStore& store);

}  // namespace weft::storage
