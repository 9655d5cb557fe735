// One source's rows to graph events, as the project file's mappings say.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/files.h"
#include "graph/event.h"
#include "storage/cleaning/row_cells.h"
#include "storage/media.h"
#include "storage/project.h"
#include "storage/sources/row_reader.h"
#include "storage/tombstones.h"

namespace weft::storage {

inline constexpr std::size_t kMaxIdBytes = 4096;  // of an external id

// kDropped: left out by a column's on_bad = "drop".
enum class MapOutcome { kEvent, kFiltered, kBad, kDropped };

struct MapResult {
  MapOutcome outcome = MapOutcome::kFiltered;
  std::string reason = {};  // of a bad row
  std::string detail = {};
  bool stops = false;  // a bad row after which nothing may be written: on_bad = "stop"
};

// Not thread-safe: keeps buffers. `project` and `files` must outlive it.
class RowMapper {
 public:
  // kLookOnly: media are checked but not read through, and get no content hash (the first pass of ingest).
  RowMapper(const Project& project, std::uint16_t source, MediaRead media, Files& files);

  // What the reader must be opened with.
  const std::vector<std::string>& columns() const { return cells_.columns(); }
  // Throws Error (kUsage), at the project file's line, for a column that the header lacks and must have.
  void check_columns(const RowReader& reader) const;
  // As check_columns, for a whole file of JSON lines read from its beginning: Error if a column that was in
  // no row is a likely slip for one that was; otherwise the columns' names, for a note.
  std::vector<std::string> absent_columns(const RowReader& reader) const;

  // `row` must be good. Fills `event` (its id is never kNoEvent). Media that were looked at are in media().
  MapResult map(const Row& row, graph::Event& event);
  const std::vector<MediaFile>& media() const { return media_; }
  // Whether a bad row names one of `forgotten` by any of its ids, or may: its ids cannot be told.
  bool may_name(const Row& row, const Tombstones& forgotten);
  // What cleaning did to all rows so far.
  const CleanCounts& cleaned() const { return cells_.counts; }

 private:
  static constexpr std::size_t kNone = RowCells::kNone;
  struct FieldPlan {
    const FieldMapping* mapping = nullptr;
    std::size_t cell = kNone;
    std::vector<std::size_t> path_cells = {};
  };
  struct FilterPlan {
    const RowFilter* filter = nullptr;
    std::size_t cell = kNone;
  };
  struct NodePlan {
    const NodeMapping* mapping = nullptr;
    std::size_t id = kNone, time = kNone;
    std::vector<FieldPlan> fields = {};
    std::vector<FilterPlan> where = {};
    std::size_t made = kNone;  // position in the event of the node this row made
  };
  struct EdgePlan {
    const EdgeMapping* mapping = nullptr;
    std::size_t from = kNone, to = kNone, time = kNone, weight = kNone;
    std::size_t from_plan = kNone, to_plan = kNone;  // the node plan that makes an end without a column
    std::vector<FilterPlan> where = {};
    std::optional<FilterPlan> deletes = {};
  };
  struct Bad {  // thrown and caught within map()
    std::string reason, detail;
  };
  // An end that waits for the id of a node the row makes.
  struct Fixup {
    std::size_t edge = 0;
    bool from = false;
    std::size_t node = 0;
  };

  template <typename Mapping>
  std::vector<FilterPlan> filter_plans(const Mapping& mapping);
  bool passes(const FilterPlan& plan);
  bool passes(const std::vector<FilterPlan>& where);
  std::string_view id_text(std::size_t cell, const char* what);
  graph::TimeMs time_of(const std::optional<TimeSpec>& spec, std::size_t cell, bool required);
  void make_node(NodePlan& plan, graph::Event& event);
  void make_field(const FieldPlan& plan, std::size_t node, graph::Event& event);
  // The number in the cell, from `least` to `most`; what the column's rules put in the place of a bad one;
  // none if that is missing.
  std::optional<double> number_of(std::size_t at, const Cell& cell, const char* reason, const char* what,
                                  double least, double most);
  void make_media(const FieldPlan& plan, std::size_t node, graph::Event& event);
  std::vector<std::string> category_values(const FieldPlan& plan);
  void make_edge(const EdgePlan& plan, graph::Event& event);
  void make_all(graph::Event& event);
  template <typename Named>
  bool any_id(const Named& named);
  void set_event_id(const Row& row, graph::Event& event);

  const Project& project_;
  std::uint16_t source_;
  MediaRead read_;
  Files& files_;
  std::vector<std::uint8_t> media_node_;  // [node type] made by an as_node field of media
  RowCells cells_;
  std::vector<NodePlan> nodes_;
  std::vector<EdgePlan> edges_;
  std::vector<Fixup> fixups_;
  std::vector<std::size_t> event_nodes_;  // positions of nodes whose id is the event's
  std::vector<MediaFile> media_;
  std::string hashed_;
};

}  // namespace weft::storage
