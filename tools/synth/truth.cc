#include "tools/synth/truth.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/files.h"
#include "base/npy.h"

namespace weft::synth {
namespace {

void append_floats(std::string& out, std::span<const float> values) {
  out.append(reinterpret_cast<const char*>(values.data()), values.size_bytes());
}

template <std::size_t N>
void write_latents(const Shop& shop, std::string_view name, std::array<float, N> Item::*part) {
  const std::size_t shape[] = {shop.world.items().size(), N};
  std::string content = npy_header("<f4", shape);
  for (const Item& item : shop.world.items()) append_floats(content, item.*part);
  real_files().write_whole(shop.folder / "truth" / name, content);
}

void write_affinity(const Shop& shop) {
  const std::uint64_t users = shop.world.options().users;
  const auto file = real_files().create(shop.folder / "truth" / "affinity.npy");
  const std::size_t shape[] = {users, shop.world.items().size()};
  file->append(npy_header("<f4", shape));
  shop.progress.begin("truth", users, "users");
  constexpr std::size_t kBatch = 64;
  for (std::uint64_t begin = 0; begin < users; begin += kBatch) {
    const auto batch = static_cast<std::size_t>(std::min<std::uint64_t>(kBatch, users - begin));
    std::vector<std::vector<float>> rows(batch);
    shop.pool.parallel_for(batch, 1, [&](std::size_t from, std::size_t to) {
      for (std::size_t k = from; k < to; ++k) {
        rows[k] = oracle_scores(shop.world, shop.world.user(begin + k), shop.report.test_start_ms);
      }
    });
    for (const auto& row : rows) file->append(std::as_bytes(std::span(row)));
    shop.progress.advance(begin + batch);
  }
  file->close();
  shop.progress.end();
}

}  // namespace

std::vector<float> oracle_scores(const World& world, const User& user, std::int64_t test_start_ms) {
  const std::int64_t begin = test_start_ms / 1000;
  const Taste taste = world.taste(user, begin + (kLogEnd - begin) / 2);
  const std::vector<float> brands = world.brand_preferences(user.index);
  const auto period = static_cast<double>(std::max<std::int64_t>(kLogEnd - begin, 1));
  std::vector<float> out;
  out.reserve(world.items().size());
  for (const Item& item : world.items()) {
    const double share = static_cast<double>(kLogEnd - std::max(item.listed, begin)) / period;
    const double offered = std::log(std::clamp(share, 1e-3, 1.0));
    out.push_back(World::utility(taste, brands[item.brand], item) + static_cast<float>(offered));
  }
  return out;
}

void write_truth(const Shop& shop) {
  Files& files = real_files();
  files.make_folders(shop.folder / "truth");
  if (shop.report.truth) write_affinity(shop);
  std::string users, items;
  for (std::uint64_t u = 0; u < shop.world.options().users; ++u) users += shop.ids.user(u) + '\n';
  for (std::uint64_t i = 0; i < shop.world.items().size(); ++i) items += shop.ids.item(i) + '\n';
  files.write_whole(shop.folder / "truth" / "users.txt", users);
  files.write_whole(shop.folder / "truth" / "items.txt", items);
  write_latents(shop, "item_text.npy", &Item::text);
  write_latents(shop, "item_look.npy", &Item::look);
  write_latents(shop, "item_mood.npy", &Item::mood);
  files.write_whole(
      shop.folder / "truth" / "README.md",
      fmt::format("# What only the generator knows\n\n"
                  "Not for training. Rows and columns follow `users.txt` and `items.txt` (one external id a "
                  "line).\n\n"
                  "- `affinity.npy`: [users, items] float32. The true score of every item for every user in "
                  "the test period,\n"
                  "  which begins at {} (ms since 1970; the last tenth of the purchases). Ranking by it, "
                  "without the items\n"
                  "  that the user bought before, is the oracle.{}\n"
                  "- `item_text.npy`, `item_look.npy`, `item_mood.npy`: [items, dims] float32. What an "
                  "item's words, picture\n"
                  "  and clip tell.\n",
                  shop.report.test_start_ms,
                  shop.report.truth ? "" : " Left out: more pairs than the limit (see the truth option)."));
}

}  // namespace weft::synth
