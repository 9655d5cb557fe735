#include "graph/split.h"

#include <fmt/format.h>
#include <fnmatch.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <tuple>
#include <utility>

#include "base/error.h"
#include "base/hash.h"
#include "base/progress.h"
#include "base/strings.h"
#include "graph/pair_events.h"

namespace weft::graph {
namespace {

constexpr std::array kParts = {Part::kTrain, Part::kValid, Part::kTest};
const std::vector<std::string> kKindNames = {"time", "last", "random", "files"};

std::uint64_t hash_numbers(std::initializer_list<std::uint64_t> numbers) {
  return hash64(std::as_bytes(std::span(numbers.begin(), numbers.size())));
}

// A number in [0, 1) that depends on nothing but the seed and the event.
double unit_hash(std::uint64_t seed, EventId key) {
  return static_cast<double>(hash_numbers({seed, key}) >> 11) * 0x1p-53;
}

// The edges of one type with their ends, times and events.
class Edges {
 public:
  Edges(const Snapshot& snapshot, EdgeTypeId type)
      : type_(type),
        symmetric_(snapshot.schema().edge_type(type).symmetric),
        out_(snapshot.outgoing(type)),
        columns_(snapshot.edge_columns(type)),
        rows_(snapshot.edge_rows(type)) {}

  std::size_t size() const { return out_.edges(); }
  bool timed() const { return !out_.times.empty(); }
  NodeId row(std::size_t edge) const { return rows_[edge]; }
  NodeId to(std::size_t edge) const { return out_.targets[edge]; }
  TimeMs time(std::size_t edge) const { return timed() ? out_.times[edge] : kNoTime; }
  std::uint16_t source(std::size_t edge) const { return columns_.sources[edge]; }
  EventId event(std::size_t edge) const { return columns_.events[edge]; }
  // The event, or what stands for it where there is none: the same for both directions of a symmetric type.
  EventId key(std::size_t edge) const {
    if (event(edge) != kNoEvent) return event(edge);
    NodeId from = rows_[edge];
    NodeId to = out_.targets[edge];
    if (symmetric_ && to < from) std::swap(from, to);
    return std::max<EventId>(1, hash_numbers({type_, from, to, static_cast<std::uint64_t>(time(edge))}));
  }

 private:
  EdgeTypeId type_;
  bool symmetric_;
  CsrView out_;
  EdgeColumns columns_;
  std::vector<NodeId> rows_;
};

// A value for each event: the greatest of those that its edges ask for. Open addressing with linear probing;
// the order of insertion shows nowhere.
template <typename T>
class EventMap {
 public:
  void add(EventId key, T value) {
    if (2 * (size_ + 1) > slots_.size()) grow();
    Slot& slot = slots_[place(key)];
    if (slot.key == kNoEvent) {
      slot = {key, value};
      ++size_;
    } else {
      slot.value = std::max(slot.value, value);
    }
  }
  const T* find(EventId key) const {
    if (slots_.empty()) return nullptr;
    const Slot& slot = slots_[place(key)];
    return slot.key == kNoEvent ? nullptr : &slot.value;
  }

 private:
  struct Slot {
    EventId key = kNoEvent;
    T value = {};
  };

  // Where the key is, or belongs.
  std::size_t place(EventId key) const {
    WEFT_CHECK(key != kNoEvent);
    const std::size_t mask = slots_.size() - 1;
    std::uint64_t mixed =
        key * 0x9e3779b97f4a7c15U;  // ids may be small numbers: their low bits alone would cluster
    mixed ^= mixed >> 32;
    std::size_t at = mixed & mask;
    while (slots_[at].key != kNoEvent && slots_[at].key != key) at = (at + 1) & mask;
    return at;
  }
  void grow() {
    std::vector<Slot> old(std::max<std::size_t>(64, 2 * slots_.size()));
    std::swap(old, slots_);
    for (const Slot& slot : old) {
      if (slot.key != kNoEvent) slots_[place(slot.key)] = slot;
    }
  }

