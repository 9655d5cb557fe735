// Hard negatives (dynamic negative sampling, Zhang et al. 2013): of the negatives drawn for an event, those
// that the model itself scores highest are the ones it is trained against.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "gnn/train_options.h"

namespace weft::gnn {

// kept[i] = 1 for the negatives that count, else 0. negatives (below 0: none), scores and kept: [events x
// per_event]. A node counts once in a row, at its first place. Equal scores: the one drawn first. hard.count
// is at least 1.
void choose_hard(const HardNegatives& hard, std::span<const std::int32_t> negatives,
                 std::span<const float> scores, std::size_t per_event, std::span<std::uint8_t> kept);

}  // namespace weft::gnn
