// A shop's edges as .npy arrays in a folder, so that other engines can sample the very same graph.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "benchmarks/sampling/shop_graph.h"

namespace weft::sampling::benchmarks {

enum class ArrayUse {
  kPlain,        // no times, no weights
  kReviewTimes,  // edges of reviews carry the review's time
  kStarWeights,  // every edge has a weight of 1 to 5, a hash of its number
};

// Reads meta.json (nodes: counts by type; edge_types: name to [from, to]) and, for each edge type,
// NAME_src.npy and NAME_dst.npy (int64); for kReviewTimes also review_time.npy (seconds since 1970). Event
// ids are edge numbers, from 1. Throws Error on a file that is missing or broken, or on an end that is no
// node.
BenchmarkGraph read_arrays(const std::filesystem::path& folder, ArrayUse use);

// int64 values of one .npy file that are all below `nodes`.
std::vector<graph::NodeId> read_nodes(const std::filesystem::path& path, graph::NodeId nodes);

}  // namespace weft::sampling::benchmarks
