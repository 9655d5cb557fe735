// Project files: TOML with locations, and what [project], [nodes], [edges] and [clean] may say.
// Parser: storage/project.cc storage/project_fingerprint.cc storage/source_files.cc base/toml.cc
// storage/kafka/kafka_options.cc
#include "base/toml.h"
#include "storage/project.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/fuzz/toml_changes.h"

namespace weft::fuzz {

Seeds seeds() {
  return {.accepted = {R"([project]
data_root = "/"
workspace = "/tmp/w"
[nodes.user]
source = "users.tsv"
id = "user_id"
time = { column = "joined", unit = "day" }
fields.age = { kind = "number" }
fields.job = { kind = "category", separator = "|" }
[nodes.item]
source = ["items.jsonl", "more.jsonl"]
id = "asin"
name = "title"
fields.title = { kind = "text" }
fields.photo = { kind = "image", path = "img/{asin}.jpg", as_node = true }
fields.brand = { kind = "category", as_node = true }
where = { kind = ["a", "b"] }
[nodes.review]
source = "reviews.csv"
fields.body = { kind = "text" }
[edges.buys]
source = "reviews.csv"
from = "user:reviewer"
to = "item:asin"
time = { column = "ts", unit = "s", default = "0" }
weight = "rating"
duplicates = "keep"
[edges.about]
source = "reviews.csv"
from = "review"
to = "item:asin"
[edges.friend]
source = "friends.csv.gz"
from = "user:a"
to = "user:b"
symmetric = true
[clean]
max_bad_rows = 0.1
missing = ["n/a", "-"]
[task]
target = "buys"
)",
                       "[nodes.a]\n[nodes.b]\n[edges.e]\nsource = \"x.csv\"\nfrom = \"a:u\"\nto = \"b:v\"\n",
                       R"([sources.log]
columns.item = { prefix = "i:" }
[sources.log.kafka]
brokers = ["a:9092", "b:9092"]
topics = ["clicks", "views.v2"]
start = "2024-05-01T00:00:00Z"
lost = "skip"
timeout = 5
[sources.log.kafka.settings]
sasl.password = "${PASSWORD}"
fetch.wait.max.ms = 50
[nodes.user]
[nodes.item]
[edges.sees]
source = "log"
from = "user:_key"
to = "item:item"
)"},
          .others = {"a = [1, {b = 2}]\n", "\xC3\x95"}};
}

std::string mutated(std::string_view input, std::mt19937_64& random) {
  return changed_toml(input, random);
}

void run(std::string_view input) {
  parses([&] {
    const auto read = [&] {
      return storage::read_project(TomlFile::parse(input, "fuzz.toml"), "/fuzz.toml",
                                   storage::Sources::kMayBeMissing);
    };
    const storage::Project project = read();
    const storage::Project again = read();
    for (std::size_t i = 0; i < project.sources.size(); ++i) {
      const auto source = static_cast<std::uint16_t>(i);
      FUZZ_CHECK(project.fingerprint(source) == again.fingerprint(source));
    }
    const std::string json = project.schema.to_json();
    FUZZ_CHECK(storage::StoreSchema::from_json(json, "schema") == project.schema);
    FUZZ_CHECK(TomlFile::parse(TomlFile::parse(input, "a").to_text(), "b").to_text() ==
               TomlFile::parse(input, "a").to_text());
  });
}

}  // namespace weft::fuzz
