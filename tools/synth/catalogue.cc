// Items, media and users of the synthetic shop.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/files.h"
#include "tools/synth/pictures.h"
#include "tools/synth/row_writer.h"
#include "tools/synth/shop.h"
#include "tools/synth/sounds.h"
#include "tools/synth/texts.h"
#include "tools/synth/words.h"

namespace weft::synth {
namespace {

constexpr double kPngs = 0.15;  // of the pictures
constexpr int kJpegQuality = 88;
constexpr std::uint64_t kIdSpace = std::uint64_t{1} << 24;
enum DirtStream : std::uint64_t {
  kItemRows = 1,
  kUserRows,
  kItemFields,
  kUserFields,
  kPhotos,
  kClips,
  kNoiseBytes,
  kAppUsers,
  kPriceOutliers
};

std::uint64_t id_space(std::uint64_t count) {
  return std::max(kIdSpace, std::bit_ceil(count) * 16);
}

Delivery delivery(const World& world, std::uint32_t item, DirtStream stream) {
  Stream random(world.options().seed, Purpose::kDirt, item, stream);
  if (!random.chance(world.options().dirt)) return Delivery::kWhole;
  constexpr std::array kKinds = {Delivery::kUnnamed, Delivery::kMissing, Delivery::kCut, Delivery::kNoise,
                                 Delivery::kEmpty};
  return kKinds[random.below(kKinds.size())];
}

bool is_png(const World& world, std::uint32_t item) {
  return Stream(world.options().seed, Purpose::kPicture, item, 1).chance(kPngs);
}

void write_delivered(const Shop& shop, std::uint32_t item, const std::string& path, std::string content,
                     Delivery how) {
  if (how == Delivery::kUnnamed || how == Delivery::kMissing) return;
  if (how == Delivery::kCut) content.resize(content.size() / 2);
  if (how == Delivery::kEmpty) content.clear();
  if (how == Delivery::kNoise) {
    Stream random(shop.world.options().seed, Purpose::kDirt, item, kNoiseBytes);
    for (char& byte : content) byte = static_cast<char>(random.below(256));
  }
  real_files().write_whole(shop.folder / path, content);
}

bool names_damaged_media(const World& world, std::uint32_t item) {
  const auto damaged = [](Delivery how) {
    return how == Delivery::kCut || how == Delivery::kNoise || how == Delivery::kEmpty;
  };
  return damaged(photo_delivery(world, item)) || damaged(clip_delivery(world, item));
}

}  // namespace

Ids::Ids(const SynthOptions& options)
    : seed_(options.seed),
      users_(options.seed, Purpose::kUserIds, id_space(options.users)),
      items_(options.seed, Purpose::kItemIds, id_space(options.items)) {}

std::string Ids::user(std::uint64_t index) const {
  return fmt::format("u{:06x}", users_(index));
}
std::string Ids::item(std::uint64_t index) const {
  return fmt::format("p{:06x}", items_(index));
}
std::string Ids::visit(std::uint64_t user, std::uint32_t visit) const {
  return fmt::format("v{:010x}",
                     Stream(seed_, Purpose::kUserIds, user, std::uint64_t{visit} + 1).bits() >> 24);
}

bool Ids::of_app(std::uint64_t user) const {
  return Stream(seed_, Purpose::kDirt, user, kAppUsers).chance(kAppShare);
}
std::string Ids::app_user(std::uint64_t user) const {
  return fmt::format("APP-{}", Stream(seed_, Purpose::kUserIds, user, 0).bits());
}

Delivery photo_delivery(const World& world, std::uint32_t item) {
  return delivery(world, item, kPhotos);
}
Delivery clip_delivery(const World& world, std::uint32_t item) {
  return delivery(world, item, kClips);
}

std::string photo_path(const Shop& shop, std::uint32_t item) {
  const std::string id = shop.ids.item(item);
  return fmt::format("photos/{}/{}.{}", id.substr(id.size() - 2), id,
                     is_png(shop.world, item) ? "png" : "jpg");
}

std::string clip_path(const Shop& shop, std::uint32_t item) {
  const std::string id = shop.ids.item(item);
  return fmt::format("clips/{}/{}.wav", id.substr(id.size() - 2), id);
}

void write_items(const Shop& shop) {
  const SynthOptions& options = shop.world.options();
  const std::vector<ItemText> texts = item_texts(shop.world);
  RowWriter out(shop.folder / "items.jsonl", RowKind::kJson, options.seed, kItemRows, options.dirt * 0.75);
  std::uint64_t damaged = 0;  // rows
  shop.progress.begin("items", options.items, "rows");
  for (std::uint32_t i = 0; i < options.items; ++i) {
    const Item& item = shop.world.items()[i];
    Stream random(options.seed, Purpose::kDirt, i, kItemFields);
    const std::size_t lost = random.chance(options.dirt / 4) ? random.below(4) : 4;  // which field is missing
    if (lost < 4) ++shop.report.dirty_rows;
    nlohmann::ordered_json row = {{"item_id", shop.ids.item(i)}, {"title", texts[i].title}};
    row["description"] = lost == 0 ? nlohmann::ordered_json() : nlohmann::ordered_json(texts[i].description);
    row["category"] = category_words(item.category).name;
    row["brand"] = lost == 1 ? nlohmann::ordered_json() : nlohmann::ordered_json(brand_name(item.brand));
    row["price"] = lost == 2 ? nlohmann::ordered_json()
                             : nlohmann::ordered_json(std::round(double{item.price} * 100) / 100);
    if (lost != 3) row["tags"] = texts[i].tags;
    if (options.media) {
      if (photo_delivery(shop.world, i) != Delivery::kUnnamed) row["photo"] = photo_path(shop, i);
      if (clip_delivery(shop.world, i) != Delivery::kUnnamed) row["clip"] = clip_path(shop, i);
    }
    row["listed"] = item.listed;
    const int copies = out.row(row.dump());
    if (options.mismatches && Stream(options.seed, Purpose::kDirt, i, kPriceOutliers).chance(options.dirt)) {
      row["price"] =
          1e7 + std::round(double{item.price} * 100);  // in another currency's smallest coin, or a slip
      out.extra(row.dump());
    }
    if (options.media && names_damaged_media(shop.world, i)) damaged += static_cast<std::uint64_t>(copies);
    shop.progress.advance(i + 1);
  }
  out.close();
  count_dirt(shop, out);
  shop.report.damaged_media_share = out.share_of(damaged);
  shop.progress.end();
}

void write_media(const Shop& shop) {
  if (!shop.world.options().media) return;
  for (int shard = 0; shard < 256; ++shard) {
    real_files().make_folders(shop.folder / fmt::format("photos/{:02x}", shard));
    real_files().make_folders(shop.folder / fmt::format("clips/{:02x}", shard));
  }
  const std::size_t count = shop.world.options().items;
  constexpr std::size_t kBatch = 256;
  shop.progress.begin("pictures and clips", count, "items");
  for (std::size_t begin = 0; begin < count; begin += kBatch) {
    const std::size_t batch = std::min(kBatch, count - begin);
    shop.pool.parallel_for(batch, 8, [&](std::size_t from, std::size_t to) {
      for (std::size_t k = begin + from; k < begin + to; ++k) {
        const auto i = static_cast<std::uint32_t>(k);
        const Picture picture = draw_picture(shop.world, i);
        write_delivered(shop, i, photo_path(shop, i),
                        is_png(shop.world, i) ? encode_png(picture) : encode_jpeg(picture, kJpegQuality),
                        photo_delivery(shop.world, i));
        write_delivered(shop, i, clip_path(shop, i), encode_wav(play_clip(shop.world, i), kSampleRate),
                        clip_delivery(shop.world, i));
      }
    });
    shop.progress.advance(begin + batch);
  }
  for (std::uint32_t i = 0; i < count; ++i) {
    for (const Delivery how : {photo_delivery(shop.world, i), clip_delivery(shop.world, i)}) {
      if (how != Delivery::kWhole) ++shop.report.dirty_media;
    }
    const auto written = [](Delivery how) { return how != Delivery::kUnnamed && how != Delivery::kMissing; };
    if (written(photo_delivery(shop.world, i))) ++shop.report.photos;
    if (written(clip_delivery(shop.world, i))) ++shop.report.clips;
  }
  shop.progress.end();
}

void write_users(const Shop& shop) {
  const SynthOptions& options = shop.world.options();
  RowWriter out = open_table(shop, "users", kUserRows);
  out.header("user_id,signup,age,city,language");
  shop.progress.begin("users", options.users, "rows");
  for (std::uint64_t u = 0; u < options.users; ++u) {
    const User user = shop.world.user(u);
    Stream random(options.seed, Purpose::kDirt, u, kUserFields);
    const std::size_t lost = random.chance(options.dirt / 4) ? random.below(2) : 2;
    if (lost < 2) ++shop.report.dirty_rows;
    out.row(fmt::format("{},{},{},{},{}", shop.ids.user(u), user.signup,
                        lost == 0 ? "" : std::to_string(user.age), lost == 1 ? "" : city_name(user.city),
                        user.chinese ? "zh" : "en"));
    shop.progress.advance(u + 1);
  }
  out.close();
  count_dirt(shop, out);
  shop.progress.end();
}

void write_app_users(const Shop& shop) {
  const SynthOptions& options = shop.world.options();
  if (!options.mismatches) return;
  RowWriter out(shop.folder / "app_users.csv", RowKind::kCsv, options.seed, 0, 0);
  out.header("app,user_id");
  for (std::uint64_t u = 0; u < options.users; ++u) {
    if (shop.ids.of_app(u)) out.row(fmt::format("{},{}", shop.ids.app_user(u), shop.ids.user(u)));
  }
  out.close();
}

}  // namespace weft::synth
