// What all commands of the `weft` program share: common options, where results and messages go, and how a
// command is added.
//
// Results go to stdout (a table for people, or JSON with --json); progress, notes and errors to stderr. Exit
// codes: 0 ok, 1 failed, 2 misuse.
#pragma once

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/progress.h"
#include "base/toml.h"

namespace weft::tools {

using Json = nlohmann::ordered_json;

struct CommonOptions {
  bool json = false;
  bool quiet = false;
  std::vector<std::string> settings = {};  // --set key=value
  std::size_t threads = 0;                 // 0: all cores
};

enum class ProjectArgument { kRequired, kOptional };

class Cli {
 public:
  explicit Cli(CLI::App& app) : app_(app), bar_(stderr) {}

  // Adds a subcommand with --json and --quiet; `run` is called after parsing.
  CLI::App* add_command(const std::string& name, const std::string& help, std::function<void()> run);
  // Also gives it the project file as first argument, and --set.
  CLI::App* add_project_command(const std::string& name, const std::string& help, std::function<void()> run,
                                ProjectArgument project = ProjectArgument::kRequired);

  // Gives --threads to a command that heeds it.
  void add_threads(CLI::App* command);

  const CommonOptions& common() const { return common_; }
  const std::filesystem::path& project_path() const { return project_path_; }  // empty: none was given
  // The project file with --set applied.
  TomlFile read_project_file() const;
  ProgressSink& progress() { return common_.quiet ? no_progress() : bar_; }
  std::size_t threads() const;

  // Prints to stderr unless --quiet.
  void note(const std::string& text) const;
  // Prints to stdout. Throws Error if it does not arrive, as on a full disk.
  void print(const std::string& text) const;
  void print_json(const Json& json) const;

  // Runs the chosen command.
  void run() const;

 private:
  CLI::App& app_;
  CommonOptions common_;
  std::filesystem::path project_path_;
  std::function<void()> chosen_;
  ProgressBar bar_;
};

// One a command, each in tools/command_NAME.cc.
void add_bench(Cli& cli);
void add_synth(Cli& cli);
void add_init(Cli& cli);
void add_ingest(Cli& cli);
void add_info(Cli& cli);
void add_verify(Cli& cli);
void add_repair(Cli& cli);
void add_backup(Cli& cli);
void add_restore(Cli& cli);
void add_forget(Cli& cli);
void add_encode(Cli& cli);
void add_train(Cli& cli);
void add_evaluate(Cli& cli);
void add_embed(Cli& cli);
void add_explain(Cli& cli);
void add_export(Cli& cli);
void add_import(Cli& cli);
void add_partition(Cli& cli);
void add_recommend(Cli& cli);
void add_similar(Cli& cli);
void add_score(Cli& cli);

}  // namespace weft::tools
