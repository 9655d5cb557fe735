// Writes all files of one edge type of a snapshot from a stream of its edges.
#pragma once

#include <functional>
#include <limits>
#include <optional>
#include <string>

#include "base/error.h"
#include "graph/csr.h"
#include "graph/incoming_sort.h"
#include "graph/schema.h"
#include "graph/snapshot_folder.h"

namespace weft::graph {

// One node's weights add up to more than fits (CsrView::weight_sums).
class WeightSumError : public Error {
 public:
  using Error::Error;
};
WeightSumError weight_sum_error(const EdgeType& type, const std::string& node_type,
                                std::string_view external_id);

struct StreamedEdge {
  NodeId from = 0, to = 0;
  TimeMs time = kNoTime;  // ignored if the type is untimed
  float weight = 1.0F;    // ignored if it is unweighted
  EventId event = kNoEvent;
  std::uint16_t source = 0;
};

// The files of one direction but for its columns by edge id.
class CsrFiles {
 public:
  CsrFiles(SnapshotFolder& folder, const EdgeType& type, EdgeTypeId id, std::string_view direction,
           std::uint64_t rows);
  // Rows ascend. False, and nothing written, if the row's weights add up to too much.
  bool put(NodeId row, NodeId other, TimeMs time, float weight);
  std::uint64_t edges() const { return targets_.count(); }
  void close();

 private:
  std::uint64_t rows_;
  ColumnFile<std::uint64_t> offsets_;
  ColumnFile<NodeId> targets_;
  std::optional<ColumnFile<TimeMs>> times_;
  std::optional<ColumnFile<std::uint64_t>> weight_sums_;
  std::uint64_t row_sum_ = 0;
};

class EdgeWriter {
 public:
  struct Context {
    SnapshotFolder& folder;
    Scratch& scratch;
    const Schema& schema;
    EdgeTypeId type = 0;
    std::uint64_t from_nodes = 0, to_nodes = 0;
    std::size_t memory = 0;  // bytes, of the incoming edges on their way
    ThreadPool* pool = nullptr;
    std::function<std::string(NodeRef)> name_of = {};  // for errors
  };
  explicit EdgeWriter(Context context);

  // In outgoing order: ascending source, time, target, event. Throws Error on an end that is no node, a
  // weight out of range, the end of time, or over 2^32 - 2 edges; WeightSumError.
  void add(const StreamedEdge& edge);
  // The incoming direction, and all files closed. Kill point: snapshot.before_incoming.
  void finish();

  std::uint64_t edges() const { return count_; }
  std::uint16_t greatest_source() const { return greatest_source_; }

 private:
  void check(const StreamedEdge& edge) const;
  [[noreturn]] void too_much(NodeTypeId type, NodeId node) const;

  Context context_;
  const EdgeType& type_;
  std::optional<CsrFiles> out_;
  std::optional<ColumnFile<EventId>> events_;
  std::optional<ColumnFile<std::uint16_t>> sources_;
  std::optional<ColumnFile<float>> weights_;
  IncomingSort incoming_;
  std::uint64_t count_ = 0;
  std::uint16_t greatest_source_ = 0;
  StreamedEdge last_ = {};
};

}  // namespace weft::graph
