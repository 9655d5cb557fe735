#include "storage/quarantined_row.h"

#include "base/strings.h"
#include "storage/ingest_tally.h"

namespace weft::storage {

QuarantinedRow quarantined_row(const Row& row, std::uint16_t source, RowMapper& mapper,
                               const Tombstones& forgotten) {
  QuarantinedRow out{.source = source, .offset = row.offset, .line = row.line, .reason = row.bad_reason};
  if (mapper.may_name(row, forgotten)) return out;
  out.detail = row.bad_detail;
  out.excerpt = excerpt(row.raw, kExcerptBytes);
  return out;
}

}  // namespace weft::storage
