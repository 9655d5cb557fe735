// truth/: what only the generator knows, for tests that compare a model with the best ranking possible.
//
//   users.txt, items.txt   external ids, one a line: the order of rows and columns below
//   affinity.npy           [users, items] float32: utility in the middle of the test period plus the
//   logarithm of the share
//                          of that period in which the item can be bought. Ranking a user's row (without what
//                          the user owned before) is the oracle.
//   item_text.npy, item_look.npy, item_mood.npy    [items, dims] float32: the latents told by words, picture
//   and clip README.md              the above, and when the test period begins
//
// The .npy files are NumPy format 1.0, little endian, C order.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>

#include "tools/synth/shop.h"

namespace weft::synth {

// Utility of every item for a user in the test period that begins at `test_start_ms`, [items].
std::vector<float> oracle_scores(const World& world, const User& user, std::int64_t test_start_ms);

// Writes truth/ whole; affinity.npy only where `shop.report.truth` says so.
void write_truth(const Shop& shop);

}  // namespace weft::synth
