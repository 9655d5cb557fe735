#include "tools/embedding_files.h"

#include <arrow/api.h>
#include <arrow/io/file.h>
#include <fmt/format.h>
#include <parquet/arrow/writer.h>
#include <unistd.h>

#include <cerrno>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/files.h"
#include "base/npy.h"

namespace weft::tools {
namespace {

void check(const arrow::Status& status, const std::filesystem::path& file) {
  if (!status.ok())
    throw Error(fmt::format("cannot write Parquet: {}", status.message()), {.file = file.string()});
}

void write_parquet(const std::filesystem::path& file, const std::vector<std::string>& ids,
                   const gnn::NodeVectors& vectors) {
  arrow::StringBuilder id_builder;
  check(id_builder.AppendValues(ids), file);
  const auto values = std::make_shared<arrow::FloatBuilder>();
  arrow::FixedSizeListBuilder list_builder(arrow::default_memory_pool(), values,
                                           static_cast<std::int32_t>(vectors.dim));
  for (std::size_t r = 0; r < vectors.rows; ++r) {
    check(list_builder.Append(), file);
    check(values->AppendValues(vectors.row(r).data(), static_cast<std::int64_t>(vectors.dim)), file);
  }
  std::shared_ptr<arrow::Array> id_array, vector_array;
  check(id_builder.Finish(&id_array), file);
  check(list_builder.Finish(&vector_array), file);
  const auto schema = arrow::schema(
      {arrow::field("id", arrow::utf8(), false), arrow::field("embedding", list_builder.type(), false)});
  const auto table = arrow::Table::Make(schema, {id_array, vector_array});
  std::filesystem::path temporary = file;
  temporary += ".tmp";
  try {
    auto out = arrow::io::FileOutputStream::Open(temporary.string());
    check(out.status(), temporary);
    check(parquet::arrow::WriteTable(*table, arrow::default_memory_pool(), *out, 1 << 16), temporary);
    if (::fsync((*out)->file_descriptor()) != 0)
      throw Error("cannot sync file: " + errno_text(errno), {.file = temporary.string()});
    check((*out)->Close(), temporary);
    real_files().rename(temporary, file);
  } catch (...) {
    std::error_code ignored;  // the failure to report is the first one
    std::filesystem::remove(temporary, ignored);
    throw;
  }
}

}  // namespace

void check_embedding_file(const std::filesystem::path& file) {
  if (file.extension() == ".parquet" || file.extension() == ".npy") return;
  throw Error("unknown kind of file",
              {.file = file.string(), .expected = "a name that ends in .npy or .parquet"}, ErrorKind::kUsage);
}

void write_embeddings(const std::filesystem::path& file, const std::vector<std::string>& ids,
                      const gnn::NodeVectors& vectors) {
  WEFT_CHECK(ids.size() == vectors.rows);
  check_embedding_file(file);
  if (file.extension() == ".parquet") {
    write_parquet(file, ids, vectors);
    return;
  }
  std::string lines;
  for (const std::string& id : ids)
    lines += nlohmann::json(id).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
  std::filesystem::path id_file = file;
  id_file += ".ids.jsonl";
  real_files().replace_whole(id_file, lines);
  write_npy(file, vectors.values, vectors.rows, vectors.dim);
}

}  // namespace weft::tools
