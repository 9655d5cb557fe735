#include "storage/sources/arrow_cells.h"

#include <arrow/api.h>
#include <fmt/format.h>
#include <simdjson.h>

#include <cmath>
#include <optional>
#include <stdexcept>

#include "storage/sources/column_path.h"
#include "storage/values.h"

namespace weft::storage {
namespace {

constexpr std::string_view kNotUtf8 = "invalid UTF-8";

template <typename Array>
auto value(const arrow::Array& array, std::int64_t row) {
  return static_cast<const Array&>(array).Value(row);
}

std::optional<std::string> number_text(const arrow::Array& array, std::int64_t row) {
  const auto real = [](auto number) {
    return std::isnan(number) ? std::string() : fmt::format("{}", number);
  };
  switch (array.type_id()) {
    case arrow::Type::BOOL:
      return value<arrow::BooleanArray>(array, row) ? "true" : "false";
    case arrow::Type::INT8:
      return std::to_string(value<arrow::Int8Array>(array, row));
    case arrow::Type::UINT8:
      return std::to_string(value<arrow::UInt8Array>(array, row));
    case arrow::Type::INT16:
      return std::to_string(value<arrow::Int16Array>(array, row));
    case arrow::Type::UINT16:
      return std::to_string(value<arrow::UInt16Array>(array, row));
    case arrow::Type::INT32:
      return std::to_string(value<arrow::Int32Array>(array, row));
    case arrow::Type::UINT32:
      return std::to_string(value<arrow::UInt32Array>(array, row));
    case arrow::Type::INT64:
      return std::to_string(value<arrow::Int64Array>(array, row));
    case arrow::Type::UINT64:
      return std::to_string(value<arrow::UInt64Array>(array, row));
    case arrow::Type::FLOAT:
      return real(value<arrow::FloatArray>(array, row));
    case arrow::Type::DOUBLE:
      return real(value<arrow::DoubleArray>(array, row));
    case arrow::Type::DECIMAL128:
      return static_cast<const arrow::Decimal128Array&>(array).FormatValue(row);
    case arrow::Type::DECIMAL256:
      return static_cast<const arrow::Decimal256Array&>(array).FormatValue(row);
    default:
      return std::nullopt;
  }
}

// Towards the past, as the time of a text with more digits is cut.
std::int64_t divided(std::int64_t number, std::int64_t by) {
  return number / by - (number % by < 0 ? 1 : 0);
}

std::int64_t in_ms(std::int64_t time, arrow::TimeUnit::type unit) {
  switch (unit) {
    case arrow::TimeUnit::SECOND: {
      std::int64_t ms = 0;
      // Out of any calendar: time_text() of it is refused where a time is wanted.
      return __builtin_mul_overflow(time, std::int64_t{1000}, &ms) ? (time < 0 ? INT64_MIN + 1 : INT64_MAX)
                                                                   : ms;
    }
    case arrow::TimeUnit::MILLI:
      return time;
    case arrow::TimeUnit::MICRO:
      return divided(time, 1000);
    case arrow::TimeUnit::NANO:
      break;
  }
  return divided(time, 1'000'000);
}

std::optional<std::string> time_text_of(const arrow::Array& array, std::int64_t row) {
  switch (array.type_id()) {
    case arrow::Type::DATE32:
      return time_text(std::int64_t{value<arrow::Date32Array>(array, row)} * 86'400'000).substr(0, 10);
    case arrow::Type::DATE64:
      return time_text(value<arrow::Date64Array>(array, row)).substr(0, 10);
    case arrow::Type::TIMESTAMP:
      return time_text(in_ms(value<arrow::TimestampArray>(array, row),
                             static_cast<const arrow::TimestampType&>(*array.type()).unit()));
    default:
      return std::nullopt;
  }
}

std::optional<std::string_view> stored_text(const arrow::Array& array, std::int64_t row) {
  switch (array.type_id()) {
    case arrow::Type::STRING:
    case arrow::Type::BINARY:
      return static_cast<const arrow::BinaryArray&>(array).GetView(row);
    case arrow::Type::LARGE_STRING:
    case arrow::Type::LARGE_BINARY:
      return static_cast<const arrow::LargeBinaryArray&>(array).GetView(row);
    case arrow::Type::STRING_VIEW:
    case arrow::Type::BINARY_VIEW:
      return static_cast<const arrow::BinaryViewArray&>(array).GetView(row);
    case arrow::Type::FIXED_SIZE_BINARY:
      return static_cast<const arrow::FixedSizeBinaryArray&>(array).GetView(row);
    default:
      return std::nullopt;
  }
}

bool is_list(const arrow::DataType& type) {
  return type.id() == arrow::Type::LIST || type.id() == arrow::Type::LARGE_LIST ||
         type.id() == arrow::Type::FIXED_SIZE_LIST;
}

struct Items {
  std::shared_ptr<arrow::Array> values = {};
  std::int64_t begin = 0, end = 0;
};

std::optional<Items> items_of(const arrow::Array& array, std::int64_t row) {
  const auto items = [&](const auto& list) {
    return Items{list.values(), list.value_offset(row), list.value_offset(row) + list.value_length(row)};
  };
  switch (array.type_id()) {
    case arrow::Type::LIST:
      return items(static_cast<const arrow::ListArray&>(array));
    case arrow::Type::LARGE_LIST:
      return items(static_cast<const arrow::LargeListArray&>(array));
    case arrow::Type::FIXED_SIZE_LIST:
      return items(static_cast<const arrow::FixedSizeListArray&>(array));
    default:
      return std::nullopt;
  }
}

// The array and row that a value lies in; dictionaries resolved. No array: no value.
struct Place {
  std::shared_ptr<arrow::Array> owner = {};  // of `array`, unless it is the column itself
  const arrow::Array* array = nullptr;
  std::int64_t row = 0;
};

void through_dictionary(Place& place) {
  while (place.array != nullptr && !place.array->IsNull(place.row) &&
         place.array->type_id() == arrow::Type::DICTIONARY) {
    const auto& coded = static_cast<const arrow::DictionaryArray&>(*place.array);
    place.row = coded.GetValueIndex(place.row);
    place.owner = coded.dictionary();
    place.array = place.owner.get();
  }
  if (place.array != nullptr && place.array->IsNull(place.row)) place.array = nullptr;
}

void step_into(Place& place, std::int64_t step) {
  std::shared_ptr<arrow::Array> inner;
  if (place.array->type_id() == arrow::Type::STRUCT) {
    inner = static_cast<const arrow::StructArray&>(*place.array).field(static_cast<int>(step));
  } else if (const auto items = items_of(*place.array, place.row)) {
    if (step < items->end - items->begin) {
      inner = items->values;
      place.row = items->begin + step;
    }
  }
  place.owner = std::move(inner);
  place.array = place.owner.get();
  through_dictionary(place);
}

}  // namespace

bool resolve_path(const arrow::DataType& type, const std::vector<std::string>& parts, std::size_t first,
                  ArrowPath& path) {
  if (first == parts.size()) return true;
  const std::string& part = parts[first];
  if (type.id() == arrow::Type::STRUCT) {
    const int field = static_cast<const arrow::StructType&>(type).GetFieldIndex(part);
    if (field < 0) return false;
    path.steps.push_back(field);
    return resolve_path(*type.field(field)->type(), parts, first + 1, path);
  }
  const auto entry = list_entry(part);
  if (!is_list(type) || !entry || *entry > INT32_MAX) return false;
  path.steps.push_back(static_cast<std::int64_t>(*entry));
  return resolve_path(*type.field(0)->type(), parts, first + 1, path);
}

namespace {

// What keeps a single value of the type from being a text; empty if nothing does.
std::string no_text(const arrow::DataType& type) {
  switch (type.id()) {
    case arrow::Type::MAP:
      return "holds maps, which are not read";
    case arrow::Type::TIME32:
    case arrow::Type::TIME64:
      return "holds times of day without a date, which are not read";
    case arrow::Type::DICTIONARY:
      return no_text(*static_cast<const arrow::DictionaryType&>(type).value_type());
    case arrow::Type::NA:
    case arrow::Type::BOOL:
    case arrow::Type::STRING_VIEW:
    case arrow::Type::LARGE_STRING:
    case arrow::Type::BINARY_VIEW:
    case arrow::Type::LARGE_BINARY:
    case arrow::Type::FIXED_SIZE_BINARY:
    case arrow::Type::DATE32:
    case arrow::Type::DATE64:
    case arrow::Type::TIMESTAMP:
    case arrow::Type::DECIMAL128:
    case arrow::Type::DECIMAL256:
      return {};
    default:
      break;
  }
  const bool number = (type.id() >= arrow::Type::UINT8 && type.id() <= arrow::Type::INT64) ||
                      type.id() == arrow::Type::FLOAT || type.id() == arrow::Type::DOUBLE;
  const bool text = type.id() == arrow::Type::STRING || type.id() == arrow::Type::BINARY;
  return number || text ? "" : "is of the type " + type.ToString() + ", which is not read";
}

bool is_bytes(const arrow::DataType& type) {
  return type.id() == arrow::Type::BINARY || type.id() == arrow::Type::LARGE_BINARY ||
         type.id() == arrow::Type::BINARY_VIEW || type.id() == arrow::Type::FIXED_SIZE_BINARY;
}

}  // namespace

void add_shapes(const std::string& name, const arrow::DataType& type, std::vector<ColumnShape>& shapes) {
  if (type.id() == arrow::Type::STRUCT) {
    for (const auto& field : type.fields()) add_shapes(name + "." + field->name(), *field->type(), shapes);
    return;
  }
  const arrow::DataType& value = is_list(type) ? *type.field(0)->type() : type;
  ColumnShape shape{.name = name, .why_not = no_text(value), .bytes = is_bytes(value)};
  if (is_list(type) && (value.id() == arrow::Type::STRUCT || is_list(value)))
    shape.why_not = "holds lists of " + std::string(is_list(value) ? "lists" : "objects") + "; " + name +
                    ".0" + (is_list(value) ? "" : "." + value.field(0)->name()) +
                    " names something in the first entry";
  shapes.push_back(std::move(shape));
}

bool ArrowCell::text_of(const arrow::Array& array, std::int64_t row, std::string_view& text) {
  if (const auto stored = stored_text(array, row)) {
    if (!simdjson::validate_utf8(stored->data(), stored->size()))
      throw std::invalid_argument(std::string(kNotUtf8));
    text = *stored;
    return !text.empty();
  }
  auto made = number_text(array, row);
  if (!made) made = time_text_of(array, row);
  if (!made) {
    throw std::invalid_argument(array.type_id() == arrow::Type::STRUCT || array.type_id() == arrow::Type::MAP
                                    ? "is an object"
                                    : "is of the type " + array.type()->ToString());
  }
  if (used_ == made_.size()) made_.emplace_back();
  made_[used_] = std::move(*made);
  text = made_[used_++];
  return !text.empty();
}

std::string_view ArrowCell::fill(const arrow::Array& array, std::int64_t row, const ArrowPath& path,
                                 Cell& cell) {
  cell = {};
  used_ = 0;
  Place place{.array = &array, .row = row};
  through_dictionary(place);
  for (const std::int64_t step : path.steps) {
    if (place.array == nullptr) return {};
    step_into(place, step);
  }
  if (place.array == nullptr || place.array->type_id() == arrow::Type::NA) return {};
  try {
    const auto items = items_of(*place.array, place.row);
    if (!items) {
      cell.present = text_of(*place.array, place.row, cell.text);
      return {};
    }
    items_.clear();
    for (std::int64_t i = items->begin; i < items->end; ++i) {
      Place item{.owner = items->values, .array = items->values.get(), .row = i};
      through_dictionary(item);
      if (item.array == nullptr || item.array->type_id() == arrow::Type::NA) continue;
      if (items_of(*item.array, item.row)) return "is a list of lists or objects";
      std::string_view text;
      if (text_of(*item.array, item.row, text)) items_.push_back(text);
    }
    cell.is_list = true;
    cell.items = items_;
    cell.present = !items_.empty();
    return {};
  } catch (const std::invalid_argument& wrong) {
    if (used_ == made_.size()) made_.emplace_back();
    made_[used_] = wrong.what();
    return made_[used_++];
  }
}

}  // namespace weft::storage