  std::vector<Slot> slots_;  // a power of two
  std::size_t size_ = 0;
};

std::string time_text(TimeMs time) {
  using namespace std::chrono;
  constexpr TimeMs kFarthest = TimeMs{250'000'000} * 1000 * 1000;  // beyond it a calendar says little
  if (time < -kFarthest || time > kFarthest) return fmt::format("{} ms", time);
  const sys_time<milliseconds> instant{milliseconds(time)};
  const auto day = floor<days>(instant);
  const year_month_day date{day};
  const hh_mm_ss clock{floor<seconds>(instant) - day};
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02} UTC", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count());
}

[[noreturn]] void fail_timeless(const std::string& edge_type, SplitKind kind) {
  throw Error("edge type " + edge_type + " has no times to split by",
              {.field = "task.split",
               .value = kKindNames[static_cast<std::size_t>(kind)],
               .hint = "give the edge type a time column, or use kind = \"random\" or \"files\""},
              ErrorKind::kUsage);
}

// Distinct times of the target's edges, ascending, and how many edges are earlier than each (and, at the end,
// all).
struct TimeSteps {
  std::vector<TimeMs> times = {};
  std::vector<std::uint64_t> before = {};
};

TimeSteps time_steps(const Edges& target) {
  std::vector<TimeMs> times(target.size());
  for (std::size_t i = 0; i < times.size(); ++i) times[i] = target.time(i);
  std::sort(times.begin(), times.end());
  TimeSteps steps;
  for (std::size_t i = 0; i < times.size(); ++i) {
    if (i > 0 && times[i] == times[i - 1]) continue;
    steps.times.push_back(times[i]);
    steps.before.push_back(i);
  }
  steps.before.push_back(times.size());
  return steps;
}

// The step in [first, last) from which to `end` the number of edges is nearest to `wanted`; the later one of
// two.
std::size_t nearest_cut(const TimeSteps& steps, std::size_t first, std::size_t end, double wanted) {
  std::size_t best = first;
  double best_distance = INFINITY;
  for (std::size_t step = first; step < end; ++step) {
    const double distance = std::abs(static_cast<double>(steps.before[end] - steps.before[step]) - wanted);
    if (distance <= best_distance) best = step, best_distance = distance;
  }
  return best;
}

void choose_cuts(const Edges& target, const std::string& name, Split& split) {
  const TimeSteps steps = time_steps(target);
  const auto edges = static_cast<double>(target.size());
  const std::size_t parts = 1 + (split.spec.valid > 0 ? 1U : 0U) + (split.spec.test > 0 ? 1U : 0U);
  if (steps.times.size() < parts) {
    throw Error(fmt::format("edge type {} has edges at {} distinct times: too few to cut in {}", name,
                            steps.times.size(), parts),
                {.field = "task.split", .hint = "use kind = \"random\""}, ErrorKind::kUsage);
  }
  std::size_t end = steps.times.size();
  if (split.spec.test > 0) {
    end = nearest_cut(steps, parts - 1, end, split.spec.test * edges);
    split.test_start = steps.times[end];
  }
  if (split.spec.valid > 0)
    split.valid_start = steps.times[nearest_cut(steps, 1, end, split.spec.valid * edges)];
}

// Every event falls by its latest time, whatever edge type holds it; edges without time fall with their
// event's others.
void split_by_time(const Snapshot& snapshot, Split& split) {
  const auto types = static_cast<EdgeTypeId>(split.parts.size());
  EventMap<TimeMs> latest;
  for (EdgeTypeId type = 0; type < types; ++type) {
    const auto times = snapshot.outgoing(type).times;
    const auto events = snapshot.edge_columns(type).events;
    for (std::size_t edge = 0; edge < times.size(); ++edge) {
      if (events[edge] != kNoEvent) latest.add(events[edge], times[edge]);
    }
  }
  const auto part_at = [&](TimeMs time) {
    if (time >= split.test_start) return Part::kTest;
    return time >= split.valid_start ? Part::kValid : Part::kTrain;
  };
  for (EdgeTypeId type = 0; type < types; ++type) {
    const auto times = snapshot.outgoing(type).times;
    const auto events = snapshot.edge_columns(type).events;
    for (std::size_t edge = 0; edge < events.size(); ++edge) {
      const TimeMs* time = events[edge] == kNoEvent ? nullptr : latest.find(events[edge]);
      if (time != nullptr) {
        split.parts[type][edge] = part_at(*time);
      } else if (!times.empty()) {
        split.parts[type][edge] = part_at(times[edge]);
      }
    }
  }
}

// Events get the parts of `assigned`, whatever edges they made; the rest is train.
void spread(const Snapshot& snapshot, const Edges& target, const EventMap<Part>& assigned, Split& split) {
  for (std::size_t i = 0; i < split.parts.size(); ++i) {
    const auto type = static_cast<EdgeTypeId>(i);
    const auto events = snapshot.edge_columns(type).events;
    for (std::size_t edge = 0; edge < events.size(); ++edge) {
      const bool known = type == split.target || events[edge] != kNoEvent;
      const Part* part =
          known ? assigned.find(type == split.target ? target.key(edge) : events[edge]) : nullptr;
      if (part != nullptr) split.parts[i][edge] = *part;
    }
  }
}

// A link that only held-out events make.
struct HeldOutPair {
  NodeId from = 0, to = 0;
  Part part = Part::kTrain;
  TimeMs time = kNoTime;  // of its first event
};

std::vector<HeldOutPair> held_out_pairs(const Edges& target, const EventMap<Part>& assigned) {
  std::vector<HeldOutPair> pairs;
  for (std::size_t edge = 0; edge < target.size(); ++edge) {
    pairs.push_back({target.row(edge), target.to(edge), *assigned.find(target.key(edge)), target.time(edge)});
  }
  std::sort(pairs.begin(), pairs.end(), [](const HeldOutPair& a, const HeldOutPair& b) {
    return std::tie(a.from, a.to, a.part, a.time) < std::tie(b.from, b.to, b.part, b.time);
  });
  const auto same = [](const HeldOutPair& a, const HeldOutPair& b) {
    return a.from == b.from && a.to == b.to;
  };
  std::size_t kept = 0;
  for (std::size_t begin = 0; begin < pairs.size();) {
    HeldOutPair pair = pairs[begin];  // the part of the pair's earliest part; its first time in any
    std::size_t end = begin;
    for (; end < pairs.size() && same(pairs[begin], pairs[end]); ++end)
      pair.time = std::min(pair.time, pairs[end].time);
    begin = end;
    if (pair.part != Part::kTrain) pairs[kept++] = pair;
  }
  pairs.resize(kept);
  return pairs;
}

// The cart, the rating, the review of a held-out link would give it away: they are held out with it. What
// came before the link stays: it is history.
void hold_out_pair_events(const Snapshot& snapshot, const Edges& target, EdgeTypeId type,
                          EventMap<Part>& assigned) {
  const std::vector<PairEvent> joined = pair_events(snapshot, type);
  if (joined.empty()) return;
  for (const HeldOutPair& pair : held_out_pairs(target, assigned)) {
    for (const PairEvent& event : events_of_pair(joined, pair.from, pair.to)) {
      if (is_told_by(event, pair.time)) assigned.add(event.event, pair.part);
    }
  }
}

EventMap<Part> assign_last(const Edges& target, const SplitSpec& spec) {
  EventMap<Part> assigned;
  std::vector<std::pair<TimeMs, EventId>> events;  // of one row
  for (std::size_t begin = 0; begin < target.size();) {
    std::size_t end = begin;
    events.clear();
    for (; end < target.size() && target.row(end) == target.row(begin); ++end) {
      events.emplace_back(target.time(end), target.key(end));
    }
    std::sort(events.begin(), events.end());
    events.erase(std::unique(events.begin(), events.end()), events.end());
    // The first event always stays in train.
    std::size_t left = events.size();
    if (spec.test > 0 && left > 1) assigned.add(events[--left].second, Part::kTest);
    if (spec.valid > 0 && left > 1) assigned.add(events[--left].second, Part::kValid);
    while (left > 0) assigned.add(events[--left].second, Part::kTrain);
    begin = end;
  }
  return assigned;
}

EventMap<Part> assign_random(const Edges& target, const SplitSpec& spec) {
  EventMap<Part> assigned;
  for (std::size_t edge = 0; edge < target.size(); ++edge) {
    const double u = unit_hash(spec.seed, target.key(edge));
    const Part rest = u < spec.test + spec.valid ? Part::kValid : Part::kTrain;
    assigned.add(target.key(edge), u < spec.test ? Part::kTest : rest);
  }
  return assigned;
}

// A source file's name, a pattern of names as `source` takes it, or a folder that the file lies in.
bool names_file(const std::string& name, const std::string& file) {
  if (name == file || file.starts_with(name + "/")) return true;
  const std::size_t folders = name.find("**/");
  if (folders == std::string::npos)
    return fnmatch(name.c_str(), file.c_str(), FNM_PATHNAME | FNM_PERIOD) == 0;
  // Any folders: also none.
  return fnmatch(name.c_str(), file.c_str(), 0) == 0 || names_file(std::string(name).erase(folders, 3), file);
}

[[noreturn]] void no_such_file(const std::string& key, const std::string& name,
                               const std::vector<std::string>& files) {
  constexpr std::size_t kShown = 10;
  const std::vector<std::string> shown(
      files.begin(), files.begin() + static_cast<std::ptrdiff_t>(std::min(files.size(), kShown)));
  ErrorContext context{.field = key, .value = name, .expected = "one of: " + join(shown)};
  if (files.size() > kShown) context.expected += " and " + std::to_string(files.size() - kShown) + " more";
  if (const auto near = nearest_word(name, files); !near.empty())
    context.hint = "did you mean \"" + near + "\"?";
  throw Error("no source file of this name was ingested", std::move(context), ErrorKind::kUsage);
}

// The part of each source file; nothing for a file in no list.
std::vector<std::optional<Part>> parts_of_files(const SplitSpec& spec,
                                                const std::vector<std::string>& files) {
  struct List {
    Part part;
    const char* key;
    const std::vector<std::string>& names;
  };
  const List lists[] = {{Part::kTrain, "task.split.train", spec.train_files},
                        {Part::kValid, "task.split.valid_files", spec.valid_files},
                        {Part::kTest, "task.split.test_files", spec.test_files}};
  std::vector<std::optional<Part>> result(files.size());
  std::vector<std::string> listed(files.size());  // the key that lists it
  for (const auto& [part, key, names] : lists) {
    for (const std::string& name : names) {
      bool any = false;
      for (std::size_t file = 0; file < files.size(); ++file) {
        if (!names_file(name, files[file])) continue;
        any = true;
        if (!listed[file].empty())
          throw Error("the file '" + files[file] + "' is listed twice: in " + listed[file] + " and here",
                      {.field = key, .value = name, .expected = "each file in one list"}, ErrorKind::kUsage);
        listed[file] = key;
        result[file] = part;
      }
      if (!any) no_such_file(key, name, files);
    }
  }
  if (spec.train_files.empty()) {
    for (auto& part : result) part = part.value_or(Part::kTrain);
  }
  return result;
}

EventMap<Part> assign_files(const Edges& target, const SplitSpec& spec,
                            const std::vector<std::string>& files) {
  if (spec.test_files.empty()) {
    throw Error("a split by files needs test_files", {.field = "task.split.test_files"}, ErrorKind::kUsage);
  }
  const auto parts = parts_of_files(spec, files);
  EventMap<Part> assigned;
  for (std::size_t edge = 0; edge < target.size(); ++edge) {
    const std::size_t file = target.source(edge);
    if (!parts[file]) {
      throw Error("a file with links to predict is in none of the split's lists",
                  {.field = "task.split.train",
                   .value = files[file],
                   .hint = "add it to train; without train all files in no other list are for training"},
                  ErrorKind::kUsage);
    }
    assigned.add(target.key(edge), *parts[file]);
  }
  if (!spec.valid_files.empty() || spec.valid == 0) return assigned;
  // An event that several files hold stays where it is: only those of train alone are held out.
  EventMap<Part> result;
  for (std::size_t edge = 0; edge < target.size(); ++edge) {
    const EventId key = target.key(edge);
    const Part part = *assigned.find(key);
    const bool held_out = part == Part::kTrain && unit_hash(spec.seed, key) < spec.valid;
    result.add(key, held_out ? Part::kValid : part);
  }
  return result;
}

bool wants(const SplitSpec& spec, Part part) {
  switch (part) {
    case Part::kTrain:
      return true;
    case Part::kValid:
      return spec.valid > 0 || !spec.valid_files.empty();
    case Part::kTest:
      return spec.test > 0 || !spec.test_files.empty();
  }
  return false;
}

void check_no_part_empty(const Split& split, const std::string& name) {
  for (const Part part : kParts) {
    if (!wants(split.spec, part) || split.count(part) > 0) continue;
    throw Error(fmt::format("the {} part of edge type {} is empty", part_name(part), name),
                {.field = "task.split",
                 .value = fmt::format("{} edges in all", split.parts[split.target].size()),
                 .hint = "use other shares, another kind of split or more data"},
                ErrorKind::kUsage);
  }
}

// Whether every timed train edge is earlier than every held-out target edge.
bool is_time_correct(const Snapshot& snapshot, const Split& split) {
  const auto target_times = snapshot.outgoing(split.target).times;
  if (target_times.empty()) return false;
  TimeMs first_held_out = kEndOfTime;
  for (std::size_t edge = 0; edge < target_times.size(); ++edge) {
    if (split.parts[split.target][edge] != Part::kTrain)
      first_held_out = std::min(first_held_out, target_times[edge]);
  }
  for (std::size_t i = 0; i < split.parts.size(); ++i) {
    const auto times = snapshot.outgoing(static_cast<EdgeTypeId>(i)).times;
    for (std::size_t edge = 0; edge < times.size(); ++edge) {
      if (split.parts[i][edge] == Part::kTrain && times[edge] >= first_held_out) return false;
    }
  }
  return true;
}

std::string describe(const Split& split) {
  std::string text;
  switch (split.spec.kind) {
    case SplitKind::kTime:
      text = "global time cut:";
      if (split.spec.valid > 0) text += " valid from " + time_text(split.valid_start);
      if (split.spec.valid > 0 && split.spec.test > 0) text += ",";
      if (split.spec.test > 0) text += " test from " + time_text(split.test_start);
      break;
    case SplitKind::kLast:
      text = "each node's last events";
      break;
    case SplitKind::kRandom:
      text = fmt::format("random by hash of event id, seed {}", split.spec.seed);
      break;
    case SplitKind::kFiles:
      text = "given files, test: " + join(split.spec.test_files);
      break;
  }
  const char* correct = split.time_correct                    ? "time-correct"
                        : split.spec.kind == SplitKind::kLast ? "not time-correct across users"
                                                              : "not time-correct";
  return fmt::format("{} ({}); {} train, {} valid, {} test", text, correct,
                     with_commas(split.count(Part::kTrain)), with_commas(split.count(Part::kValid)),
                     with_commas(split.count(Part::kTest)));
}

}  // namespace

