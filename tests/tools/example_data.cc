#include "tests/tools/example_data.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>
#include <random>
#include <set>
#include <utility>

#include "base/error.h"
#include "tests/encoders/media.h"
#include "tests/tools/run_weft.h"

namespace weft {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::size_t kGroups = 4;  // of taste: users prefer items of their own group

// Draws that do not depend on the standard library's distributions.
class Random {
 public:
  explicit Random(std::uint64_t seed) : bits_(seed) {}
  std::size_t below(std::size_t n) { return static_cast<std::size_t>(bits_() % n); }
  std::size_t between(std::size_t low, std::size_t high) { return low + below(high - low + 1); }
  double unit() { return static_cast<double>(bits_() >> 11) * 0x1p-53; }
  bool chance(double share) { return unit() < share; }
  template <typename T>
  const T& pick(const std::vector<T>& values) {
    return values[below(values.size())];
  }
  std::string characters(std::string_view alphabet, std::size_t count) {
    std::string out;
    while (out.size() < count) out += alphabet[below(alphabet.size())];
    return out;
  }
  template <typename T>
  void shuffle(std::vector<T>& values) {
    for (std::size_t i = values.size(); i > 1; --i) std::swap(values[i - 1], values[below(i)]);
  }

 private:
  std::mt19937_64 bits_;
};

std::string capital(std::string word) {
  if (word[0] >= 'a' && word[0] <= 'z') word[0] = static_cast<char>(word[0] - 'a' + 'A');
  return word;
}

// Made-up words: some that all texts share, and some for each group.
class Words {
 public:
  explicit Words(Random& random) : random_(random) {
    for (auto& list : lists_) {
      while (list.size() < 30) list.push_back(made_up());
    }
  }
  std::string word(std::size_t group) { return random_.pick(lists_[random_.chance(0.5) ? group : kGroups]); }
  std::string name() { return capital(made_up()); }
  std::string title(std::size_t group) {
    std::string out = capital(word(group));
    for (std::size_t more = random_.below(3); more > 0; --more) out += " " + capital(word(group));
    return out;
  }
  std::string sentences(std::size_t group, std::size_t words) {
    std::string out;
    bool begins = true;
    for (std::size_t i = 0; i < words; ++i) {
      const bool ends = i + 1 == words || random_.chance(0.1);
      out += (out.empty() ? "" : " ") + (begins ? capital(word(group)) : word(group)) + (ends ? "." : "");
      begins = ends;
    }
    return out;
  }

 private:
  std::string made_up() {
    std::string out;
    for (std::size_t syllables = random_.between(2, 3); syllables > 0; --syllables)
      out += random_.characters("bdfgklmnprstvz", 1) + random_.characters("aeiou", 1);
    return out;
  }

  Random& random_;
  std::array<std::vector<std::string>, kGroups + 1> lists_;  // the last: of all groups
};

// The fields of one JSON object in their order, as Python's json.dumps puts them.
class JsonLine {
 public:
  JsonLine& add(std::string_view key, const json& value) {
    text_ += fmt::format("{}{}: {}", text_.empty() ? "" : ", ", json(key).dump(), spaced(value));
    return *this;
  }
  std::string text() const { return "{" + text_ + "}\n"; }

