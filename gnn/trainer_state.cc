#include "gnn/trainer_state.h"

#include <cmath>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/error.h"
#include "base/json_integer.h"

namespace weft::gnn {
namespace {

// JSON has no NaN.
nlohmann::json number(double value) {
  return std::isfinite(value) ? nlohmann::json(value) : nlohmann::json();
}
double number_from(const nlohmann::json& json) {
  return json.is_null() ? std::nan("") : json.get<double>();
}

// The lines of an earlier run up to a step; a torn last line is left out.
std::string kept_lines(const std::filesystem::path& path, std::uint64_t finished_steps, Files& files) {
  if (finished_steps == 0 || !std::filesystem::exists(path)) return {};
  std::istringstream lines(files.read_whole(path));
  std::string kept;
  for (std::string line; std::getline(lines, line);) {
    const nlohmann::json json = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (!json.is_object() || !json.contains("step") || !json["step"].is_number_unsigned()) continue;
    if (json["step"].get<std::uint64_t>() <= finished_steps) kept += line + "\n";
  }
  return kept;
}

}  // namespace

std::string TrainerState::to_json() const {
  nlohmann::json reports = nlohmann::json::array();
  for (const EpochReport& report : epochs) {
    reports.push_back({{"epoch", report.epoch},
                       {"mean_loss", report.mean_loss},
                       {"seconds", report.seconds},
                       {"metric", number(report.metric)}});
  }
  const nlohmann::json json = {{"step", step},
                               {"epochs", reports},
                               {"best_epoch", best_epoch},
                               {"best_metric", number(best_metric)},
                               {"since_best", since_best},
                               {"stopped_early", stopped_early}};
  return json.dump();
}

TrainerState TrainerState::from_json(const std::string& text, const std::string& file) {
  try {
    const nlohmann::json json = nlohmann::json::parse(text);
    TrainerState state{.step = json_integer<std::uint64_t>(json.at("step")),
                       .best_epoch = json_integer<std::int64_t>(json.at("best_epoch")),
                       .best_metric = number_from(json.at("best_metric")),
                       .since_best = json_integer<std::int64_t>(json.at("since_best")),
                       .stopped_early = json.at("stopped_early").get<bool>()};
    for (const nlohmann::json& report : json.at("epochs")) {
      state.epochs.push_back({.epoch = json_integer<std::int64_t>(report.at("epoch")),
                              .mean_loss = report.at("mean_loss").get<double>(),
                              .seconds = report.at("seconds").get<double>(),
                              .metric = number_from(report.at("metric"))});
    }
    return state;
  } catch (const nlohmann::json::exception& problem) {
    throw Error("the checkpoint's trainer state is damaged", {.file = file, .value = problem.what()});
  }
}

MetricsLog::MetricsLog(const std::filesystem::path& path, std::uint64_t finished_steps, Files& files) {
  const std::string kept = kept_lines(path, finished_steps, files);
  file_ = files.create(path);
  if (!kept.empty()) file_->append(kept);
}

void MetricsLog::step(std::uint64_t step, std::int64_t epoch, double loss, double rate, double gradient_norm,
                      double seconds) {
  const nlohmann::json line = {
      {"step", step},      {"epoch", epoch}, {"loss", loss}, {"lr", rate}, {"gradient_norm", gradient_norm},
      {"seconds", seconds}};
  file_->append(line.dump() + "\n");
}

void MetricsLog::validation(std::uint64_t step, std::int64_t epoch, const std::string& metric_name,
                            double metric, double mean_loss, const std::string& figures_json,
                            double seconds) {
  nlohmann::json line = {{"step", step},           {"epoch", epoch},
                         {"metric", metric_name},  {"value", number(metric)},
                         {"mean_loss", mean_loss}, {"seconds", seconds}};
  if (!figures_json.empty()) line["validation"] = nlohmann::json::parse(figures_json);
  file_->append(line.dump() + "\n");
}

void MetricsLog::sync() {
  file_->sync();
}
void MetricsLog::close() {
  file_->close();
}

}  // namespace weft::gnn
