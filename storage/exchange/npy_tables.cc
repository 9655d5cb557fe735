// Exported tables as NumPy's arrays, and JSON lines for what is no number: docs/exchange.md.
#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/mapped_file.h"
#include "base/npy.h"
#include "storage/exchange/exchange_tables.h"

namespace weft::storage {
namespace {

using nlohmann::json;

constexpr std::size_t kPiece = 1 << 20;

std::vector<std::size_t> shape_of(std::uint64_t rows, std::uint64_t lines) {
  return lines == 1 ? std::vector<std::size_t>{rows} : std::vector<std::size_t>{lines, rows};
}

// Collects small pieces and writes large ones.
class Output {
 public:
  Output(const ExchangeFolder& folder, const std::string& name)
      : file_(folder.files.create(folder.path / name)) {}
  void append(std::string_view bytes) {
    waiting_ += bytes;
    if (waiting_.size() >= kPiece) flush();
  }
  void finish() {
    flush();
    file_->sync();
    file_->close();
  }

 private:
  void flush() {
    file_->append(std::string_view(waiting_));
    waiting_.clear();
  }
  std::unique_ptr<WritableFile> file_;
  std::string waiting_;
};

// `value(row)` for each row, as one array of T.
template <typename T, typename Value>
std::string write_array(const ExchangeFolder& folder, const std::string& name, std::uint64_t rows,
                        Value value, std::uint64_t lines = 1) {
  Output out(folder, name);
  out.append(npy_header(npy_type<T>(), shape_of(rows, lines)));
  for (std::uint64_t row = 0; row < rows * lines; ++row) {
    const T item = value(row);
    out.append({reinterpret_cast<const char*>(&item), sizeof(item)});
  }
  out.finish();
  return name;
}

template <typename Value>
std::string write_lines(const ExchangeFolder& folder, const std::string& name, std::uint64_t rows,
                        Value value) {
  Output out(folder, name);
  for (std::uint64_t row = 0; row < rows; ++row) out.append(value(row).dump() + "\n");
  out.finish();
  return name;
}

[[noreturn]] void unfit(const std::filesystem::path& path, const std::string& expected) {
  throw Error("is not what `weft export` wrote for this schema",
              {.file = path.string(), .expected = expected});
}

template <typename T>
std::vector<T> read_array(const ExchangeFolder& folder, const std::string& name, std::uint64_t rows,
                          std::uint64_t lines = 1) {
  const auto path = folder.path / name;
  const NpyFile file = NpyFile::open(path, folder.files);
  if (file.type() != npy_type<T>() || file.shape() != shape_of(rows, lines))
    unfit(path, fmt::format("an array {} of {} x {}", npy_type<T>(), lines, rows));
  return file.values<T>();
}

// Calls put(value, row) with each line's JSON.
template <typename Put>
void read_lines(const ExchangeFolder& folder, const std::string& name, std::uint64_t rows, Put put) {
  const auto path = folder.path / name;
  const MappedFile map = folder.files.map(path);
  std::string_view text = map.text();
  for (std::uint64_t row = 0; row < rows; ++row) {
    const std::size_t end = text.find('\n');
    const json value = end == std::string_view::npos ? json(json::value_t::discarded)
                                                     : json::parse(text.substr(0, end), nullptr, false);
    if (value.is_discarded() || !put(value, row))
      unfit(path, fmt::format("another value in line {} (of {})", row + 1, rows));
    text.remove_prefix(end + 1);
  }
  if (!text.empty()) unfit(path, fmt::format("{} lines", rows));
}

std::string field_name(const std::string& stem, std::size_t field, const graph::Field& of) {
  return fmt::format("{}.field_{}.{}", stem, field, of.kind == graph::FieldKind::kNumber ? "npy" : "jsonl");
}

json to_json(const graph::FieldValue& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* categories = std::get_if<std::vector<std::string>>(&value)) return *categories;
  if (const auto* media = std::get_if<graph::MediaValue>(&value))
    return {{"path", media->path}, {"content_hash", media->content_hash}};
  return nullptr;
}

// False if it is of another kind.
bool from_json(const json& in, graph::FieldKind kind, graph::FieldValue& out) {
  if (in.is_null()) return true;
  if (kind == graph::FieldKind::kText) {
    if (in.is_string()) out = in.get<std::string>();
    return in.is_string();
  }
  if (kind == graph::FieldKind::kCategory) {
    if (!in.is_array()) return false;
    std::vector<std::string> categories;
    for (const json& each : in) {
      if (!each.is_string()) return false;
      categories.push_back(each.get<std::string>());
    }
    out = std::move(categories);
    return true;
  }
  const auto path = in.find("path"), hash = in.find("content_hash");
  if (!in.is_object() || path == in.end() || hash == in.end() || !path->is_string() || !hash->is_string())
    return false;
  out = graph::MediaValue{path->get<std::string>(), hash->get<std::string>()};
  return true;
}

}  // namespace

