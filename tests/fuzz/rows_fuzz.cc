// Source files to events: CSV, tab-separated text (RecBole's too) and JSON lines through reader and mapper,
// plain, gzipped or in zstd, in every encoding. The first byte chooses; the rest is the file.
// Parser: storage/sources/delimited.cc storage/sources/json_lines.cc storage/sources/json_object.cc
// storage/sources/line_reader.cc storage/sources/byte_window.cc storage/sources/compressed_streams.cc
// storage/sources/converted_stream.cc storage/row_mapper.cc
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <optional>

#include "base/toml.h"
#include "storage/row_mapper.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/fuzz/json_changes.h"
#include "tests/fuzz/memory_files.h"

namespace weft::fuzz {
namespace {

using namespace storage;

constexpr const char* kProject = R"([project]
data_root = "/"
[nodes.user]
[nodes.item]
source = "@"
id = "item"
time = { column = "listed", unit = "iso8601" }
fields.price = { kind = "number" }
fields.title = { kind = "text", column = "text.title" }
fields.tags = { kind = "category", separator = "|" }
fields.brand = { kind = "category", as_node = true }
where = { kind = ["sold", "shown"] }
[nodes.review]
source = "@"
fields.body = { kind = "text" }
[edges.buys]
source = "@"
from = "user:user"
to = "item:item"
time = { column = "time", unit = "s", default = "0" }
weight = "weight"
[edges.about]
source = "@"
from = "review"
to = "item:item"
[clean]
missing = ["n/a"]
)";

constexpr std::array<const char*, 3> kNames = {"rows.csv", "rows.tsv", "rows.jsonl"};

const Project& project(std::size_t format) {
  static std::array<std::optional<Project>, 3> projects;
  if (!projects[format]) {
    std::string text = kProject;
    for (std::size_t at = text.find('@'); at != std::string::npos; at = text.find('@'))
      text.replace(at, 1, kNames[format]);
    projects[format] = read_project(TomlFile::parse(text, "fuzz.toml"), "/fuzz.toml", Sources::kMayBeMissing);
  }
  return *projects[format];
}

struct Seen {
  std::uint64_t offset = 0, line = 0;
  std::string raw = {}, reason = {};
  Position after = {};
  graph::EventId event = 0;
  bool operator==(const Seen& other) const {
    return offset == other.offset && line == other.line && raw == other.raw && reason == other.reason &&
           event == other.event && after.bytes == other.after.bytes && after.lines == other.after.lines;
  }
};

std::vector<Seen> read_rows(const Project& project, const SourceFile& source, Files& files,
                            const Position& from) {
  RowMapper mapper(project, 0, MediaRead::kLookOnly, files);
  const auto reader = RowReader::open(source, mapper.columns(), files);
  std::vector<Seen> rows;
  if (from.bytes > 0) FUZZ_CHECK(reader->skip_to(from.bytes, from.lines));
  Row row;
  graph::Event event;
  while (reader->next(row)) {
    Seen seen{.offset = row.offset, .line = row.line, .raw = std::string(row.raw), .reason = row.bad_reason};
    if (row.bad_reason.empty()) {
      FUZZ_CHECK(row.cells.size() == mapper.columns().size());
      const MapResult result = mapper.map(row, event);
      seen.reason = result.reason;
      FUZZ_CHECK((result.outcome == MapOutcome::kBad) == !result.reason.empty());
      if (result.outcome == MapOutcome::kEvent) {
        seen.event = event.id;
        FUZZ_CHECK(event.id != graph::kNoEvent);
      }
    }
    FUZZ_CHECK(rows.empty() || seen.offset >= rows.back().after.bytes);
    seen.after = reader->position();
    FUZZ_CHECK(seen.after.bytes > seen.offset);
    rows.push_back(std::move(seen));
  }
  return rows;
}

std::string gzipped(const std::string& text) {
  z_stream stream{};
  FUZZ_CHECK(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(deflateBound(&stream, text.size()), 0);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  FUZZ_CHECK(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string in_zstd(const std::string& text) {
  std::string out(ZSTD_compressBound(text.size()), 0);
  const std::size_t size = ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 3);
  FUZZ_CHECK(ZSTD_isError(size) == 0);
  out.resize(size);
  return out;
}

// The first byte: format 2 bits, compression 2 bits, encoding 3 bits.
constexpr int choice(int format, int compression = 0, int encoding = 0) {
  return format | compression << 2 | encoding << 4;
}

}  // namespace

Seeds seeds() {
  const std::string csv =
      "user,item,time,weight,price,text.title,tags,brand,kind,body,listed\n"
      "ann,a1,100,1.5,9.99,\"A \"\"big\"\" chair,\nwith "
      "arms\",red|blue,Acme,sold,Good,2024-02-29T12:00:00+02:00\n"
      "bob,a2,,2,n/a,Stool,,,sold,\"\",2024-01-01\r\n"
      "\"cy\",a1,-5,0,1e3,x,a,b,shown,\"cut off";
  std::string tabs = csv;
  for (char& c : tabs) c = c == ',' ? '\t' : c;
  const std::string json =
      R"({"user": "ann", "item": "a1", "time": 100, "weight": 1.5, "price": 9.99, "text": {"title": "chair \u00e9"}, "tags": ["red", "blue"], "brand": "Acme", "kind": "sold", "body": "Good"})"
      "\n"
      R"({"user": 7, "item": 12345678901234567890, "time": null, "kind": "sold", "tags": [[1]], "text.title": "flat", "listed": "2024-01-01 10:00"})"
      "\n[1]\n{\"user\": \"cut";
  const std::string recbole =
      "user:token\titem:token\ttime:float\ttags:token_seq\tkind:token\nann\ta1\t100\tred|blue\tsold\n";
  return {
      .accepted = {tagged(choice(0), csv), tagged(choice(1), tabs), tagged(choice(2), json),
                   tagged(choice(1), recbole), tagged(choice(0, 1), gzipped(csv)),
                   tagged(choice(1, 1), gzipped(tabs)), tagged(choice(2, 2), in_zstd(json)),
                   tagged(choice(0, 2), in_zstd(csv) + in_zstd("x,y,1\n")),
                   tagged(choice(0, 0, 1), "user,item\n\xC4\xE3\xBA\xC3,1\n"),
                   tagged(choice(0, 0, 2), "user,item\n\x81\x30\x81\x30,1\n"),
                   tagged(choice(0, 0, 3), "user,item\ncaf\xE9,1\n"),
                   tagged(choice(0, 1, 4), gzipped("user,item\n\x80 5,1\n")), tagged(choice(2), "{}\n"),
                   tagged(choice(0), "\xEF\xBB\xBFuser,item\n1,2\n")},
      .others = {tagged(choice(0, 2), in_zstd(csv).substr(0, 60)), tagged(choice(0, 0, 1), csv + "\xFF")}};
}

// JSON lines: a change of one line's values.
std::string mutated(std::string_view input, std::mt19937_64& random) {
  if (input.empty() || (input[0] & 3) != 2 || (input[0] & 12) != 0) return "";
  const std::string_view text = input.substr(1);
  std::size_t begin = random() % (text.size() + 1);
  begin = begin == 0 ? 0 : text.rfind('\n', begin - 1) + 1;  // npos + 1 is 0
  const std::size_t end = std::min(text.find('\n', begin), text.size());
  const std::string line = changed_json(text.substr(begin, end - begin), random);
  if (line.empty()) return "";
  return std::string(input.substr(0, 1 + begin)) + line + std::string(text.substr(end));
}

void run(std::string_view input) {
  Bytes bytes(input);
  const std::uint8_t choices = bytes.byte();
  const std::size_t format = (choices & 3U) % 3;
  SourceFile source = project(format).sources.at(0);
  source.compression = static_cast<Compression>((choices >> 2 & 3U) % 3);
  source.encoding = static_cast<Encoding>((choices >> 4) % 5);
  MemoryFiles files;
  files.set(source.path, std::string(bytes.rest()));
  parses([&] {
    const std::vector<Seen> all = read_rows(project(format), source, files, {});
    if (all.size() < 2) return;
    // Reading from the middle gives the rest, as after a run that was cut there.
    const std::size_t middle = input.size() % (all.size() - 1);
    const std::vector<Seen> rest = read_rows(project(format), source, files, all[middle].after);
    FUZZ_CHECK(std::equal(rest.begin(), rest.end(), all.begin() + static_cast<std::ptrdiff_t>(middle) + 1,
                          all.end()));
  });
}

}  // namespace weft::fuzz
