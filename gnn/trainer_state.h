// What a training run knows besides parameters and optimizer state: written into last.safetensors, and the
// log beside it. Internal to the trainer.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/files.h"
#include "gnn/trainer.h"

namespace weft::gnn {

struct TrainerState {
  std::uint64_t step = 0;           // finished steps
  std::vector<double> losses = {};  // [step]
  std::vector<EpochReport> epochs = {};
  std::int64_t best_epoch = 0;
  double best_metric = 0;       // NaN before the first validation
  std::int64_t since_best = 0;  // validations
  bool stopped_early = false;

  std::string to_json() const;  // all but losses, which are a tensor of the checkpoint
  static TrainerState from_json(const std::string& json,
                                const std::string& file);  // throws Error naming `file`
};

// metrics.jsonl: one JSON object a line. Starting at a step keeps the lines of earlier steps.
class MetricsLog {
 public:
  MetricsLog(const std::filesystem::path& path, std::uint64_t finished_steps, Files& files);
  void step(std::uint64_t step, std::int64_t epoch, double loss, double rate, double gradient_norm,
            double seconds);
  void validation(std::uint64_t step, std::int64_t epoch, const std::string& metric_name, double metric,
                  double mean_loss, const std::string& figures_json, double seconds);
  void sync();  // what was logged so far survives a crash
  void close();

 private:
  std::unique_ptr<WritableFile> file_;
};

}  // namespace weft::gnn
