// What a checkpoint knows of its run: read, or refused; what is read is what would be written.
// Parser: gnn/trainer_state.cc
#include "gnn/trainer_state.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/fuzz/json_changes.h"

namespace weft::fuzz {

Seeds seeds() {
  gnn::TrainerState state{.step = 40, .best_epoch = 2, .best_metric = 0.25, .since_best = 1};
  state.epochs = {{.epoch = 1, .mean_loss = 2.5, .seconds = 1, .metric = 0.125},
                  {.epoch = 2, .mean_loss = 1.5, .seconds = 1, .metric = 0.25}};
  return {.accepted = {state.to_json(), gnn::TrainerState{}.to_json()}, .others = {"{}", "[]"}};
}

std::string mutated(std::string_view input, std::mt19937_64& random) {
  return changed_json(input, random);
}

void run(std::string_view input) {
  parses([&] {
    const gnn::TrainerState state = gnn::TrainerState::from_json(std::string(input), "last.safetensors");
    const std::string written = state.to_json();
    FUZZ_CHECK(gnn::TrainerState::from_json(written, "again").to_json() == written);
  });
}

}  // namespace weft::fuzz
