// Checks of a snapshot's arrays that make every later access safe. Internal to graph/. Each throws Error
// naming `file`.
#pragma once

#include <span>
#include <string>

#include "graph/columns.h"
#include "graph/csr.h"

namespace weft::graph {

// Offsets start at 0, never fall and end at `items`.
void check_offsets(std::span<const std::uint64_t> offsets, std::uint64_t items, const std::string& file);
// Every value is below `bound`.
void check_below(std::span<const std::uint32_t> values, std::uint64_t bound, const std::string& file);
// The dictionary's strings ascend strictly by bytes.
void check_dictionary(const StringColumn& dictionary, const std::string& file);
// `order` is the permutation that sorts `ids`, all of which are distinct.
void check_id_order(std::span<const NodeId> order, const StringColumn& ids, const std::string& file);
// Rows ascend in time, then in target; weight sums never fall. Offsets must have been checked.
void check_rows(const CsrView& csr, const std::string& file);
// Weights are finite, from 0 to 2^32.
void check_weights(std::span<const float> weights, const std::string& file);
// Source indices are below the number of source files (all 0 where there is none).
void check_sources(std::span<const std::uint16_t> sources, std::size_t source_files, const std::string& file);

}  // namespace weft::graph
