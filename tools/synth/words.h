// The vocabulary of the synthetic shop: names of categories, brands and cities, and words whose choice tells
// the text part of an item's latent.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "tools/synth/world.h"

namespace weft::synth {

struct CategoryWords {
  std::string_view name;  // "Bags"
  std::string_view chinese;
  std::array<std::string_view, 5> nouns;  // "backpack"
  std::array<std::string_view, 5> nouns_chinese;
};

// A scale of words from one end of a text dimension to the other, evenly spaced over [-kScaleEnd, kScaleEnd].
inline constexpr double kScaleEnd = 2.0;
struct WordScale {
  std::array<std::string_view, 11> english;
  std::array<std::string_view, 11> chinese;
};

const CategoryWords& category_words(std::size_t category);  // category < kCategories
// Two scales per text dimension: materials and manners. [kTextDims][2]
const WordScale& word_scale(std::size_t dim, std::size_t which);
std::string brand_name(std::size_t brand);     // unique per brand
std::string series_name(std::size_t series);   // unique per series: "Alder", ..., "Alder 2"
std::size_t series_names();                    // without numbers
std::string_view city_name(std::size_t city);  // city < 40

}  // namespace weft::synth
