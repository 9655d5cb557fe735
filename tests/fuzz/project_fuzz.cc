// Project files: TOML with locations, and what [project], [nodes], [edges] and [clean] may say.
// Parser: storage/project.cc storage/project_fingerprint.cc storage/source_files.cc base/toml.cc
// storage/kafka/kafka_options.cc
#include "base/toml.h"
#include "storage/project.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/fuzz/toml_changes.h"
#include "tests/fuzz/toml_options.h"

namespace weft::fuzz {
namespace {

// docs/project-file.md, cleaning.md.
constexpr TomlOption kOptions[] = {
    {"[project]", "delta_share = 0.05"},
    {"[project]", "data_root = \"/\""},
    {"[nodes.", "time = { column = \"seen\", unit = \"iso8601\" }"},
    {"[nodes.", "time = { column = \"seen\", unit = \"us\", default = \"5\" }"},
    {"[nodes.", "fields.f1 = { kind = \"number\", column = \"c1\" }"},
    {"[nodes.", "fields.f2 = { kind = \"category\", separator = \",\" }"},
    {"[nodes.", "fields.f3 = { kind = \"audio\", path = \"snd/{c1}/{c2}.wav\" }"},
    {"[nodes.", "fields.f4 = { kind = \"image\", as_node = true }"},
    {"[nodes.", "fields.f5 = { kind = \"category\", as_node = true, separator = \"|\" }"},
    {"[nodes.", "fields.f6 = { kind = \"text\", column = \"a.b.0\" }"},
    {"[nodes.", "name = \"f6\""},
    {"[nodes.", "conflicts = \"priority\""},
    {"[nodes.", "conflicts = \"recency\""},
    {"[nodes.", "where = { c1 = { present = true }, c2 = [\"x\", 5] }"},
    {"[nodes.", "where = { c1 = { present = false } }"},
    {"[nodes.", "columns.c1 = { tidy = [\"html\", \"space\"], missing = [\"-\"] }"},
    {"[nodes.", "columns.c1 = { values = { a = \"b\" }, allowed = [\"b\"], on_bad = \"missing\" }"},
    {"[nodes.", "columns.price = { factor = 0.01, range = [0, 10], default = 3 }"},
    {"[edges.", "time = { column = \"t\", unit = \"ms\" }"},
    {"[edges.", "time = { column = \"t\", unit = \"day\", default = \"1\" }"},
    {"[edges.", "weight = \"w\""},
    {"[edges.", "symmetric = true"},
    {"[edges.", "duplicates = \"keep\""},
    {"[edges.", "duplicates = \"drop\""},
    {"[edges.", "delete = { column = \"op\", values = [\"d\", \"r\"] }"},
    {"[edges.", "delete = { column = \"gone\", present = true, takes = \"same\" }"},
    {"[edges.", "where = { op = \"buy\" }"},
    {"[edges.", "where = { op = { present = true } }"},
    {"[edges.", "columns.t = { time = { unit = \"iso8601\", zone = \"+05:30\" } }"},
    {"[edges.", "columns.u = { prefix = \"p:\", ids = { a = \"b\" }, unknown_ids = \"bad\" }"},
    {"[edges.", "columns.w = { scale = { from = [1, 10], to = [1, 5] } }"},
    {"[edges.", "columns.v = { required = true, rename = \"vv\" }"},
    {"[clean]", "missing = [\"n/a\"]"},
    {"[clean]", "max_bad_rows = 1"},
    {"[clean]", "max_bad_media = 0.5"},
    {"[sources.log]", "columns.t = { time = { unit = \"s\" } }"},
    {"[sources.plain]", "encoding = \"gb18030\""},
    {"[sources.plain]", "encoding = \"windows-1252\""},
    {"[sources.plain]", "delimiter = \";\""},
    {"[sources.plain]", "format = \"tsv\""},
    {"[sources.plain]", "format = \"jsonl\""},
    {"[sources.plain]", "header = [\"u\", \"v\", \"t\", \"w\"]"},
    {"[sources.plain]", "columns.u = { separator = \"|\", tidy = [\"nfkc\", \"control\"] }"},
    {"[sources.log]", "format = \"csv\"\nheader = [\"item\", \"user\"]\ndelimiter = \"|\""},
    {"[sources.log]", "format = \"jsonl\""},
    {"[sources.log.kafka]", "start = \"latest\""},
    {"[sources.log.kafka]", "lost = \"stop\""},
    {"[sources.log.kafka]", "timeout = 3600"},
    {"[sources.log.kafka]", "topics = \"one\""},
    {"[sources.log.kafka.settings]", "ssl.key.password = \"${KEY}\""},
    {"[sources.log.kafka.settings]", "client.id = \"a${B}c\""},
    {"", "[nodes.extra]\nsource = \"extra.csv\"\nid = \"id\""},
    {"", "[nodes.own]\nsource = \"plain\""},
    {"", "[sources.plain]\nfiles = [\"plain/*.txt.gz\", \"plain.txt\"]\nformat = \"csv\""},
    {"", "[edges.more]\nsource = \"plain\"\nfrom = \"user:u\"\nto = \"item:v\""},
    {"", "[edges.loop]\nsource = \"plain\"\nfrom = \"user:u\"\nto = \"user:v\"\nsymmetric = true"},
};

}  // namespace

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
  return random() % 3 != 0 ? with_option(input, kOptions, random) : changed_toml(input, random);
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