std::vector<std::string> write_npy_nodes(const ExchangeFolder& folder, const std::string& stem,
                                         const graph::Snapshot& snapshot, graph::NodeTypeId type) {
  const std::uint64_t rows = snapshot.node_count(type);
  const auto node = [](std::uint64_t row) { return static_cast<graph::NodeId>(row); };
  std::vector<std::string> names;
  names.push_back(write_lines(folder, stem + ".id.jsonl", rows, [&](std::uint64_t row) {
    return json(snapshot.external_id({type, node(row)}));
  }));
  names.push_back(write_array<std::int64_t>(folder, stem + ".first_seen.npy", rows, [&](std::uint64_t row) {
    return snapshot.first_seen(type)[row];
  }));
  names.push_back(write_array<std::uint64_t>(
      folder, stem + ".event.npy", rows, [&](std::uint64_t row) { return snapshot.node_events(type)[row]; }));
  const auto& fields = snapshot.schema().node_type(type).fields;
  for (std::size_t field = 0; field < fields.size(); ++field) {
    const std::string name = field_name(stem, field, fields[field]);
    if (fields[field].kind == graph::FieldKind::kNumber) {
      const graph::NumberColumn numbers = snapshot.numbers(type, field);
      names.push_back(
          write_array<double>(folder, name, rows, [&](std::uint64_t row) { return numbers[row]; }));
    } else {
      names.push_back(write_lines(folder, name, rows, [&](std::uint64_t row) {
        return to_json(field_of(snapshot, type, field, node(row)));
      }));
    }
  }
  return names;
}

std::vector<std::string> write_npy_edges(const ExchangeFolder& folder, const std::string& stem,
                                         const graph::Snapshot& snapshot, graph::EdgeTypeId type) {
  const graph::EdgeType& edge_type = snapshot.schema().edge_type(type);
  const graph::CsrView csr = snapshot.outgoing(type);
  const graph::EdgeColumns columns = snapshot.edge_columns(type);
  const std::vector<graph::NodeId> from = snapshot.edge_rows(type);
  const std::uint64_t rows = from.size();
  std::vector<std::string> names;
  names.push_back(write_array<std::int64_t>(
      folder, stem + ".index.npy", rows,
      [&](std::uint64_t at) {
        return static_cast<std::int64_t>(at < rows ? from[at] : csr.targets[at - rows]);
      },
      2));
  if (edge_type.timed) {
    names.push_back(write_array<std::int64_t>(folder, stem + ".time.npy", rows,
                                              [&](std::uint64_t row) { return csr.times[row]; }));
  }
  if (edge_type.weighted) {
    names.push_back(write_array<float>(folder, stem + ".weight.npy", rows,
                                       [&](std::uint64_t row) { return columns.weights[row]; }));
  }
  names.push_back(write_array<std::uint64_t>(folder, stem + ".event.npy", rows,
                                             [&](std::uint64_t row) { return columns.events[row]; }));
  names.push_back(write_array<std::uint16_t>(folder, stem + ".file.npy", rows,
                                             [&](std::uint64_t row) { return columns.sources[row]; }));
  return names;
}

graph::NodeTable read_npy_nodes(const ExchangeFolder& folder, const std::string& stem,
                                const graph::NodeType& type, std::uint64_t rows) {
  graph::NodeTable out;
  // An array first: it is as long as its file, so that no more rows are made room for than there are.
  out.first_seen = read_array<std::int64_t>(folder, stem + ".first_seen.npy", rows);
  out.external_ids.resize(rows);
  read_lines(folder, stem + ".id.jsonl", rows, [&](const json& value, std::uint64_t row) {
    if (value.is_string()) out.external_ids[row] = value.get<std::string>();
    return value.is_string();
  });
  out.events = read_array<std::uint64_t>(folder, stem + ".event.npy", rows);
  for (std::size_t field = 0; field < type.fields.size(); ++field) {
    std::vector<graph::FieldValue>& values = out.fields.emplace_back(rows);
    const std::string name = field_name(stem, field, type.fields[field]);
    if (type.fields[field].kind == graph::FieldKind::kNumber) {
      const std::vector<double> numbers = read_array<double>(folder, name, rows);
      for (std::uint64_t row = 0; row < rows; ++row) {
        if (!std::isnan(numbers[row])) values[row] = numbers[row];
      }
    } else {
      read_lines(folder, name, rows, [&](const json& value, std::uint64_t row) {
        return from_json(value, type.fields[field].kind, values[row]);
      });
    }
  }
  return out;
}

graph::EdgeList read_npy_edges(const ExchangeFolder& folder, const std::string& stem,
                               const graph::EdgeType& type, std::uint64_t rows) {
  const std::vector<std::int64_t> index = read_array<std::int64_t>(folder, stem + ".index.npy", rows, 2);
  const auto ends = [&](std::uint64_t first) {
    std::vector<graph::NodeId> out(rows);
    for (std::uint64_t i = 0; i < rows; ++i) {
      const std::int64_t node = index[first + i];
      if (node < 0 || node >= graph::kNoNode) unfit(folder.path / (stem + ".index.npy"), "dense ids");
      out[i] = static_cast<graph::NodeId>(node);
    }
    return out;
  };
  graph::EdgeList out;
  out.from = ends(0);
  out.to = ends(rows);
  if (type.timed) out.times = read_array<std::int64_t>(folder, stem + ".time.npy", rows);
  if (type.weighted) out.weights = read_array<float>(folder, stem + ".weight.npy", rows);
  out.events = read_array<std::uint64_t>(folder, stem + ".event.npy", rows);
  out.sources = read_array<std::uint16_t>(folder, stem + ".file.npy", rows);
  return out;
}

}  // namespace weft::storage
