#include "storage/sources/json_object.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <deque>
#include <optional>

#include "storage/sources/column_path.h"

namespace weft::storage {
namespace {

namespace dom = simdjson::dom;

constexpr std::uint64_t kRowsForKnownKeys = 100;
constexpr std::size_t kMaxKnownKeys = 1000;

}  // namespace

struct JsonObjectReader::Parser {
  dom::parser parser{kMaxRowBytes};
  std::string padded;
  std::vector<std::vector<std::string>> paths;       // [wanted] parts of the dotted path
  std::vector<std::vector<std::string_view>> items;  // [wanted]
  std::deque<std::string> numbers;                   // texts of the row's numbers
  std::size_t numbers_used = 0;

  std::string_view number_text(std::string text) {
    if (numbers_used == numbers.size()) numbers.emplace_back();
    numbers[numbers_used] = std::move(text);
    return numbers[numbers_used++];
  }

  // The text of a string, number or boolean; nothing for objects and arrays.
  std::optional<std::string_view> scalar(const dom::element& value) {
    switch (value.type()) {
      case dom::element_type::STRING:
        return value.get_string().value_unsafe();
      case dom::element_type::INT64:
        return number_text(fmt::format("{}", value.get_int64().value_unsafe()));
      case dom::element_type::UINT64:
        return number_text(fmt::format("{}", value.get_uint64().value_unsafe()));
      case dom::element_type::DOUBLE:
        return number_text(fmt::format("{}", value.get_double().value_unsafe()));
      case dom::element_type::BOOL:
        return value.get_bool().value_unsafe() ? "true" : "false";
      default:
        return std::nullopt;
    }
  }

  // True if the column is there (null counts).
  static bool find(const dom::object& object, const std::string& name, const std::vector<std::string>& path,
                   dom::element& value) {
    if (object.at_key(name).get(value) == simdjson::SUCCESS) return true;
    if (path.size() < 2) return false;
    if (object.at_key(path[0]).get(value) != simdjson::SUCCESS) return false;
    return std::all_of(path.begin() + 1, path.end(),
                       [&](const std::string& part) { return step(value, part); });
  }

  // Into the object's value of that name, or the list's entry of that number (from 0).
  static bool step(dom::element& at, const std::string& part) {
    dom::array array;
    if (at.get_array().get(array) == simdjson::SUCCESS) {
      const auto entry = list_entry(part);
      return entry && array.at(*entry).get(at) == simdjson::SUCCESS;
    }
    return at.at_key(part).get(at) == simdjson::SUCCESS;
  }

  // False, with what is wrong, if the value is none that a cell can hold.
  bool fill(const dom::element& value, std::vector<std::string_view>& list, Cell& cell, const char*& wrong) {
    if (value.is_null()) return true;
    dom::array array;
    if (value.get_array().get(array) == simdjson::SUCCESS) {
      list.clear();
      for (const dom::element item : array) {
        if (item.is_null()) continue;
        const auto text = scalar(item);
        if (!text) {
          wrong = "is a list of lists or objects";
          return false;
        }
        if (!text->empty()) list.push_back(*text);
      }
      cell.is_list = true;
      cell.items = list;
      cell.present = !list.empty();
      return true;
    }
    const auto text = scalar(value);
    if (!text) {
      wrong = "is an object";
      return false;
    }
    cell.text = *text;
    cell.present = !text->empty();
    return true;
  }
};

JsonObjectReader::JsonObjectReader(std::vector<std::string> columns)
    : columns_(std::move(columns)), parser_(std::make_unique<Parser>()), seen_(columns_.size(), 0) {
  for (const std::string& column : columns_) parser_->paths.push_back(column_parts(column));
  parser_->items.resize(columns_.size());
}

JsonObjectReader::~JsonObjectReader() = default;

std::vector<std::size_t> JsonObjectReader::missing_columns() const {
  std::vector<std::size_t> missing;
  for (std::size_t i = 0; i < seen_.size(); ++i) {
    if (seen_[i] == 0) missing.push_back(i);
  }
  return missing;
}

JsonObjectReader::Outcome JsonObjectReader::read(std::string_view text, std::span<Cell> cells, Row& row) {
  const auto bad = [&](std::string reason, std::string detail) {
    row.bad_reason = std::move(reason);
    row.bad_detail = std::move(detail);
    return Outcome::kBad;
  };
  // simdjson reads past the end of its input: the row goes where there is room.
  std::string& padded = parser_->padded;
  padded.assign(text);
  padded.reserve(text.size() + simdjson::SIMDJSON_PADDING);
  parser_->numbers_used = 0;
  dom::element document;
  const simdjson::error_code error = parser_->parser.parse(padded.data(), padded.size(), false).get(document);
  if (error == simdjson::UTF8_ERROR) return Outcome::kNotUtf8;
  if (error != simdjson::SUCCESS) return bad("invalid JSON", simdjson::error_message(error));
  dom::object object;
  if (document.get_object().get(object) != simdjson::SUCCESS)
    return bad("invalid JSON", "the line is no object");
  if (rows_++ < kRowsForKnownKeys) {
    for (const dom::key_value_pair pair : object) {
      if (known_.size() >= kMaxKnownKeys) break;
      if (std::find(known_.begin(), known_.end(), pair.key) == known_.end()) known_.emplace_back(pair.key);
    }
  }
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    cells[i] = {};
    dom::element value;
    if (!Parser::find(object, columns_[i], parser_->paths[i], value)) continue;
    seen_[i] = 1;
    const char* wrong = "";
    if (!parser_->fill(value, parser_->items[i], cells[i], wrong))
      return bad("wrong type", fmt::format("'{}' {}", columns_[i], wrong));
  }
  return Outcome::kGood;
}

}  // namespace weft::storage
