#include "gnn/train_batches.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <tuple>
#include <unordered_map>
#include <unordered_set>

#include "base/error.h"
#include "gnn/random.h"
#include "gnn/walk_relations.h"

namespace weft::gnn {
namespace {

using graph::kEndOfTime;
using graph::kNoNode;
using graph::NodeId;
using graph::TimeMs;

void sort_unique(std::vector<NodeId>& ids) {
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
}

// Position of `id` in a sorted list that holds it.
std::size_t position(const std::vector<NodeId>& sorted, NodeId id) {
  return static_cast<std::size_t>(std::lower_bound(sorted.begin(), sorted.end(), id) - sorted.begin());
}

}  // namespace

struct TrainBatches::Request {
  std::vector<std::uint32_t> chosen = {};  // positions in events_
  TimeMs before = kEndOfTime;              // what the shared frontier may see
  // Candidates have appeared by then; as it is, all that ever do in train.
  TimeMs candidates_before = kEndOfTime - 1;
};

TrainBatches::TrainBatches(const graph::Snapshot& snapshot, const graph::Split& split, const LinkTask& task,
                           const ModelOptions& model, const TrainOptions& train, Masking masking)
    : snapshot_(snapshot),
      task_(task),
      train_(train),
      rates_{.id = model.id_dropout, .cold_users = model.cold_users, .cold_items = model.cold_items},
      masking_(masking),
      batching_(resolve_batching(train.batching, split)),
      filtered_(snapshot, split.keep_up_to(graph::Part::kTrain)) {
  const graph::EdgeType& target = snapshot.schema().edge_type(split.target);
  if (batching_ != Batching::kShared && !target.timed) {
    throw Error("this batching needs times, and the target's links have none",
                {.field = "train.batching",
                 .value = batching_ == Batching::kWindow ? "window" : "disjoint",
                 .expected = "shared"},
                ErrorKind::kUsage);
  }
  all_candidates_ = train.loss == LossKind::kSoftmax && batching_ != Batching::kDisjoint &&
                    (train.candidates == CandidateKind::kAll ||
                     (train.candidates == CandidateKind::kAuto &&
                      task.items <= static_cast<std::size_t>(train.all_candidates_up_to)));
  columns_ = all_candidates_ ||
             (train.loss == LossKind::kSoftmax && train.in_batch && batching_ != Batching::kDisjoint);
  graph_ = filtered_.view();
  NodeSamplerSetup setup{.snapshot = &snapshot, .graph = graph_, .target = split.target};
  setup.relations = followed_relations(snapshot.schema(), model.skip_relations);
  setup.fan_outs = model.fan_outs;
  setup.walks = walk_relations(snapshot.schema(), model, model.layers());
  setup.picks = model.picks;
  setup.replacement = model.replacement;
  setup.structure = structure_options(model);
  setup.ages = model.age_weights;
  setup.weights = model.edge_weights;
  setup.hides_events = batching_ == Batching::kShared && masking == Masking::kOn;
  setup.id_types = id_types(snapshot.schema(), split.target, model);
  setup.stands_for = model.shrinkage || model.pool_relations;
  setup.seed = train.seed;
  sampler_ = std::make_unique<NodeSampler>(std::move(setup));
  collect_events(split);
  if (batching_ == Batching::kShared && masking == Masking::kOn)
    pair_events_ = graph::pair_events(snapshot, split.target);
  find_appearances();
  negative_sampler_ = std::make_unique<sampling::NegativeSampler>(
      task_.train, task_.item_counts, appears_,
      sampling::NegativeOptions{.seed = train.seed,
                                .law = train.negative_law == NegativeKind::kUniform
                                           ? sampling::NegativeLaw::kUniform
                                           : sampling::NegativeLaw::kPopularity,
                                .popularity_power = train.popularity_power});
  const auto batch = static_cast<std::uint64_t>(train.batch_size);
  steps_per_epoch_ = (events_.size() + batch - 1) / batch;
}

void TrainBatches::collect_events(const graph::Split& split) {
  const graph::CsrView& csr = snapshot_.outgoing(split.target);
  const auto columns = snapshot_.edge_columns(split.target);
  for (NodeId row = 0; row < csr.rows(); ++row) {
    for (std::uint64_t i = csr.offsets[row]; i < csr.offsets[row + 1]; ++i) {
      if (split.parts[split.target][i] != graph::Part::kTrain) continue;
      events_.push_back({.user = row,
                         .item = csr.targets[i],
                         .time = csr.times.empty() ? graph::kNoTime : csr.times[i],
                         .event = columns.events[i],
                         .edge = static_cast<graph::EdgeId>(i)});
    }
  }
  std::sort(events_.begin(), events_.end(), [](const SupervisedEvent& a, const SupervisedEvent& b) {
    return std::tie(a.time, a.event, a.edge) < std::tie(b.time, b.event, b.edge);
  });
  if (!train_.repeats) {
    std::unordered_set<std::uint64_t> seen;
    std::erase_if(events_, [&](const SupervisedEvent& event) {
      return !seen.insert(std::uint64_t{event.user} << 32 | event.item).second;
    });
  }
  const auto history = static_cast<std::size_t>(train_.history * static_cast<double>(events_.size()));
  events_.erase(events_.begin(), events_.begin() + static_cast<std::ptrdiff_t>(history));
  if (events_.empty()) {
    throw Error("the training part has no link to learn from",
                {.field = "task.target", .value = snapshot_.schema().edge_type(split.target).name});
  }
  const bool hides = batching_ == Batching::kShared && masking_ == Masking::kOn;
  if (hides &&
      std::any_of(events_.begin(), events_.end(), [](const auto& e) { return e.event == graph::kNoEvent; })) {
    throw Error("links without an event id cannot be hidden from the network while they are supervised",
                {.field = "task.target", .value = snapshot_.schema().edge_type(split.target).name});
  }
  supervised_.assign(task_.items, 0);
  for (const SupervisedEvent& event : events_) ++supervised_[event.item];
  if (events_.size() > std::numeric_limits<std::uint32_t>::max()) {
    throw Error("more supervised links than the trainer can number", {.expected = "at most 2^32 - 1"});
  }
}

void TrainBatches::find_appearances() {
  const graph::Schema& schema = snapshot_.schema();
  const auto first_seen = snapshot_.first_seen(task_.item_type);
  appears_.assign(task_.items, kEndOfTime);
  for (std::size_t item = 0; item < task_.items; ++item) {
    if (first_seen[item] != graph::kNoTime) appears_[item] = first_seen[item];
  }
  // Items that no table gives a time appear with their first event; those without any event in train never
  // do.
  for (const graph::RelationId relation : schema.relations()) {
    if (schema.row_type(relation) != task_.item_type || !sampler_->structure().is_event_relation(relation))
      continue;
    const graph::CsrView& csr = graph_.relation(relation);
    for (NodeId item = 0; item < task_.items; ++item) {
      if (csr.degree(item) == 0 || first_seen[item] != graph::kNoTime) continue;
      const TimeMs first = csr.times.empty() ? graph::kNoTime : csr.times[csr.offsets[item]];
      appears_[item] = std::min(appears_[item], first);
    }
  }
}

std::shared_ptr<const TrainBatches::Order> TrainBatches::order_of_epoch(std::uint64_t epoch) const {
  const std::lock_guard lock(orders_mutex_);
  for (const auto& [known, order] : orders_) {
    if (known == epoch) return order;
  }
  auto order = std::make_shared<Order>(batching_ == Batching::kWindow ? steps_per_epoch_ : events_.size());
  for (std::size_t i = 0; i < order->size(); ++i) (*order)[i] = static_cast<std::uint32_t>(i);
  shuffle(*order, mix64(train_.seed, static_cast<std::uint64_t>(Purpose::kShuffle), epoch));
  if (orders_.size() >= 3) orders_.erase(orders_.begin());
  orders_.emplace_back(epoch, order);
  return order;
}

// Windows are equal shares of the events whose inner borders move by up to a quarter of a window from epoch
// to epoch.
std::pair<std::size_t, std::size_t> TrainBatches::window(std::uint64_t epoch, std::uint64_t index) const {
  const auto border = [&](std::uint64_t k) -> std::size_t {
    if (k == 0) return 0;
    if (k == steps_per_epoch_) return events_.size();
    const double width = static_cast<double>(events_.size()) / static_cast<double>(steps_per_epoch_);
    if (events_.size() < 2 * steps_per_epoch_)
      return static_cast<std::size_t>(static_cast<double>(k) * width);
    const double jitter =
        unit_interval(mix64(train_.seed, static_cast<std::uint64_t>(Purpose::kJitter), epoch, k)) - 0.5;
    return static_cast<std::size_t>((static_cast<double>(k) + 0.5 * jitter) * width);
  };
  return {border(index), border(index + 1)};
}

std::vector<std::uint32_t> TrainBatches::events_of_step(std::uint64_t step) const {
  WEFT_CHECK(step >= 1);
  const std::uint64_t epoch = (step - 1) / steps_per_epoch_;
  const std::uint64_t index = (step - 1) % steps_per_epoch_;
  const auto order = order_of_epoch(epoch);
  std::vector<std::uint32_t> chosen;
  if (batching_ == Batching::kWindow) {
    const auto [begin, end] = window(epoch, (*order)[index]);
    for (std::size_t i = begin; i < end; ++i) chosen.push_back(static_cast<std::uint32_t>(i));
    return chosen;
  }
  const auto batch = static_cast<std::uint64_t>(train_.batch_size);
  const std::uint64_t begin = index * batch;
  const std::uint64_t end = std::min<std::uint64_t>(begin + batch, order->size());
  chosen.assign(order->begin() + static_cast<std::ptrdiff_t>(begin),
                order->begin() + static_cast<std::ptrdiff_t>(end));
  // In time order, so that local ids do not depend on the shuffle's inner order.
  std::sort(chosen.begin(), chosen.end());
  return chosen;
}

TrainBatch TrainBatches::make(std::uint64_t step, NodeSampler::Scratch& scratch) const {
  if (step > std::numeric_limits<std::uint32_t>::max()) {
    throw Error("more training steps than the sampler can number", {.expected = "at most 2^32 - 1"});
  }
  Request request{.chosen = events_of_step(step)};
  const auto sampler_step = static_cast<std::uint32_t>(step);
  if (batching_ == Batching::kDisjoint) return make_disjoint(request, sampler_step, scratch);
  if (batching_ == Batching::kWindow && !request.chosen.empty()) {
    request.before = events_[request.chosen.front()].time;
    request.candidates_before = events_[request.chosen.back()].time + 1;
  }
  return make_shared_frontier(request, sampler_step, scratch);
}

std::vector<graph::EventId> TrainBatches::hidden_events(const std::vector<std::uint32_t>& chosen) const {
  const graph::CsrView& csr = snapshot_.outgoing(task_.target);
  const auto events = snapshot_.edge_columns(task_.target).events;
  std::vector<graph::EventId> hidden;
  const auto hide_pair = [&](NodeId from, NodeId to) {
    for (std::uint64_t i = csr.offsets[from]; i < csr.offsets[from + 1]; ++i) {
      if (csr.targets[i] == to && events[i] != graph::kNoEvent) hidden.push_back(events[i]);
    }
  };
  for (const std::uint32_t index : chosen) {
    const SupervisedEvent& event = events_[index];
    hide_pair(event.user, event.item);
    if (task_.user_type == task_.item_type) hide_pair(event.item, event.user);
    for (const graph::PairEvent& told : graph::events_of_pair(pair_events_, event.user, event.item)) {
      if (graph::is_told_by(told, event.time)) hidden.push_back(told.event);
    }
  }
  std::sort(hidden.begin(), hidden.end());
  hidden.erase(std::unique(hidden.begin(), hidden.end()), hidden.end());
  return hidden;
}

// By when an event's negatives have appeared.
TimeMs TrainBatches::negatives_before(const Request& request, std::uint32_t event) const {
  const bool own_time = batching_ == Batching::kDisjoint && masking_ == Masking::kOn;
  return own_time ? events_[event].time : request.candidates_before;
}

std::vector<NodeId> TrainBatches::draw_negatives(const Request& request, std::uint32_t step) const {
  std::vector<NodeId> rows;
  std::vector<std::uint32_t> keys;
  std::vector<TimeMs> before;
  for (const std::uint32_t index : request.chosen) {
    rows.push_back(events_[index].user);
    keys.push_back(index);
    before.push_back(negatives_before(request, index));
  }
  const auto per_event = static_cast<std::size_t>(train_.negatives);
  std::vector<NodeId> negatives(rows.size() * per_event, kNoNode);
  negative_sampler_->draw(rows, keys, before, step, per_event, negatives);
  return negatives;
}

std::vector<NodeId> TrainBatches::candidate_items(const Request& request,
                                                  const std::vector<NodeId>& negatives) const {
  std::vector<NodeId> items;
  for (const std::uint32_t index : request.chosen) items.push_back(events_[index].item);
  for (const NodeId negative : negatives) {
    if (negative != kNoNode) items.push_back(negative);
  }
  if (all_candidates_) {
    for (NodeId item = 0; item < task_.items; ++item) {
      if (appears_[item] < request.candidates_before) items.push_back(item);
    }
  }
  sort_unique(items);
  return items;
}

// Columns are the items in ascending order.
void TrainBatches::fill_columns(const Request& request, const std::vector<NodeId>& items,
                                TrainBatch& batch) const {
  const std::size_t events = request.chosen.size();
  for (std::size_t row = 0; row < events; ++row) {
    const SupervisedEvent& event = events_[request.chosen[row]];
    batch.positive_columns.push_back(static_cast<std::int32_t>(position(items, event.item)));
    for (const NodeId known : task_.train.targets(event.user)) {
      if (known == event.item) continue;
      const std::size_t column = position(items, known);
      if (column < items.size() && items[column] == known) {
        batch.masked.push_back(static_cast<std::int64_t>(row * items.size() + column));
      }
    }
  }
  if (all_candidates_ || !train_.log_q) return;
  const auto all_events = static_cast<double>(events_.size());
  // Expected proposals of a candidate: as another event's positive, and as a drawn negative.
  for (const NodeId item : items) {
    const double as_positive = static_cast<double>(supervised_[item]) / all_events;
    const double as_negative = std::exp(negative_sampler_->log_probability(item, request.candidates_before));
    const double expected =
        static_cast<double>(events) * (as_positive + static_cast<double>(train_.negatives) * as_negative);
    // Of a batch without repetition: the chance to be in it at all.
    batch.log_q.push_back(static_cast<float>(std::log(std::max(-std::expm1(-expected), 1e-12))));
  }
}

void TrainBatches::fill_pair_log_q(const Request& request, const std::vector<NodeId>& negatives,
                                   TrainBatch& batch) const {
  if (!train_.log_q || train_.loss != LossKind::kSoftmax) return;
  const std::size_t per_event = batch.negatives_per_event;
  for (std::size_t row = 0; row < request.chosen.size(); ++row) {
    const TimeMs before = negatives_before(request, request.chosen[row]);
    const auto log_q = [&](NodeId item) {
      if (item == kNoNode) return 0.0F;
      return static_cast<float>(std::max(negative_sampler_->log_probability(item, before), -30.0));
    };
    batch.log_q.push_back(log_q(events_[request.chosen[row]].item));
    for (std::size_t k = 0; k < per_event; ++k) batch.log_q.push_back(log_q(negatives[row * per_event + k]));
  }
}

TrainBatch TrainBatches::make_shared_frontier(const Request& request, std::uint32_t step,
                                              NodeSampler::Scratch& scratch) const {
  TrainBatch batch;
  std::vector<NodeId> negatives;
  if (!all_candidates_) negatives = draw_negatives(request, step);
  const std::vector<NodeId> items = candidate_items(request, negatives);
  std::vector<NodeId> users;
  for (const std::uint32_t index : request.chosen) users.push_back(events_[index].user);
  sort_unique(users);
  std::vector<graph::NodeRef> seeds;
  for (const NodeId user : users) seeds.push_back({task_.user_type, user});
  for (const NodeId item : items) seeds.push_back({task_.item_type, item});
  const bool masked = masking_ == Masking::kOn;
  const std::vector<TimeMs> before(seeds.size(), masked ? request.before : kEndOfTime);
  const std::vector<graph::EventId> hidden = masked && batching_ == Batching::kShared
                                                 ? hidden_events(request.chosen)
                                                 : std::vector<graph::EventId>{};
  batch.sampled =
      sampler_->sample({.nodes = seeds, .before = before, .excluded = hidden}, step, rates_, scratch);

  const auto& local = batch.sampled.graph.seeds;
  const auto item_local = [&](std::size_t at) { return static_cast<std::int32_t>(local[users.size() + at]); };
  for (const std::uint32_t index : request.chosen) {
    batch.users.push_back(static_cast<std::int32_t>(local[position(users, events_[index].user)]));
    batch.positives.push_back(item_local(position(items, events_[index].item)));
  }
  if (columns_) {
    for (std::size_t i = 0; i < items.size(); ++i) batch.columns.push_back(item_local(i));
    fill_columns(request, items, batch);
    return batch;
  }
  batch.negatives_per_event = static_cast<std::size_t>(train_.negatives);
  for (const NodeId negative : negatives) {
    batch.negatives.push_back(negative == kNoNode ? -1 : item_local(position(items, negative)));
  }
  fill_pair_log_q(request, negatives, batch);
  return batch;
}

TrainBatch TrainBatches::make_disjoint(const Request& request, std::uint32_t step,
                                       NodeSampler::Scratch& scratch) const {
  TrainBatch batch;
  batch.negatives_per_event = static_cast<std::size_t>(train_.negatives);
  const std::vector<NodeId> negatives = draw_negatives(request, step);
  std::vector<graph::NodeRef> seeds;
  std::vector<TimeMs> before;
  std::vector<std::uint32_t> roots;
  const auto add_seed = [&](graph::NodeTypeId type, NodeId node, std::uint32_t index) {
    seeds.push_back({type, node});
    before.push_back(masking_ == Masking::kOn ? events_[index].time : kEndOfTime);
    roots.push_back(index + 1);  // 0 is the shared frontier's key
  };
  for (std::size_t row = 0; row < request.chosen.size(); ++row) {
    const std::uint32_t index = request.chosen[row];
    add_seed(task_.user_type, events_[index].user, index);
    add_seed(task_.item_type, events_[index].item, index);
    for (std::size_t k = 0; k < batch.negatives_per_event; ++k) {
      const NodeId negative = negatives[row * batch.negatives_per_event + k];
      if (negative != kNoNode) add_seed(task_.item_type, negative, index);
    }
  }
  batch.sampled = sampler_->sample({.nodes = seeds, .before = before, .roots = roots}, step, rates_, scratch);
  const auto& local = batch.sampled.graph.seeds;
  std::size_t at = 0;
  for (std::size_t row = 0; row < request.chosen.size(); ++row) {
    batch.users.push_back(static_cast<std::int32_t>(local[at++]));
    batch.positives.push_back(static_cast<std::int32_t>(local[at++]));
    for (std::size_t k = 0; k < batch.negatives_per_event; ++k) {
      const bool none = negatives[row * batch.negatives_per_event + k] == kNoNode;
      batch.negatives.push_back(none ? -1 : static_cast<std::int32_t>(local[at++]));
    }
  }
  fill_pair_log_q(request, negatives, batch);
  return batch;
}

}  // namespace weft::gnn
