#include "storage/sources/column_shapes.h"

#include <simdjson.h>

#include <algorithm>

#include "storage/sources/parquet_reader.h"
#include "storage/sources/row_reader.h"

namespace weft::storage {
namespace {

namespace dom = simdjson::dom;

constexpr std::uint64_t kRowsForShape = 200;
constexpr std::size_t kMaxShapes = 1000;
constexpr int kMaxDepth = 8;

class JsonShapes {
 public:
  void add(const dom::object& object, const std::string& prefix, int depth) {
    for (const dom::key_value_pair pair : object) {
      const std::string name = prefix + std::string(pair.key);
      dom::object inner;
      dom::array list;
      if (pair.value.get_object().get(inner) == simdjson::SUCCESS) {
        // A name with a dot in it could not be told from a way into an object.
        if (depth < kMaxDepth) add(inner, name + ".", depth + 1);
      } else if (pair.value.get_array().get(list) == simdjson::SUCCESS) {
        note(name, of_list(list, name));
      } else {
        note(name, {});
      }
    }
  }
  std::vector<ColumnShape> take() { return std::move(shapes_); }

 private:
  static std::string of_list(const dom::array& list, const std::string& name) {
    for (const dom::element item : list) {
      if (item.is_array()) return "holds lists of lists; " + name + ".0.0 names the first entry of the first";
      dom::object object;
      if (item.get_object().get(object) != simdjson::SUCCESS) continue;
      const std::string key = object.size() == 0 ? "KEY" : std::string((*object.begin()).key);
      return "holds lists of objects; " + name + ".0." + key + " names something in the first entry";
    }
    return {};
  }

  void note(const std::string& name, std::string why_not) {
    const auto known = std::find_if(shapes_.begin(), shapes_.end(),
                                    [&](const ColumnShape& shape) { return shape.name == name; });
    if (known == shapes_.end()) {
      if (shapes_.size() < kMaxShapes) shapes_.push_back({.name = name, .why_not = std::move(why_not)});
    } else if (known->why_not.empty()) {
      known->why_not = std::move(why_not);
    }
  }

  std::vector<ColumnShape> shapes_;
};

std::vector<ColumnShape> json_shapes(RowReader& reader) {
  JsonShapes shapes;
  dom::parser parser{kMaxRowBytes};
  Row row;
  for (std::uint64_t i = 0; i < kRowsForShape && reader.next(row); ++i) {
    dom::object object;
    if (parser.parse(row.raw.data(), row.raw.size(), true).get_object().get(object) == simdjson::SUCCESS)
      shapes.add(object, "", 0);
  }
  std::vector<ColumnShape> found = shapes.take();
  // What is an object in some rows and a value in others is a bad row in one of the two readings.
  for (ColumnShape& shape : found) {
    const bool object = std::any_of(found.begin(), found.end(), [&](const ColumnShape& other) {
      return other.name.starts_with(shape.name + ".");
    });
    if (object && shape.why_not.empty()) shape.why_not = "holds objects in some rows and none in others";
  }
  return found;
}

}  // namespace

std::vector<ColumnShape> column_shapes(const SourceFile& source, Files& files) {
  if (source.format == SourceFormat::kParquet) return ParquetReader(source, {}, files).shapes();
  const auto reader = RowReader::open(source, {}, files);
  if (source.format == SourceFormat::kJsonLines) return json_shapes(*reader);
  std::vector<ColumnShape> shapes;
  const std::vector<std::string> names = reader->known_columns();
  for (const std::string& name : names) {
    const bool twice = std::count(names.begin(), names.end(), name) > 1;
    const bool first = std::none_of(shapes.begin(), shapes.end(),
                                    [&](const ColumnShape& shape) { return shape.name == name; });
    if (!first) continue;
    shapes.push_back({.name = name,
                      .why_not = name.empty() ? "has no name in the header"
                                 : twice      ? "stands in the header more than once; [sources.*] header "
                                                "can give the columns other names"
                                              : ""});
  }
  return shapes;
}

}  // namespace weft::storage
