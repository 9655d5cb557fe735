// What a checkpoint knows of its run: read, or refused; what is read is what would be written. After a byte
// 0x1E, a number of steps and the log of an earlier run: what a run that goes on from there keeps of it.
// Parser: gnn/trainer_state.cc:from_json gnn/trainer_state.cc:to_json gnn/trainer_state.cc:kept_lines
#include <cmath>
#include <sstream>

#include "gnn/trainer_state.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/fuzz/json_changes.h"
#include "tests/support/temp_folder.h"

namespace weft::fuzz {
namespace {

constexpr char kLog = '\x1E';

std::filesystem::path log_file() {
  static const test::TempFolder folder(test::in_memory());
  return folder / "metrics.jsonl";
}

std::string kept(std::string_view text, std::uint64_t steps) {
  write_file(log_file(), text);
  gnn::MetricsLog(log_file(), steps, real_files()).close();
  return real_files().read_whole(log_file());
}

void run_log(std::string_view input) {
  Bytes bytes(input);
  const std::uint64_t steps = bytes.byte();
  const std::string text = kept(bytes.rest(), steps);
  if (text.empty()) return refused();
  accepted();
  FUZZ_CHECK(steps > 0 && kept(text, steps) == text);
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const OrderedJson json = OrderedJson::parse(line, nullptr, false);
    FUZZ_CHECK(json.is_object() && json["step"].get<std::uint64_t>() <= steps);
  }
}

std::string log_of_a_run() {
  gnn::MetricsLog log(log_file(), 0, real_files());
  for (std::uint64_t step = 1; step <= 4; ++step) log.step(step, 1, 0.5, 0.01, 1.5, 0.25);
  log.validation(4, 1, "ndcg", std::nan(""), 0.5, R"({"recall": 0.5})", 1);
  log.close();
  return real_files().read_whole(log_file());
}

}  // namespace

Seeds seeds() {
  gnn::TrainerState state{.step = 40, .best_epoch = 2, .best_metric = 0.25, .since_best = 1};
  state.epochs = {{.epoch = 1, .mean_loss = 2.5, .seconds = 1, .metric = 0.125},
                  {.epoch = 2, .mean_loss = 1.5, .seconds = 1, .metric = 0.25}};
  const std::string log = log_of_a_run();
  return {.accepted = {state.to_json(), gnn::TrainerState{}.to_json(), tagged(kLog, "\3" + log),
                       tagged(kLog, "\4" + log.substr(0, log.size() - 9))},
          .others = {"{}", "[]", tagged(kLog, std::string("\0", 1) + log)}};
}

std::string mutated(std::string_view input, std::mt19937_64& random) {
  return changed_json(input, random);
}

void run(std::string_view input) {
  if (input.starts_with(kLog)) return run_log(input.substr(1));
  parses([&] {
    const gnn::TrainerState state = gnn::TrainerState::from_json(std::string(input), "last.safetensors");
    const std::string written = state.to_json();
    FUZZ_CHECK(gnn::TrainerState::from_json(written, "again").to_json() == written);
  });
}

}  // namespace weft::fuzz