std::string_view part_name(Part part) {
  switch (part) {
    case Part::kTrain:
      return "train";
    case Part::kValid:
      return "valid";
    case Part::kTest:
      return "test";
  }
  WEFT_CHECK(false && "part");
}

SplitSpec read_split_spec(const TomlSection& task) {
  SplitSpec spec;
  if (task.is_string("split")) {
    spec.kind = static_cast<SplitKind>(task.get_choice("split", kKindNames, 0));
    return spec;
  }
  const TomlSection table = task.section("split");
  spec.kind = static_cast<SplitKind>(table.get_choice("kind", kKindNames, 0));
  spec.valid = table.get_number_in("valid", spec.valid, 0.0, 1.0);
  spec.test = table.get_number_in("test", spec.test, 0.0, 1.0);
  if (spec.valid + spec.test >= 1.0) {
    table.fail("test", "valid and test leave nothing to train on", "shares that add up to less than 1");
  }
  spec.seed = static_cast<std::uint64_t>(
      table.get_integer_in("seed", 0, 0, std::numeric_limits<std::int64_t>::max()));
  spec.train_files = table.get_strings("train");
  spec.valid_files = table.get_strings("valid_files");
  spec.test_files = table.get_strings("test_files");
  if (spec.kind != SplitKind::kFiles) {
    for (const char* key : {"train", "valid_files", "test_files"}) {
      if (table.has(key)) table.fail(key, "only a split by files takes file names", "kind = \"files\"");
    }
  } else if (spec.test_files.empty()) {
    table.fail("test_files", "a split by files needs test_files", "names of source files");
  }
  table.check_no_unknown_keys();
  return spec;
}

