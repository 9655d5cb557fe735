#include "storage/sources/row_reader.h"

#include <fmt/format.h>

#include "storage/kafka/kafka_reader.h"
#include "storage/sources/delimited.h"
#include "storage/sources/json_lines.h"
#include "storage/sources/parquet_reader.h"

namespace weft::storage {

std::string no_text_reason(Encoding encoding) {
  return fmt::format("invalid {}", encoding_name(encoding));
}

std::unique_ptr<RowReader> RowReader::open(const SourceFile& source, std::vector<std::string> columns,
                                           Files& files) {
  if (source.topic) return std::make_unique<KafkaReader>(source, columns);
  if (source.format == SourceFormat::kParquet)
    return std::make_unique<ParquetReader>(source, std::move(columns), files);
  if (source.format == SourceFormat::kJsonLines)
    return std::make_unique<JsonLinesReader>(source, std::move(columns), files);
  return std::make_unique<DelimitedReader>(source, std::move(columns), files);
}

}  // namespace weft::storage
