// A small shop of users, items, pictures and reviews in files, with a project file: what the tests of the
// project file, of ingest and of export work on.
#pragma once

#include <string>
#include <vector>

#include "base/toml.h"
#include "storage/ingest.h"
#include "storage/project.h"
#include "tests/support/temp_folder.h"

namespace weft::storage {

inline constexpr const char* kShopToml = R"([nodes.user]
source = "users.csv"
id = "user_id"
time = { column = "signup", unit = "s" }
fields.age = { kind = "number" }
fields.city = { kind = "category" }

[nodes.item]
source = "items.jsonl"
id = "item_id"
name = "title"
fields.title = { kind = "text" }
fields.price = { kind = "number", column = "offer.price" }
fields.brand = { kind = "category", as_node = true }
fields.tags = { kind = "category", separator = "|", as_node = true }
fields.photo = { kind = "image", path = "images/{photo}", as_node = true }
fields.clip = { kind = "audio", path = "{clip}" }

[nodes.review]
source = "reviews.jsonl"
fields.body = { kind = "text" }

[edges.buys]
source = "events.csv"
from = "user:user"
to = "item:item"
time = { column = "time", unit = "s" }
where = { action = "buy" }

[edges.views]
source = "events.csv"
from = "user:user"
to = "item:item"
time = { column = "time", unit = "s" }
where = { action = ["view", "look"] }
duplicates = "drop"

[edges.rates]
source = "reviews.jsonl"
from = "user:user"
to = "item:item"
time = { column = "at", unit = "iso8601", default = "2024-01-01" }
weight = "stars"

[edges.wrote]
source = "reviews.jsonl"
from = "user:user"
to = "review"

[edges.follows]
source = "follows.tsv"
from = "user:a"
to = "user:b"
symmetric = true

[clean]
max_bad_rows = 0.7
max_bad_media = 0.5
missing = ["n/a"]
)";

class Shop {
 public:
  Shop() {
    write("shop.toml", kShopToml);
    write(
        "users.csv",
        "user_id,signup,age,city\nann,100,31,Rome\nbob,200,,\n\"c, d\",300,x,Oslo\n,400,9,Bonn\nn/a,1,2,3\n");
    write("items.jsonl",
          "{\"item_id\": 1, \"title\": \"Chair\", \"offer\": {\"price\": 9.5}, \"brand\": \"Oak\", \"tags\": "
          "\"red|old\", \"photo\": \"1.jpg\", \"clip\": \"a.wav\"}\n"
          "{\"item_id\": 2, \"title\": \"Table\", \"brand\": \"Oak\", \"tags\": [\"old\"], \"photo\": "
          "\"2.jpg\"}\n"
          "{\"item_id\": 3, \"photo\": \"../../etc/passwd\"}\n"
          "{\"item_id\": 4, \"photo\": \"cut.jpg\"}\n"
          "{\"item_id\": 5, \"title\": \"Lam");
    write("reviews.jsonl",
          "{\"user\": \"ann\", \"item\": 1, \"stars\": 5, \"body\": \"fine\", \"at\": "
          "\"2024-05-01T10:00:00Z\"}\n"
          "{\"user\": \"eve\", \"item\": 2, \"stars\": 1.5, \"body\": \"\"}\n"
          "{\"user\": \"ann\", \"item\": 2, \"stars\": \"many\", \"body\": \"no\"}\n");
    write("events.csv",
          "user,item,action,time\nann,1,buy,1000\nann,1,view,900\nbob,2,look,1100\nbob,2,look,1100\nbob,2,"
          "wait,1\nzoe,9,buy,50\nann,1,buy,never\nann,1,buy,\n");
    write("follows.tsv", "a:token\tb:token\nann\tbob\nbob\tbob\n");
    write("images/1.jpg", "\xFF\xD8\xFF picture 1 \xFF\xD9");
    write("images/cut.jpg", "\xFF\xD8\xFF picture");
    write("a.wav", std::string("RIFF\x04\0\0\0WAVE", 12));
  }

  void write(const std::string& name, std::string_view text) {
    std::filesystem::create_directories((folder_ / name).parent_path());
    real_files().write_whole(folder_ / name, text);
  }
  void append(const std::string& name, std::string_view text) {
    write(name, real_files().read_whole(folder_ / name) + std::string(text));
  }

  Project project(const std::vector<std::string>& sets = {}) const {
    TomlFile toml = TomlFile::read(folder_ / "shop.toml");
    for (const std::string& set : sets) toml.set(set);
    return read_project(toml, folder_ / "shop.toml");
  }
  // The same with a workspace of its own, to compare stores of the same files.
  Project in(const std::string& workspace) const {
    return project({"project.workspace=" + (folder() / workspace).string()});
  }
  GraphStore open(const Project& project) const {
    return GraphStore::open(project.workspace.store(), project.schema, {.sync = Sync::kNever});
  }
  IngestReport ingest(const std::vector<std::string>& sets = {}, const IngestOptions& options = {}) const {
    const Project each = project(sets);
    GraphStore store = open(each);
    return storage::ingest(each, store, options);
  }
  const std::filesystem::path& folder() const { return folder_.path(); }

 private:
  test::TempFolder folder_;
};

}  // namespace weft::storage
