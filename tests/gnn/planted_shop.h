// A tiny shop in which taste is planted: users and items belong to groups, and users buy items of their own
// group.
#pragma once

#include <string>

#include "gnn/trained_model.h"
#include "gnn/trainer.h"
#include "tests/gnn/tiny_graph.h"

namespace weft::gnn {

struct PlantedShop {
  std::uint32_t users = 48, items = 40, groups = 4;
  std::uint32_t purchases = 12;  // a user
  std::uint32_t cold_from = 40;  // items from this one on are bought only in the last fifth of the time
  bool taste = true;             // false: purchases are random
  bool item_color = false;       // a category field that tells the group of every item
  std::uint64_t seed = 3;

  graph::Snapshot write(const std::filesystem::path& folder) const;
};

// Recall at k on the test part, for all, or the cold, items.
double test_recall(const TrainedModel& model, const graph::Snapshot& snapshot, const graph::Split& split,
                   std::size_t k, const std::string& group = "all");

}  // namespace weft::gnn
