// Two source files, ingested in bulk and in batches: the same store, quarantine and snapshot, or the same
// error. The first byte chooses formats and what the project asks for, the second memory, threads and how
// large batches are; the files are parted by a byte 0x1E.
// Parser: storage/bulk/batch_runs.cc storage/bulk/bulk_load.cc storage/bulk/chunk.cc
// storage/bulk/numbering.cc storage/bulk/source_text.cc storage/ingest.cc storage/row_mapper.cc
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

#include "base/toml.h"
#include "storage/ingest.h"
#include "storage/project.h"
#include "storage/snapshot_export.h"
#include "storage/verify.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/storage/small_store.h"
#include "tests/support/temp_folder.h"

namespace weft::fuzz {
namespace {

using namespace storage;

constexpr char kParted = '\x1E';
constexpr std::array<const char*, 4> kEndings = {".csv", ".tsv", ".jsonl", ".inter"};

struct Choices {
  std::size_t first = 0, second = 0;  // formats
  bool deletes = false, keeps_duplicates = false, priority = false;
  std::size_t memory = 0, threads = 0, batch_rows = 0;
};

Choices choices_of(std::uint8_t what, std::uint8_t how) {
  return {.first = what & 3U,
          .second = what >> 2 & 3U,
          .deletes = (what >> 4 & 1) != 0,
          .keeps_duplicates = (what >> 5 & 1) != 0,
          .priority = (what >> 6 & 1) != 0,
          .memory = std::size_t{1} << (8 + (how & 15)),
          .threads = 1U + (how >> 4 & 1),
          .batch_rows = std::array{1U, 2U, 7U, 1000U}[how >> 5 & 3]};
}

std::string project_of(const Choices& choices) {
  const std::string sources =
      fmt::format("source = [\"a{}\", \"b{}\"]\n", kEndings[choices.first], kEndings[choices.second]);
  std::string out = "[nodes.user]\n[nodes.item]\n" + sources;
  out +=
      "id = \"item\"\nfields.price = { kind = \"number\" }\nfields.title = { kind = \"text\" }\n"
      "fields.tags = { kind = \"category\", separator = \"|\" }\n"
      "fields.brand = { kind = \"category\", as_node = true }\n";
  if (choices.priority) out += "conflicts = \"priority\"\n";
  out += "[edges.buys]\n" + sources + "from = \"user:user\"\nto = \"item:item\"\nweight = \"weight\"\n" +
         "time = { column = \"time\", unit = \"s\", default = \"7\" }\n";
  if (choices.keeps_duplicates) out += "duplicates = \"keep\"\n";
  if (choices.deletes) {
    out += "delete = { column = \"op\", values = [\"d\", \"1\"] }\n";
  } else {
    out += "[nodes.review]\n" + sources +
           "fields.body = { kind = \"text\" }\nwhere = { body = { present = true } }\n" + "[edges.about]\n" +
           sources + "from = \"review\"\nto = \"item:item\"\nwhere = { body = { present = true } }\n";
  }
  out += "[edges.knows]\n" + sources + "from = \"user:user\"\nto = \"user:op\"\nsymmetric = true\n" +
         "where = { op = [\"ann\", \"bob\", \"cy\"] }\n[clean]\nmax_bad_rows = 1\nmissing = [\"n/a\"]\n";
  return out;
}

struct Outcome {
  std::string error = {}, store = {}, entries = {};
  std::uint64_t snapshot = 0;
  bool operator==(const Outcome&) const = default;
};

Outcome ingested(const std::string& toml, const std::filesystem::path& folder, const IngestOptions& options) {
  TomlFile file = TomlFile::parse(toml, "fuzz.toml");
  file.set("project.workspace=" + (folder / "w").string());
  const Project project = read_project(file, folder / "fuzz.toml");
  std::filesystem::remove_all(project.workspace.folder);
  GraphStore store = GraphStore::open(project.workspace.store(), project.schema,
                                      {.sync = Sync::kNever, .write_buffer_bytes = std::size_t{1} << 20});
  Outcome out;
  try {
    ingest(project, store, options);
  } catch (const Error& error) {
    out.error = error.what();
  }
  FUZZ_CHECK(verify_store(store).ok());
  out.store = dump(store);
  for (const LedgerEntry& entry : store.ledger())
    out.entries += fmt::format("{} {} {} {:x} {} {} {} {:x}\n", entry.source, entry.name, entry.bytes,
                               entry.prefix_hash, entry.lines, entry.rows, entry.bad_rows, entry.fingerprint);
  store.visit_quarantine([&](const QuarantinedRow& row) {
    out.entries += fmt::format("{} {} {} {} {} {}\n", row.source, row.offset, row.line, row.reason,
                               row.detail, row.excerpt);
    return true;
  });
  if (out.error.empty()) out.snapshot = export_snapshot(store, project.workspace, folder).info.checksum;
  return out;
}

}  // namespace

Seeds seeds() {
  const std::string csv =
      "user,item,time,weight,price,title,tags,brand,body,op\n"
      "ann,a1,100,1.5,9.99,\"A \"\"big\"\" chair,\nwith arms\",red|blue,Acme,Good,bob\n"
      "bob,a2,,2,n/a,Stool,,,,\r\n"
      "ann,a1,100,1.5,9.99,\"A \"\"big\"\" chair,\nwith arms\",red|blue,Acme,Good,bob\n"
      "ann,a1,50,0,9.5,Other,blue,Acme,,d\n"
      "cy,,1,1,1,bad,,,,\n"
      "cy,a3,-5,0,1e3,x,a,b,\"cut off\",ann";
  std::string tabs = csv;
  std::replace(tabs.begin(), tabs.end(), ',', '\t');
  const std::string json =
      R"({"user": "ann", "item": "a1", "time": 100, "weight": 1.5, "price": 3, "tags": ["x", "y"], "body": "b"})"
      "\n"
      R"({"user": "dan", "item": "a9", "time": 7, "brand": "Acme", "title": "T", "op": "ann"})"
      "\n"
      R"({"user": "ann", "item": "a1", "time": 120, "op": "d"})"
      "\n{\"user\": \n\n"
      R"({"user": "ann", "item": "a1", "time": 110, "weight": 2})";
  const std::string parted(1, kParted);
  const auto seed = [&](int what, int how, const std::string& a, const std::string& b) {
    return tagged(what, tagged(how, a + parted + b));
  };
  return {
      .accepted = {seed(0 | 2 << 2, 0x12, csv, json), seed(2 | 0 << 2 | 16, 0x30, json, csv),
                   seed(1 | 2 << 2 | 32, 0x57, tabs, json),
                   seed(2 | 2 << 2 | 64, 0x7F, json, json + "\n" + json),
                   seed(0 | 0 << 2 | 16 | 64, 0x04, csv, csv)},
      .others = {seed(0, 0, "", ""), seed(0, 0x12, "user,item\n", csv), seed(3 | 3 << 2, 0x12, tabs, tabs)}};
}

// Cells of delimited text: another one's in its place; or lines, moved or doubled.
std::string mutated(std::string_view input, std::mt19937_64& random) {
  if (input.size() < 3) return "";
  std::string out(input);
  const auto line_at = [&](std::size_t near) {
    const std::size_t begin = near < 3 ? std::string::npos : out.rfind('\n', near - 1);
    const std::size_t from = begin == std::string::npos ? 2 : std::max<std::size_t>(begin + 1, 2);
    const std::size_t end = std::min(out.find('\n', from), out.size());
    return std::pair(from, end - from);
  };
  const auto cell_at = [&](std::size_t near) {
    constexpr std::string_view kEnds = ",\t\n:\x1E";
    const std::size_t begin = near < 3 ? std::string::npos : out.find_last_of(kEnds, near - 1);
    const std::size_t from = begin == std::string::npos ? 2 : std::max<std::size_t>(begin + 1, 2);
    const std::size_t end = std::min(out.find_first_of(kEnds, from), out.size());
    return std::pair(from, end - from);
  };
  for (std::uint64_t changes = 1 + random() % 3; changes > 0 && out.size() > 2; --changes) {
    const std::size_t a = 2 + random() % (out.size() - 2), b = 2 + random() % (out.size() - 2);
    const bool lines = random() % 3 == 0;
    const auto [from, length] = lines ? line_at(a) : cell_at(a);
    const auto [other, other_length] = lines ? line_at(b) : cell_at(b);
    const std::string piece = out.substr(other, other_length);
    if (lines && random() % 2 == 0)
      out.insert(from, piece + "\n");
    else
      out.replace(from, length, piece);
    if (random() % 4 == 0) out[random() % 2] = static_cast<char>(random());
  }
  return out;
}

void run(std::string_view input) {
  static const test::TempFolder folder(test::in_memory());
  Bytes bytes(input);
  const std::uint8_t what = bytes.byte(), how = bytes.byte();
  const Choices choices = choices_of(what, how);
  const std::string_view rest = bytes.rest();
  const std::size_t parted = std::min(rest.find(kParted), rest.size());
  const auto a = folder / (std::string("a") + kEndings[choices.first]);
  const auto b = folder / (std::string("b") + kEndings[choices.second]);
  write_file(a, rest.substr(0, parted));
  write_file(b, rest.substr(std::min(parted + 1, rest.size())));
  const std::string toml = project_of(choices);
  const IngestOptions in_bulk{.bulk_from_bytes = 0, .memory = choices.memory, .threads = choices.threads};
  const IngestOptions in_batches{
      .batch_rows = choices.batch_rows, .bulk_from_bytes = ~std::uint64_t{0}, .threads = 1};
  Outcome bulk;
  parses([&] {
    bulk = ingested(toml, folder.path(), in_bulk);
    if (!bulk.error.empty()) throw Error(bulk.error);
  });
  const Outcome batches = ingested(toml, folder.path(), in_batches);
  if (!(bulk == batches))
    std::fprintf(stderr, "in bulk: %s\n%s%s\nin batches: %s\n%s%s\n", bulk.error.c_str(), bulk.store.c_str(),
                 bulk.entries.c_str(), batches.error.c_str(), batches.store.c_str(), batches.entries.c_str());
  FUZZ_CHECK(bulk == batches);
}

}  // namespace weft::fuzz
