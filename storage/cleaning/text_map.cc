#include "storage/cleaning/text_map.h"

#include <fmt/format.h>

#include "base/strings.h"
#include "storage/sources/row_reader.h"

namespace weft::storage {

const std::string* TextMap::find(std::string_view from) const {
  const auto found = texts_.find(from);
  return found == texts_.end() ? nullptr : &found->second;
}

bool TextMap::add(std::string from, std::string to) {
  Hasher64 pair;
  pair.update_field(from);
  pair.update_field(to);
  const auto [at, added] = texts_.try_emplace(std::move(from), to);
  if (added) sums_.push_back(fingerprint() + pair.digest());
  return at->second == to;
}

namespace {

void read_table(TextMap& map, const TomlSection& pairs) {
  for (const std::string& from : pairs.keys()) {
    const std::vector<std::string> to = pairs.get_texts(from);
    if (to.size() != 1 || to[0].empty()) pairs.fail(from, "is no text", "the text that takes its place");
    map.add(from, to[0]);
  }
}

void read_rows(TextMap& map, const SourceFile& source, const TomlSection& section, std::string_view key,
               Files& files) {
  std::vector<std::string> columns = RowReader::open(source, {}, files)->known_columns();
  if (columns.size() < 2) {
    section.fail(key, fmt::format("'{}' has {} columns", source.name, columns.size()),
                 "a header row and two columns: a text, and the text that takes its place");
  }
  columns.resize(2);
  const auto reader = RowReader::open(source, columns, files);
  Row row;
  while (reader->next(row)) {
    const auto fail = [&](const std::string& what, const std::string& expected) {
      throw Error(what,
                  {.file = source.path.string(),
                   .line = row.line,
                   .field = section.where(key).field,
                   .value = excerpt(row.raw, 80),
                   .expected = expected},
                  ErrorKind::kUsage);
    };
    if (!row.bad_reason.empty()) fail(row.bad_reason, "a row of " + join(columns));
    if (!row.cells[0].present || !row.cells[1].present) fail("a text is empty", "two texts");
    if (!map.add(std::string(row.cells[0].text), std::string(row.cells[1].text)))
      fail(fmt::format("'{}' has another text already", excerpt(row.cells[0].text)), "each text once");
  }
}

}  // namespace

std::shared_ptr<const TextMap> read_text_map(const TomlSection& section, std::string_view key,
                                             const SourceResolver& resolver, Files& files) {
  auto map = std::make_shared<TextMap>();
  if (section.is_table(key)) {
    read_table(*map, section.section(key));
    return map;
  }
  const SourceFile source = resolver.file(section, key);
  if (source.format != SourceFormat::kCsv && source.format != SourceFormat::kTabs) {
    section.fail(key, fmt::format("'{}' is no delimited text", source.name),
                 "a table of pairs, or a CSV or tab-separated file with two columns");
  }
  if (resolver.must_exist() || std::filesystem::exists(source.path))
    read_rows(*map, source, section, key, files);
  return map;
}

}  // namespace weft::storage
