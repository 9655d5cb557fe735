// The shop with random sources, full of dirt: what the tests of the bulk path read.
#pragma once

#include <fmt/format.h>

#include <random>
#include <string>
#include <vector>

#include "tests/storage/shop.h"

namespace weft::storage {

// Fills the shop's sources with rows of every kind: repeats, changed and missing fields, late and missing
// times, symmetric edges both ways, quoted line ends, blank lines, rows that cannot be read.
class RandomShop : public Shop {
 public:
  explicit RandomShop(std::uint64_t seed, int rows) : random_(seed) {
    users(rows / 8);
    items(rows / 8);
    reviews(rows / 4);
    events(rows);
    std::string follows = "a:token\tb:token\n";
    for (int i = 0; i < rows / 8; ++i) follows += fmt::format("u{}\tu{}\n", below(40), below(40));
    write("follows.tsv", follows);
  }

 private:
  int below(int count) { return static_cast<int>(random_() % static_cast<std::uint64_t>(count)); }

  void users(int rows) {
    static constexpr const char* kCities[] = {"Rome", "\"Os\nlo\"", "", "n/a", "\"a \"\"b\"\"\"", "\"open"};
    std::string text = "user_id,signup,age,city\r\n";
    for (int i = 0; i < rows; ++i) {
      const std::string signup = below(3) == 0 ? "" : std::to_string(below(2000));
      text +=
          fmt::format("u{},{},{},{}\n", below(rows), signup, below(10) == 0 ? "x" : std::to_string(below(90)),
                      kCities[below(i % 20 == 0 ? 6 : 5)]);
      if (below(20) == 0) text += "\n  \n";
    }
    write("users.csv", text);
  }

  void items(int rows) {
    std::string text;
    for (int i = 0; i < rows; ++i) {
      text += fmt::format("{{\"item_id\": {}, \"title\": \"item {}\"", below(rows / 2 + 1), below(1000));
      if (below(2) == 0) text += fmt::format(", \"brand\": \"b{}\"", below(5));
      if (below(2) == 0)
        text += fmt::format(", \"tags\": [\"t{}\", \"t{}\", \"t{}\"]", below(6), below(6), below(6));
      if (below(3) == 0)
        text += fmt::format(", \"photo\": \"{}.jpg\"", i % 9 == 0 ? "cut" : std::to_string(below(4)));
      if (below(4) == 0) text += ", \"clip\": \"a.wav\", \"offer\": {\"price\": 2.5}";
      text += below(15) == 0 ? "\n" : "}\n";
    }
    write("items.jsonl", text + "{\"item_id\": 5, \"title\": \"Lam");
  }

  void reviews(int rows) {
    std::string text;
    for (int i = 0; i < rows; ++i) {
      text += fmt::format("{{\"user\": \"u{}\", \"item\": {}, \"stars\": {}, \"body\": \"text {}\"",
                          below(rows), below(rows / 4 + 1), below(5), below(3));
      if (below(2) == 0) text += fmt::format(", \"at\": \"2024-05-{:02}T10:00:00Z\"", 1 + below(28));
      text += "}\n";
    }
    write("reviews.jsonl", text);
  }

  void events(int rows) {
    static constexpr const char* kActions[] = {"buy", "buy", "view", "look", "wait"};
    std::string text = "user,item,action,time\n";
    std::vector<std::string> old;
    for (int i = 0; i < rows; ++i) {
      std::string row =
          fmt::format("u{},{},{},{}\n", below(rows / 6 + 1), below(rows / 12 + 1), kActions[below(5)],
                      below(12) == 0 ? "never" : std::to_string(below(100'000)));
      if (!old.empty() && below(6) == 0) row = old[random_() % old.size()];
      old.push_back(row);
      text += row;
    }
    write("events.csv", text);
  }

  std::mt19937_64 random_;
};

}  // namespace weft::storage