 private:
  static std::string spaced(const json& value) {
    if (!value.is_array()) return value.dump();
    std::string out;
    for (const json& entry : value) out += (out.empty() ? "" : ", ") + entry.dump();
    return "[" + out + "]";
  }
  std::string text_;
};

void write_gzip(const fs::path& file, const std::string& text) {
  gzFile out = gzopen(file.c_str(), "wb9");
  WEFT_CHECK(out != nullptr);
  WEFT_CHECK(gzwrite(out, text.data(), static_cast<unsigned>(text.size())) == static_cast<int>(text.size()));
  WEFT_CHECK(gzclose(out) == Z_OK);
}

// For each user between `least` and `most` distinct items, ascending. Item i is of group i % kGroups; low
// numbers are popular; own group four times as likely.
std::vector<std::vector<std::size_t>> choose_items(Random& random, std::size_t users, std::size_t items,
                                                   std::size_t least, std::size_t most) {
  std::vector<std::vector<std::size_t>> chosen;
  for (std::size_t user = 0; user < users; ++user) {
    std::set<std::size_t> mine;
    const std::size_t wanted = random.between(least, most);
    while (mine.size() < wanted) {
      const std::size_t item = random.below(items);
      const double popularity = 1 / std::sqrt(1 + static_cast<double>(item));
      const double taste = item % kGroups == user % kGroups ? 1 : 0.25;
      if (random.chance(popularity * taste)) mine.insert(item);
    }
    chosen.emplace_back(mine.begin(), mine.end());
  }
  return chosen;
}

// ---- ml-100k

struct Film {
  std::string title = {}, year = {};
  std::vector<std::string> genres = {};
  bool plot = true, poster = true;
};

constexpr std::size_t kFilms = 72, kViewers = 60;
constexpr std::size_t kTwin = 4, kSecondTwin = 24;  // the same film under two ids, of one group
constexpr std::size_t kUnknown = 40, kYearInTitle = 50;

std::vector<Film> make_films(Random& random, Words& words) {
  std::vector<std::string> genres = {words.name() + "'s", words.name() + "-" + words.name()};
  while (genres.size() < 2 * kGroups) genres.push_back(words.name());
  std::vector<Film> films;
  for (std::size_t f = 0; f < kFilms; ++f) {
    Film film{.title = words.title(f % kGroups), .year = std::to_string(1930 + random.below(69))};
    if (random.chance(0.2)) film.title += ", The";
    if (random.chance(0.1)) film.title += " caf\u00e9";
    std::set<std::string> own = {genres[f % kGroups]};
    while (random.chance(0.4)) own.insert(random.pick(genres));
    film.genres.assign(own.begin(), own.end());
    film.plot = f % 13 != 12;
    film.poster = f % 8 != 7;
    films.push_back(film);
  }
  films[kUnknown] = {.title = "unknown", .year = "unknown", .genres = {"unknown"}, .plot = false};
  films[kYearInTitle].title += " (" + films[kYearInTitle].year + ")";
  films[kYearInTitle].year = "V";
  films[kSecondTwin] = films[kTwin];
  return films;
}

std::string plot_line(Random& random, Words& words, const Film& film, std::size_t film_id) {
  const std::size_t group = (film_id - 1) % kGroups;
  const auto known = [&] { return random.chance(0.95); };
  JsonLine line;
  line.add("item_id", film_id).add("ml_title", film.title + " (" + film.year + ")");
  line.add("title", film.title).add("year", film.year);
  if (known()) line.add("rated", random.chance(0.5) ? "R" : "PG-13");
  if (known()) line.add("released", fmt::format("{:02} Mar {}", random.between(1, 28), film.year));
  if (known()) line.add("runtime", fmt::format("{} min", random.between(70, 180)));
  if (known()) line.add("genre", film.genres.front());
  if (known()) line.add("director", words.name() + " " + words.name());
  if (known())
    line.add("writer", words.name() + " " + words.name() + " (story), " + words.name() + " \u00c9dor");
  if (known())
    line.add("actors", words.name() + " " + words.name() + ", " + words.name() + " O'" + words.name());
  if (film.plot) {
    line.add("plot", words.sentences(group, random.between(15, 40)) + " The \"" + words.name() +
                         "\" \u2013 " + words.sentences(group, 5));
  }
  if (known()) line.add("language", words.name());
  line.add("country", words.name());
  if (random.chance(0.8)) line.add("production", words.name() + " Films");
  line.add("type", "movie").add("imdb_id", fmt::format("tt{:07}", 100'000 + film_id * 37));
  return line.text();
}

// Colours and stripes by group, so that pictures tell something.
std::string poster_bytes(Random& random, std::size_t group, std::size_t width, std::size_t height) {
  const auto shade = static_cast<int>(random.between(20, 90));
  const double stripe = 6 + static_cast<double>(random.below(4)) + 9 * static_cast<double>(group);
  const encoders::Image image = encoders::paint(width, height, [&](double x, double y) {
    const int wave = static_cast<int>(60 * std::sin((group % 2 == 0 ? x : y) * 6.28 / stripe));
    const int base = static_cast<int>(group) * 50;
    return std::array<int, 3>{shade + base + wave, 200 - base, 128 + wave - shade / 2};
  });
  return encoders::jpeg_bytes(image, encoders::JpegKind::kProgressive, 80);
}

void write_posters(Random& random, const std::vector<Film>& films, ExampleData& data) {
  std::string rows = "item_id,file,imdb_id,tmdb_id,source_repo,source_file,width,height\n";
  std::string twins;
  for (std::size_t f = 0; f < films.size(); ++f) {
    if (!films[f].poster) continue;
    const std::size_t height = f % 10 == 0 ? 133 : 139, tmdb = random.between(10, 90'000);
    std::string bytes = poster_bytes(random, f % kGroups, 93, height);
    if (f == kTwin) twins = bytes;
    if (f == kSecondTwin) bytes = twins;
    const std::string file = fmt::format("posters/{}.jpg", f + 1);
    write_text(data.folder / file, bytes);
    rows += fmt::format("{},{},tt{:07},{},made/up,{}.jpg,93,{}\n", f + 1, file, 100'000 + (f + 1) * 37,
                        f == 0 ? "" : std::to_string(tmdb), tmdb, height);
    ++data.pictures;
  }
  write_text(data.folder / "posters.csv", rows);
}

void write_viewers(Random& random, Words& words, const fs::path& file) {
  std::vector<std::string> occupations;
  while (occupations.size() < 6) occupations.push_back(words.name());
  std::string rows = "user_id:token\tage:token\tgender:token\toccupation:token\tzip_code:token\n";
  for (std::size_t u = 0; u < kViewers; ++u) {
    const std::string zip = u % 17 == 16 ? "T8H1N" : fmt::format("{:05}", random.below(100'000));
    rows += fmt::format("{}\t{}\t{}\t{}\t{}\n", u + 1, random.between(7, 73), random.chance(0.3) ? "F" : "M",
                        random.pick(occupations), zip);
  }
  write_text(file, rows);
}

// Rated in a few sittings, several films in a second. The file is in no order.
void write_ratings(Random& random, ExampleData& data) {
  const auto chosen = choose_items(random, kViewers, kFilms, 15, 35);
  for (std::size_t u = 0; u < kViewers; ++u) {
    std::int64_t second = 0;
    for (const std::size_t film : chosen[u]) {
      if (second == 0 || random.chance(0.1))
        second = 874'724'710 + static_cast<std::int64_t>(random.below(18'561'928));
      if (random.chance(0.5)) second += static_cast<std::int64_t>(random.between(1, 90));
      const bool own = film % kGroups == u % kGroups;
      data.events.push_back({.user = std::to_string(u + 1),
                             .item = std::to_string(film + 1),
                             .time_ms = second * 1000,
                             .rating = static_cast<int>(own ? random.between(3, 5) : random.between(1, 4)),
                             .source = "ml-100k.inter"});
    }
  }
  random.shuffle(data.events);
  std::string rows = "user_id:token\titem_id:token\trating:float\ttimestamp:float\n";
  for (const ExampleEvent& e : data.events)
    rows += fmt::format("{}\t{}\t{}\t{}\n", e.user, e.item, *e.rating, *e.time_ms / 1000);
  write_text(data.folder / "ml-100k.inter", rows);
}

// ---- musical-instruments

constexpr std::size_t kReviewers = 50, kProducts = 45;

std::string review_text(Random& random, Words& words, std::size_t group) {
  std::string text = words.sentences(group, random.between(10, 60));
  if (random.chance(0.3)) text += " It is 6&#34; long, says &#8220;" + words.name() + "&#8221; &amp; others.";
  if (random.chance(0.2)) text += " A \"" + words.name() + "\".";
  return text;
}

std::string review_line(Random& random, Words& words, const ExampleEvent& event, std::size_t group,
                        bool empty) {
  using namespace std::chrono;
  const sys_days day = floor<days>(sys_time<milliseconds>(milliseconds(*event.time_ms)));
  const year_month_day date{day};
  const std::size_t votes = random.chance(0.3) ? random.between(1, 20) : 0;
  JsonLine line;
  line.add("reviewerID", event.user).add("asin", event.item);
  if (!random.chance(0.05)) {
    line.add("reviewerName", random.chance(0.2) ? words.name() + " \"" + words.name() + "\"" : words.name());
  }
  line.add("helpful", json::array({votes == 0 ? 0 : random.below(votes + 1), votes}));
  line.add("reviewText", empty ? "" : review_text(random, words, group));
  line.add("overall", static_cast<double>(*event.rating)).add("summary", words.title(group));
  line.add("unixReviewTime", *event.time_ms / 1000);
  line.add("reviewTime", fmt::format("{:02} {}, {}", static_cast<unsigned>(date.month()),
                                     static_cast<unsigned>(date.day()), static_cast<int>(date.year())));
  return line.text();
}

// Distinct ids, ascending: of ten digits and of letters, as products have.
std::vector<std::string> product_ids(Random& random) {
  std::set<std::string> ids;
  while (ids.size() < kProducts) {
    ids.insert(ids.size() < 6 ? "1" + random.characters("0123456789", 9)
                              : "B00" + random.characters("0123456789ABCDEFGHJKLMNPQRSTUVWXYZ", 7));
  }
  return {ids.begin(), ids.end()};
}

// ---- gowalla

constexpr std::size_t kVisitors = 64, kPlaces = 70;

// 1 for the pairs of test: a fifth of each user's places, but for those that no train row would name.
std::vector<std::vector<std::uint8_t>> hold_out(Random& random,
                                                const std::vector<std::vector<std::size_t>>& chosen) {
  std::vector<std::vector<std::uint8_t>> held;
  std::vector<std::size_t> in_train(kPlaces, 0);
  for (const auto& places : chosen) {
    std::vector<std::uint8_t> mine(places.size(), 0);
    std::fill_n(mine.begin(), std::max<std::size_t>(1, places.size() / 5), 1);
    random.shuffle(mine);
    for (std::size_t i = 0; i < places.size(); ++i) in_train[places[i]] += 1U - mine[i];
    held.push_back(std::move(mine));
  }
  for (std::size_t u = 0; u < chosen.size(); ++u) {
    for (std::size_t i = 0; i < chosen[u].size(); ++i) {
      const bool others = std::count(held[u].begin(), held[u].end(), 1) > 1;
      if (held[u][i] == 0 || in_train[chosen[u][i]] > 0 || !others) continue;
      held[u][i] = 0;
      ++in_train[chosen[u][i]];
    }
  }
  for (const std::size_t count : in_train) WEFT_CHECK(count > 0);
  return held;
}

// ---- lastfm

constexpr std::size_t kListeners = 50, kArtists = 60;

std::string artist_name(Words& words, std::size_t artist) {
  switch (artist % 12) {
    case 3:
      return "\"" + words.name() + "\" " + words.name();
    case 5:
      return words.name() + " 7\"";
    case 7:
      return "\u00c3";
    case 9:
      return "??" + std::to_string(artist);
    default:
      return words.name() + " & " + words.name();
  }
}

// ---- tiktok

constexpr std::size_t kWatchers = 60, kVideos = 66;
constexpr std::size_t kColdVideos = 6;     // the last ones: in valid or test alone
constexpr std::size_t kWithoutTrain = 17;  // this user's videos are all in test

std::size_t part_of(Random& random, std::size_t user, std::size_t video, std::size_t position) {
  if (user == kWithoutTrain) return 2;
  if (position == 0) return 0;
  if (video >= kVideos - kColdVideos) return 1 + video % 2;
  return random.chance(0.8) ? 0 : random.between(1, 2);
}

// ---- chinese-reviews

std::string chinese_text(Random& random) {
  static const std::vector<std::string> kParts = {"质量", "很好", "不错", "物流", "有点", "失望", "，", "。",
                                                  "！",   "ABC",  "３",   "100",  "的",   "酒店", "书"};
  std::string out;
  for (std::size_t i = random.between(5, 60); i > 0; --i) out += random.pick(kParts);
  return out;
}

}  // namespace

ExampleData write_ml_100k(const fs::path& folder) {
  Random random(11);
  Words words(random);
  ExampleData data{.folder = folder};
  const std::vector<Film> films = make_films(random, words);
  std::string items = "item_id:token\tmovie_title:token_seq\trelease_year:token\tclass:token_seq\n", plots;
  std::set<std::string> genres;
  std::uint64_t with_plot = 0, with_genre = 0;
  for (std::size_t f = 0; f < films.size(); ++f) {
    const Film& film = films[f];
    std::string list;
    for (const std::string& genre : film.genres) list += (list.empty() ? "" : " ") + genre;
    items += fmt::format("{}\t{}\t{}\t{}\n", f + 1, film.title, film.year, list);
    plots += plot_line(random, words, film, f + 1);
    data.items.push_back(std::to_string(f + 1));
    data.titles[data.items.back()] = film.title;
    genres.insert(film.genres.begin(), film.genres.end());
    with_genre += film.genres.size();
    with_plot += film.plot ? 1 : 0;
  }
  write_text(folder / "ml-100k.item", items);
  write_text(folder / "plots.jsonl", plots);
  write_viewers(random, words, folder / "ml-100k.user");
  write_posters(random, films, data);
  write_ratings(random, data);
  data.nodes = {{"user", kViewers},
                {"item", kFilms},
                {"genre", genres.size()},
                {"plot", with_plot},
                {"poster", data.pictures}};
  data.edges = {{"rates", data.events.size()},
                {"item_genre", with_genre},
                {"has_plot", with_plot},
                {"has_poster", data.pictures}};
  data.present = {{"user.age", kViewers},         {"user.gender", kViewers}, {"user.occupation", kViewers},
                  {"item.title", kFilms},         {"item.year", kFilms},     {"plot.text", with_plot},
                  {"poster.image", data.pictures}};
  return data;
}

ExampleData write_musical_instruments(const fs::path& folder) {
  Random random(12);
  Words words(random);
  ExampleData data{.folder = folder};
  data.items = product_ids(random);
  std::vector<std::string> reviewers;
  while (reviewers.size() < kReviewers)
    reviewers.push_back("A" +
                        random.characters("0123456789ABCDEFGHJKLMNPQRSTUVWXYZ", random.between(12, 13)));
  const auto chosen = choose_items(random, kReviewers, kProducts, 6, 16);
  std::vector<std::vector<std::size_t>> reviewers_of(kProducts);
  for (std::size_t u = 0; u < kReviewers; ++u) {
    for (const std::size_t product : chosen[u]) reviewers_of[product].push_back(u);
  }
  std::string lines;
  std::uint64_t empty = 0;
  for (std::size_t product = 0; product < kProducts; ++product) {
    WEFT_CHECK(!reviewers_of[product].empty());
    for (const std::size_t u : reviewers_of[product]) {
      const std::int64_t day = 12'679 + static_cast<std::int64_t>(random.below(360)) * 10;  // 2004 to 2014
      const bool content = random.chance(0.7);
      data.events.push_back({.user = reviewers[u],
                             .item = data.items[product],
                             .time_ms = day * 86'400'000,
                             .rating = static_cast<int>(content ? 5 : random.between(1, 4)),
                             .source = "reviews.jsonl.gz"});
      const bool without_text = data.events.size() % 90 == 17;
      empty += without_text ? 1 : 0;
      const std::string line =
          review_line(random, words, data.events.back(), product % kGroups, without_text);
      if (line.find("&#34;") != std::string::npos) ++data.with_entities;
      lines += line;
    }
  }
  write_gzip(folder / "reviews.jsonl.gz", lines);
  const std::uint64_t reviews = data.events.size();
  data.nodes = {{"user", kReviewers}, {"item", kProducts}, {"review", reviews}};
  data.edges = {{"rates", reviews}, {"wrote", reviews}, {"about", reviews}};
  data.present = {{"review.body", reviews - empty}, {"review.summary", reviews}};
  return data;
}

ExampleData write_gowalla(const fs::path& folder) {
  Random random(13);
  ExampleData data{.folder = folder};
  const auto chosen = choose_items(random, kVisitors, kPlaces, 12, 28);
  const auto held = hold_out(random, chosen);
  std::string files[2] = {"user,item\n", "user,item\n"};
  const char* names[2] = {"train.csv.gz", "test.csv.gz"};
  for (std::size_t part = 0; part < 2; ++part) {
    for (std::size_t u = 0; u < kVisitors; ++u) {
      std::vector<std::size_t> places;
      for (std::size_t i = 0; i < chosen[u].size(); ++i) {
        if (held[u][i] == part) places.push_back(chosen[u][i]);
      }
      if (part == 1) random.shuffle(places);
      for (const std::size_t place : places) {
        data.events.push_back(
            {.user = std::to_string(u), .item = std::to_string(place), .source = names[part]});
        files[part] += fmt::format("{},{}\n", u, place);
        if (std::find(data.items.begin(), data.items.end(), data.events.back().item) == data.items.end())
          data.items.push_back(data.events.back().item);
      }
    }
    write_gzip(folder / names[part], files[part]);
  }
  data.nodes = {{"user", kVisitors}, {"item", kPlaces}};
  data.edges = {{"visits", data.events.size()}};
  return data;
}

ExampleData write_lastfm(const fs::path& folder) {
  Random random(14);
  Words words(random);
  ExampleData data{.folder = folder};
  const auto user_id = [](std::size_t user) { return std::to_string(2 + 3 * user); };
  const auto artist_id = [](std::size_t artist) { return std::to_string(1 + 2 * artist); };
  std::string items = "artist_id:token\tname:token_seq\turl:token\tpictureURL:token\n";
  for (std::size_t a = 0; a < kArtists; ++a) {
    const std::string id = artist_id(a), name = artist_name(words, a);
    items += fmt::format("{}\t{}\thttp://made.up/music/{}\t{}\n", id, name, a,
                         a % 9 == 8 ? "" : "http://made.up/serve/" + id + ".jpg");
    data.items.push_back(id);
    data.titles[id] = name;
  }
  const auto chosen = choose_items(random, kListeners, kArtists, 10, 25);
  std::string pairs = "user_id:token\tartist_id:token\n", counts = "userID\tartistID\tweight\n";
  for (std::size_t u = 0; u < kListeners; ++u) {
    for (const std::size_t a : chosen[u]) {
      const int count =
          static_cast<int>(random.chance(0.1) ? random.between(10'000, 352'698) : random.between(1, 2000));
      pairs += fmt::format("{}\t{}\n", user_id(u), artist_id(a));
      counts += fmt::format("{}\t{}\t{}\n", user_id(u), artist_id(a), count);
      data.events.push_back(
          {.user = user_id(u), .item = artist_id(a), .rating = count, .source = "user_artists.dat"});
    }
  }
  std::set<std::pair<std::size_t, std::size_t>> friends;
  while (friends.size() < 80) {
    const std::size_t a = random.below(kListeners), b = random.below(kListeners);
    if (a < b) friends.emplace(a, b);
  }
  std::string net = "source_id:token\ttarget_id:token\r\n";
  for (const auto& [a, b] : friends) net += fmt::format("{}\t{}\r\n", user_id(a), user_id(b));
  for (const auto& [a, b] : friends) net += fmt::format("{}\t{}\r\n", user_id(b), user_id(a));
  write_text(folder / "lastfm.item", items);
  write_text(folder / "lastfm.inter", pairs);
  write_text(folder / "user_artists.dat", counts);
  write_text(folder / "lastfm.net", net);
  data.item_type = "artist";
  data.nodes = {{"user", kListeners}, {"artist", kArtists}};
  data.edges = {{"listens", data.events.size()}, {"friend", 2 * friends.size()}};
  data.present = {{"artist.name", kArtists}};
  return data;
}

ExampleData write_tiktok(const fs::path& folder) {
  Random random(15);
  ExampleData data{.folder = folder};
  const auto chosen = choose_items(random, kWatchers, kVideos, 8, 20);
  const char* names[3] = {"train.csv.gz", "valid.csv.gz", "test.csv.gz"};
  std::vector<ExampleEvent> parts[3];
  std::set<std::string> videos;
  for (std::size_t u = 0; u < kWatchers; ++u) {
    for (std::size_t i = 0; i < chosen[u].size(); ++i) {
      const std::size_t part = part_of(random, u, chosen[u][i], i);
      parts[part].push_back(
          {.user = std::to_string(u), .item = std::to_string(chosen[u][i]), .source = names[part]});
      videos.insert(parts[part].back().item);
    }
  }
  for (std::size_t part = 0; part < 3; ++part) {
    std::string rows = "user,item\n";
    for (const ExampleEvent& e : parts[part]) {
      rows += fmt::format("{},{}\n", e.user, e.item);
      if (std::find(data.items.begin(), data.items.end(), e.item) == data.items.end())
        data.items.push_back(e.item);
    }
    write_gzip(folder / names[part], rows);
    data.events.insert(data.events.end(), parts[part].begin(), parts[part].end());
  }
  data.nodes = {{"user", kWatchers}, {"item", videos.size()}};
  data.edges = {{"watches", data.events.size()}};
  return data;
}

ExampleData write_chinese_reviews(const fs::path& folder) {
  Random random(16);
  ExampleData data{.folder = folder};
  const std::vector<std::string> categories = {"书籍", "平板", "手机", "热水器"};
  std::string rows = "cat,label,review\n";
  constexpr std::size_t kReviews = 200, kEmpty = 120;
  for (std::size_t r = 0; r < kReviews; ++r) {
    std::string text = r == kEmpty ? "" : std::to_string(r) + chinese_text(random);
    if (r % 40 == 7) text = "\"他说\"\"" + text + "\"\", 好\"";
    rows += fmt::format("{},{},{}\n", categories[r % categories.size()], random.below(2), text);
  }
  write_gzip(folder / "reviews.csv.gz", rows);
  data.nodes = {{"review", kReviews}, {"category", categories.size()}};
  data.edges = {{"review_category", kReviews}};
  data.present = {{"review.text", kReviews - 1}, {"review.kind", kReviews}};
  return data;
}

}  // namespace weft