std::vector<std::vector<std::uint8_t>> Split::keep_up_to(Part last) const {
  std::vector<std::vector<std::uint8_t>> keep;
  for (const auto& type : parts) {
    keep.emplace_back(type.size());
    std::transform(type.begin(), type.end(), keep.back().begin(),
                   [&](Part part) { return part <= last ? 1 : 0; });
  }
  return keep;
}

std::uint64_t Split::count(Part part) const {
  const auto& edges = parts.at(target);
  return static_cast<std::uint64_t>(std::count(edges.begin(), edges.end(), part));
}

Split make_split(const Snapshot& snapshot, EdgeTypeId target, const SplitSpec& spec) {
  const EdgeType& type = snapshot.schema().edge_type(target);
  if (!(spec.valid >= 0 && spec.test >= 0 && spec.valid + spec.test < 1)) {
    throw Error("shares of a split are out of range",
                {.field = "task.split",
                 .value = fmt::format("valid {}, test {}", spec.valid, spec.test),
                 .expected = "shares that add up to less than 1"},
                ErrorKind::kUsage);
  }
  if (!type.timed && (spec.kind == SplitKind::kTime || spec.kind == SplitKind::kLast)) {
    fail_timeless(type.name, spec.kind);
  }
  if (snapshot.edge_count(target) == 0) {
    throw Error("edge type " + type.name + " has no edges to split", {.field = "task.target"},
                ErrorKind::kUsage);
  }
  Split split{.spec = spec, .target = target};
  for (std::size_t i = 0; i < snapshot.schema().edge_types().size(); ++i) {
    split.parts.emplace_back(snapshot.edge_count(static_cast<EdgeTypeId>(i)), Part::kTrain);
  }
  const Edges edges(snapshot, target);
  if (spec.kind == SplitKind::kTime) {
    choose_cuts(edges, type.name, split);
    split_by_time(snapshot, split);
  } else {
    EventMap<Part> assigned = spec.kind == SplitKind::kLast ? assign_last(edges, spec)
                              : spec.kind == SplitKind::kRandom
                                  ? assign_random(edges, spec)
                                  : assign_files(edges, spec, snapshot.info().source_files);
    hold_out_pair_events(snapshot, edges, target, assigned);
    spread(snapshot, edges, assigned, split);
  }
  check_no_part_empty(split, type.name);
  split.time_correct = is_time_correct(snapshot, split);
  split.description = describe(split);
  return split;
}

Split split_of_kept(const Snapshot& snapshot, const Split& split,
                    const std::vector<std::vector<std::uint8_t>>& keep) {
  Split out = split;
  for (std::size_t type = 0; type < keep.size(); ++type) {
    WEFT_CHECK(keep[type].size() == split.parts[type].size());
    std::size_t kept = 0;
    for (std::size_t edge = 0; edge < keep[type].size(); ++edge) {
      if (keep[type][edge] != 0) out.parts[type][kept++] = split.parts[type][edge];
    }
    out.parts[type].resize(kept);
    out.parts[type].shrink_to_fit();
  }
  for (const Part part : kParts) {
    if (split.count(part) == 0 || out.count(part) > 0) continue;
    throw Error(fmt::format("cleaning leaves nothing in the {} part of edge type {}", part_name(part),
                            snapshot.schema().edge_type(split.target).name),
                {.field = "clean",
                 .value = fmt::format("{} edges before", with_commas(split.count(part))),
                 .hint = "ask for less in clean.core, or choose another clean.pairs"},
                ErrorKind::kUsage);
  }
  out.description = describe(out);
  return out;
}

}  // namespace weft::graph
