// What the shop and its users write: titles, descriptions, tags, search queries and reviews. Words are drawn
// from scales whose position tells the text part of an item's latent; look and mood are never put into words.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tools/synth/behaviour.h"
#include "tools/synth/world.h"

namespace weft::synth {

struct ItemText {
  std::string title;  // "Harbor canvas backpack, Alder"; unique over the shop
  std::string description;
  std::vector<std::string> tags;
};

struct ReviewText {
  std::string title, body;  // both empty: stars alone
  bool chinese = false;
};

// Texts of all items, in item order. Titles that would repeat get a series number.
std::vector<ItemText> item_texts(const World& world);

std::string query_text(const World& world, const User& user, const Event& search);
ReviewText review_text(const World& world, const User& user, const Event& review);

}  // namespace weft::synth
