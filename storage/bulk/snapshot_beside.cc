#include "storage/bulk/snapshot_beside.h"

#include "base/error.h"
#include "storage/snapshot_scan.h"

namespace weft::storage {
namespace {

constexpr std::size_t kRowShare = 8;

}  // namespace

void FieldsBeside::go_to(std::size_t type) {
  for (; next_type_ <= type && next_type_ < schema_.node_types().size(); ++next_type_) {
    for (const auto& writer : writers_) writer->finish();
    writers_.clear();
    const auto id = static_cast<graph::NodeTypeId>(next_type_);
    for (std::size_t f = 0; f < schema_.node_type(id).fields.size(); ++f)
      writers_.push_back(builder_->field(id, f));
  }
}

void FieldsBeside::put(std::uint64_t key, std::string_view value) {
  if (builder_ == nullptr) return;
  go_to(key >> 48);
  WEFT_CHECK(put_stored_field(*writers_.at(key & 0xFFFF), static_cast<graph::NodeId>(key >> 16), value));
}

void FieldsBeside::finish() {
  if (builder_ == nullptr) return;
  go_to(schema_.node_types().size());
  for (const auto& writer : writers_) writer->finish();
}

EdgesBeside::EdgesBeside(SnapshotBeside* owner, graph::EdgeTypeId type) : owner_(owner), type_(type) {
  if (owner == nullptr) return;
  state_.reset(new State{.writer = owner->builder_->edges(type, owner->threads_),
                         .rows = {owner->scratch_, owner->memory_ / kRowShare}});
}

void EdgesBeside::put_one(const EdgeRecord& record) {
  const EdgeKey key = record.key();
  const EdgeValue value = record.value();
  try {
    state_->rows.put({.from = key.node,
                      .to = key.other,
                      .time = key.time,
                      .weight = value.weight,
                      .event = key.event,
                      .source = value.source},
                     [&](const graph::StreamedEdge& edge) { state_->writer.add(edge); });
  } catch (const graph::WeightSumError&) {
    owner_->abandoned_ = true;
    state_.reset();
  }
}

void EdgesBeside::finish() {
  if (!state_) return;
  try {
    state_->rows.finish([&](const graph::StreamedEdge& edge) { state_->writer.add(edge); });
    state_->writer.finish();
    owner_->builder_->finished(type_, state_->writer);
  } catch (const graph::WeightSumError&) {
    owner_->abandoned_ = true;
  }
  state_.reset();
}

std::optional<graph::NodeWriter> SnapshotBeside::nodes(graph::NodeTypeId type) {
  if (builder_ == nullptr) return std::nullopt;
  return builder_->nodes(type);
}

EdgesBeside SnapshotBeside::edges(graph::EdgeTypeId type, Family family) {
  return {builder_ == nullptr || family != kOutgoing ? nullptr : this, type};
}

}  // namespace weft::storage
