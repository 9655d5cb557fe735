// The best ranking there is, where it is known: a generated shop's true affinities.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "base/npy.h"
#include "gnn/evaluation/scorer.h"
#include "graph/snapshot.h"

namespace weft::gnn {

// Scores from a matrix [users, items] in a .npy file (float32). A user without a row scores 0 everywhere, an
// item without a column minus infinity.
class OracleScorer final : public Scorer {
 public:
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);
  // rows [users]: the matrix row of each user, or kNone; columns [items] likewise.
  OracleScorer(NpyFile matrix, std::vector<std::size_t> rows, std::vector<std::size_t> columns);
  // Reads a folder with affinity.npy and the external ids of its rows and columns in users.txt and items.txt,
  // one a line. Throws Error if a file is missing, sizes do not match, or an id stands there twice.
  static OracleScorer open(const std::filesystem::path& folder, const graph::Snapshot& snapshot,
                           graph::NodeTypeId user_type, graph::NodeTypeId item_type);

  std::size_t items() const override { return columns_.size(); }
  void score(std::span<const graph::NodeId> users, std::span<float> out) const override;

 private:
  NpyFile matrix_;
  std::vector<std::size_t> rows_, columns_;
};

}  // namespace weft::gnn
