// A project of a few rows that every command takes in a moment: users and items with titles, and purchases by
// a rule. For tests that break things.
#pragma once

#include <fmt/format.h>

#include <filesystem>
#include <string>

#include "tests/tools/run_weft.h"

namespace weft {

inline constexpr const char* kSmallShopSettings = R"(
[task]
target = "buys"
[encoders.text]
min_df = 1
[model]
hidden = 8
dim = 8
fan_outs = [4]
[train]
epochs = 2
batch_size = 64
[lightgcn]
dim = 8
epochs = 2
batch = 64
[skipgram]
dim = 8
epochs = 2
)";

// `users` u0.. and `items` i0..; every user buys six items, one a day, all users on the same days.
struct SmallShop {
  std::filesystem::path folder = scratch_folder("small_shop");
  std::string project = (folder / "shop.toml").string();
  int users = 30, items = 20;

  // `fields`: more lines of [nodes.item].
  explicit SmallShop(const std::string& fields = "") {
    write_text(folder / "shop.toml",
               "[nodes.user]\n[nodes.item]\nsource = \"items.jsonl\"\nid = \"id\"\nname = \"title\"\n"
               "fields.title = { kind = \"text\" }\n" +
                   fields +
                   "[edges.buys]\nsource = \"events.csv\"\nfrom = \"user:user\"\n"
                   "to = \"item:item\"\ntime = { column = \"time\", unit = \"day\" }\n" +
                   kSmallShopSettings);
    std::string rows;
    for (int i = 0; i < items; ++i)
      rows += fmt::format("{{\"id\": \"i{}\", \"title\": \"thing of kind {}\", \"photo\": \"{}.png\"}}\n", i,
                          i % 4, i);
    write_text(folder / "items.jsonl", rows);
    write_text(folder / "events.csv", "time,user,item\n");
    for (int day = 0; day < 6; ++day) add_day(day);
  }

  void append(const std::string& file, const std::string& text) const {
    write_text(folder / file, read_text(folder / file) + text);
  }
  // Everybody buys something.
  void add_day(int day) const {
    std::string rows;
    for (int u = 0; u < users; ++u)
      rows += fmt::format("{},u{},i{}\n", day, u, (u * 7 + day * 3 + u % 4) % items);
    append("events.csv", rows);
  }

  RunResult run(const std::string& command, const std::string& environment = "") const {
    const auto blank = command.find(' ');
    return run_weft(
        command.substr(0, blank) + " " + project + (blank == std::string::npos ? "" : command.substr(blank)),
        environment);
  }
  std::filesystem::path workspace() const { return folder / "shop.weft"; }
};

}  // namespace weft
