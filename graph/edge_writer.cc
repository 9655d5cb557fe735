#include "graph/edge_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "base/strings.h"

namespace weft::graph {
namespace {

constexpr std::uint64_t kMaxEdges = kNoEdge;  // ids 0 .. 2^32 - 2

void check_end(const char* end, NodeId node, std::uint64_t nodes) {
  if (node < nodes) return;
  throw Error(fmt::format("{} end of an edge is no node", end),
              {.value = std::to_string(node), .expected = fmt::format("a node below {}", nodes)});
}

template <typename File, typename... Arguments>
std::optional<File> file_if(bool wanted, Arguments&&... arguments) {
  if (!wanted) return std::nullopt;
  return std::optional<File>(std::in_place, std::forward<Arguments>(arguments)...);
}

}  // namespace

WeightSumError weight_sum_error(const EdgeType& type, const std::string& node_type,
                                std::string_view external_id) {
  return WeightSumError(fmt::format("the weights of the {} edges of {} '{}' add up to too much", type.name,
                                    node_type, excerpt(external_id)),
                        {.field = fmt::format("edges.{}.weight", type.name),
                         .expected = "a sum below 2^44 for each node",
                         .hint = "scale the weights of the source down, or take `weight` out of the project "
                                 "file; then remove the store's folder and ingest again"});
}

CsrFiles::CsrFiles(SnapshotFolder& folder, const EdgeType& type, EdgeTypeId id, std::string_view direction,
                   std::uint64_t rows)
    : rows_(rows),
      offsets_(folder, edge_file(id, fmt::format("{}.offsets", direction))),
      targets_(folder, edge_file(id, fmt::format("{}.targets", direction))) {
  if (type.timed) times_.emplace(folder, edge_file(id, fmt::format("{}.times", direction)));
  if (type.weighted) weight_sums_.emplace(folder, edge_file(id, fmt::format("{}.weight_sums", direction)));
}

bool CsrFiles::put(NodeId row, NodeId other, TimeMs time, float weight) {
  if (offsets_.count() <= row) {
    offsets_.fill(targets_.count(), std::uint64_t{row} + 1);
    row_sum_ = 0;
  }
  if (weight_sums_) {
    const std::uint64_t fixed = fixed_point_weight(weight);
    if (fixed > std::numeric_limits<std::uint64_t>::max() - row_sum_) return false;
    weight_sums_->put(row_sum_ += fixed);
  }
  targets_.put(other);
  if (times_) times_->put(time);
  return true;
}

void CsrFiles::close() {
  offsets_.fill(targets_.count(), rows_ + 1);
  offsets_.close();
  targets_.close();
  if (times_) times_->close();
  if (weight_sums_) weight_sums_->close();
}

EdgeWriter::EdgeWriter(Context context)
    : context_(std::move(context)),
      type_(context_.schema.edge_type(context_.type)),
      out_(std::in_place, context_.folder, type_, context_.type, "out", context_.from_nodes),
      events_(std::in_place, context_.folder, edge_file(context_.type, "events")),
      sources_(std::in_place, context_.folder, edge_file(context_.type, "sources")),
      weights_(
          file_if<ColumnFile<float>>(type_.weighted, context_.folder, edge_file(context_.type, "weights"))),
      incoming_(context_.scratch, context_.memory, context_.pool) {}

void EdgeWriter::check(const StreamedEdge& edge) const {
  check_end("source", edge.from, context_.from_nodes);
  check_end("target", edge.to, context_.to_nodes);
  if (edge.time == kEndOfTime) {
    throw Error("an edge's time is the end of time",
                {.field = type_.name, .expected = "times before the end of time"});
  }
  if (count_ == kMaxEdges) {
    throw Error("too many edges of one type",
                {.field = type_.name, .expected = fmt::format("at most {}", kMaxEdges)});
  }
  if (count_ == 0) return;
  const auto key = [](const StreamedEdge& e) { return std::tuple(e.from, e.time, e.to, e.event); };
  WEFT_CHECK(key(last_) <= key(edge));
}

void EdgeWriter::add(const StreamedEdge& given) {
  StreamedEdge edge = given;
  if (!type_.timed) edge.time = kNoTime;
  check(edge);
  last_ = edge;
  if (!out_->put(edge.from, edge.to, edge.time, edge.weight)) too_much(type_.from, edge.from);
  events_->put(edge.event);
  sources_->put(edge.source);
  if (weights_) weights_->put(edge.weight);
  greatest_source_ = std::max(greatest_source_, edge.source);
  incoming_.add({.time = edge.time,
                 .row = edge.to,
                 .other = edge.from,
                 .edge = static_cast<EdgeId>(count_++),
                 .weight = edge.weight});
}

void EdgeWriter::finish() {
  out_->close();
  events_->close();
  sources_->close();
  if (weights_) weights_->close();
  out_.reset(), events_.reset(), sources_.reset(), weights_.reset();
  context_.folder.files().kill_point("snapshot.before_incoming");
  CsrFiles in(context_.folder, type_, context_.type, "in", context_.to_nodes);
  ColumnFile<EdgeId> ids(context_.folder, edge_file(context_.type, "in.edge_ids"));
  incoming_.finish([&](const IncomingEdge& edge) {
    if (!in.put(edge.row, edge.other, edge.time, edge.weight)) too_much(type_.to, edge.row);
    ids.put(edge.edge);
  });
  WEFT_CHECK(in.edges() == count_);
  in.close();
  ids.close();
}

void EdgeWriter::too_much(NodeTypeId type, NodeId node) const {
  throw weight_sum_error(type_, context_.schema.node_type(type).name,
                         context_.name_of ? context_.name_of({type, node}) : std::to_string(node));
}

}  // namespace weft::graph
