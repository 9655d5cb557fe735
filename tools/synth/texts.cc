#include "tools/synth/texts.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <unordered_set>

#include "tools/synth/random.h"
#include "tools/synth/words.h"

namespace weft::synth {
namespace {

constexpr double kWordNoise = 0.35;   // deviation of a word's place on its scale from the latent
constexpr double kReviewNoise = 0.8;  // users describe less exactly than the shop
constexpr double kStarsAlone = 0.25;  // of reviews have no words

// The word of the scale next to value + noise.
std::size_t scale_place(double value, double noise, std::size_t places, Stream& random) {
  const double at = (value + noise * random.normal() + kScaleEnd) / (2 * kScaleEnd);
  const double top = static_cast<double>(places - 1);
  return static_cast<std::size_t>(std::lround(std::clamp(at, 0.0, 1.0) * top));
}

std::string_view scale_word(const Item& item, std::size_t dim, std::size_t which, double noise, bool chinese,
                            Stream& random) {
  const WordScale& scale = word_scale(dim, which);
  const std::size_t place = scale_place(item.text[dim], noise, scale.english.size(), random);
  return chinese ? scale.chinese[place] : scale.english[place];
}

template <std::size_t N>
std::string_view any(const std::array<std::string_view, N>& words, Stream& random) {
  return words[random.below(N)];
}

std::string capitalised(std::string_view word) {
  std::string out(word);
  if (!out.empty() && out[0] >= 'a' && out[0] <= 'z') out[0] = static_cast<char>(out[0] - 'a' + 'A');
  return out;
}

std::size_t noun_of(const World& world, std::uint32_t item) {
  return Stream(world.options().seed, Purpose::kItemText, item, 1).below(5);
}

// "a" or "an".
std::string_view article(std::string_view word) {
  return std::string_view("aeiou").find(word[0]) == std::string_view::npos ? "a" : "an";
}

// Every word is drawn in a statement of its own: the order in which arguments are evaluated is the
// compiler's.
std::string describe(const Item& item, std::string_view noun, Stream& random) {
  static constexpr std::array<std::string_view, 6> kUses = {"for every day",   "for weekends away",
                                                            "for small homes", "for people who keep things",
                                                            "as a gift",       "for the studio"};
  static constexpr std::array<std::string_view, 5> kEnds = {
      "Ships within two days.", "Two years of warranty.", "Made in small batches.", "Easy to care for.",
      "Comes in a paper box."};
  struct Words {
    std::string_view material, manner, tone, spirit;
  };
  std::array<Words, 2> words;
  for (Words& w : words) {
    w.material = scale_word(item, 0, 0, kWordNoise, false, random);
    w.manner = scale_word(item, 0, 1, kWordNoise, false, random);
    w.tone = scale_word(item, 1, 0, kWordNoise, false, random);
    w.spirit = scale_word(item, 1, 1, kWordNoise, false, random);
  }
  const auto& [a, b] = words;
  const std::string_view use = any(kUses, random), end = any(kEnds, random);
  const std::string first =
      fmt::format("{} {} with {} details, {}.", capitalised(a.manner), noun, a.material, use);
  const std::string second =
      fmt::format("{} {} piece in {}, {} and {} in character; {} lines, {} finish.",
                  capitalised(article(a.tone)), a.tone, b.material, b.manner, a.spirit, b.spirit, b.tone);
  return fmt::format("{} {} From our {} range. {}", first, second, category_words(item.category).name, end);
}

constexpr std::array<std::array<std::string_view, 5>, 5> kOpinions = {{
    {"Terrible, broke within a week.", "Awful quality, I want my money back.", "Very disappointed, avoid it.",
     "Worst purchase this year.", "Useless and badly made."},
    {"Not what I hoped for.", "Rather poor for the price.", "Disappointing finish.", "It feels cheap.",
     "I would not buy it again."},
    {"It is okay.", "Average, does the job.", "Fine, nothing special.", "Acceptable for the price.",
     "Neither good nor bad."},
    {"Good, I like it.", "Nice quality and quick delivery.", "Happy with it.", "Solid and pleasant to use.",
     "Would recommend it."},
    {"Absolutely love it!", "Perfect, exactly my taste.", "Excellent, the best I have owned.",
     "Wonderful, I bought one for a friend too.", "Fantastic in every way."},
}};
constexpr std::array<std::array<std::string_view, 5>, 5> kOpinionsChinese = {{
    {"太差了，一周就坏了。", "质量糟糕，要求退款。", "非常失望，不要买。", "今年最差的一次购物。",
     "做工很烂，没法用。"},
    {"和想象的不一样。", "这个价格不值。", "做工让人失望。", "感觉很廉价。", "不会再买了。"},
    {"还可以。", "一般，能用。", "还行，没什么特别。", "这个价位可以接受。", "不好也不坏。"},
    {"不错，喜欢。", "质量好，发货快。", "挺满意的。", "结实好用。", "值得推荐。"},
    {"非常喜欢！", "完美，正合我意。", "太棒了，用过最好的。", "很惊喜，又给朋友买了一个。",
     "各方面都很出色。"},
}};
constexpr std::array<std::array<std::string_view, 2>, 5> kReviewTitles = {{{"Avoid", "Terrible"},
                                                                           {"Disappointing", "Meh"},
                                                                           {"Okay", "Average"},
                                                                           {"Good buy", "Nice"},
                                                                           {"Love it", "Perfect"}}};
constexpr std::array<std::array<std::string_view, 2>, 5> kReviewTitlesChinese = {
    {{"千万别买", "太差"}, {"失望", "不推荐"}, {"一般", "还行"}, {"不错", "满意"}, {"超级喜欢", "完美"}}};

}  // namespace

std::vector<ItemText> item_texts(const World& world) {
  std::vector<ItemText> out(world.items().size());
  std::unordered_set<std::string> taken;
  for (std::uint32_t i = 0; i < out.size(); ++i) {
    const Item& item = world.items()[i];
    Stream random(world.options().seed, Purpose::kItemText, i);
    const CategoryWords& words = category_words(item.category);
    const std::string_view noun = words.nouns[noun_of(world, i)];
    const std::string_view tone = scale_word(item, 1, 0, kWordNoise, false, random);
    const std::string_view material = scale_word(item, 0, 0, kWordNoise, false, random);
    const std::string head = fmt::format("{} {} {} {}", brand_name(item.brand), tone, material, noun);
    std::string& title = out[i].title;
    std::size_t series = random.below(series_names());
    do {
      title = fmt::format("{}, {}", head, series_name(series));
      series += series_names();
    } while (!taken.insert(title).second);
    out[i].description = describe(item, noun, random);
    out[i].tags = {std::string(words.name), std::string(scale_word(item, 0, 1, kWordNoise, false, random)),
                   std::string(scale_word(item, 1, 1, kWordNoise, false, random))};
    for (std::string& tag : out[i].tags) {
      std::transform(tag.begin(), tag.end(), tag.begin(),
                     [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    }
  }
  return out;
}

std::string query_text(const World& world, const User& user, const Event& search) {
  Stream random(world.options().seed, Purpose::kVisits, user.index,
                (std::uint64_t{search.visit} << 16) + search.step + 1);
  const Item& item = world.items()[search.item];
  const CategoryWords& words = category_words(item.category);
  const std::size_t noun = noun_of(world, search.item);
  const std::size_t dim = random.below(kTextDims), which = random.below(2);
  const bool adjective = random.chance(0.6), brand = random.chance(0.15);
  std::string out;
  if (brand) out += brand_name(item.brand) + " ";
  if (adjective) {
    out += scale_word(item, dim, which, kReviewNoise, user.chinese, random);
    if (!user.chinese) out += ' ';
  }
  out += user.chinese ? words.nouns_chinese[noun] : words.nouns[noun];
  return out;
}

ReviewText review_text(const World& world, const User& user, const Event& review) {
  Stream random(world.options().seed, Purpose::kReview, user.index,
                (std::uint64_t{review.visit} << 16) + review.step);
  ReviewText out{.title = {}, .body = {}, .chinese = user.chinese};
  if (random.chance(kStarsAlone)) return out;
  const Item& item = world.items()[review.item];
  const std::size_t stars = review.detail - std::size_t{1};
  const std::size_t noun = noun_of(world, review.item);
  const CategoryWords& words = category_words(item.category);
  // People speak of the side of the item that matters most to them.
  const Taste taste = world.taste(user, review.time);
  const std::size_t dim = std::abs(taste.text[0]) > std::abs(taste.text[1]) ? 0 : 1;
  const bool pleased = stars >= 3;
  const std::string_view first = scale_word(item, dim, 0, kReviewNoise, user.chinese, random);
  const std::string_view second = scale_word(item, dim, 1, kReviewNoise, user.chinese, random);
  const std::string_view opinion =
      user.chinese ? any(kOpinionsChinese[stars], random) : any(kOpinions[stars], random);
  out.title = user.chinese ? any(kReviewTitlesChinese[stars], random) : any(kReviewTitles[stars], random);
  if (user.chinese) {
    out.body = fmt::format("{}{}很{}，{}的风格{}。", opinion, words.nouns_chinese[noun], first, second,
                           pleased ? "我喜欢" : "不适合我");
  } else {
    out.body = fmt::format("{} The {} is {} and {}, {}.", opinion, words.nouns[noun], first, second,
                           pleased ? "just what I look for" : "not my thing");
  }
  return out;
}

}  // namespace weft::synth
