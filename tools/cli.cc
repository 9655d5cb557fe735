#include "tools/cli.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <thread>

#include "base/error.h"

namespace weft::tools {

CLI::App* Cli::add_command(const std::string& name, const std::string& help, std::function<void()> run) {
  CLI::App* command = app_.add_subcommand(name, help);
  command->add_flag("--json", common_.json, "Print the result as JSON");
  command->add_flag("--quiet", common_.quiet, "No progress and no notes");
  command->callback([this, run = std::move(run)] { chosen_ = run; });
  return command;
}

CLI::App* Cli::add_project_command(const std::string& name, const std::string& help,
                                   std::function<void()> run, ProjectArgument project) {
  CLI::App* command = add_command(name, help, std::move(run));
  command->add_option("project", project_path_, "The project file (TOML)")
      ->required(project == ProjectArgument::kRequired);
  command
      ->add_option("--set", common_.settings, "Override a setting of the project file, as in train.epochs=5")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  return command;
}

void Cli::add_threads(CLI::App* command) {
  command->add_option("--threads", common_.threads, "Threads to use; 0: all cores")
      ->check(CLI::Range(0, 1024));
}

TomlFile Cli::read_project_file() const {
  TomlFile file = TomlFile::read(project_path_);
  for (const std::string& setting : common_.settings) file.set(setting);
  return file;
}

std::size_t Cli::threads() const {
  return common_.threads != 0 ? common_.threads : std::max(1U, std::thread::hardware_concurrency());
}

void Cli::note(const std::string& text) const {
  if (!common_.quiet) fmt::print(stderr, "{}\n", text);
}

void Cli::print(const std::string& text) const {
  const std::string lines = text.empty() || text.back() != '\n' ? text + "\n" : text;
  errno = 0;
  if (std::fwrite(lines.data(), 1, lines.size(), stdout) != lines.size() || std::fflush(stdout) != 0)
    throw Error("cannot write the result: " + errno_text(errno), {.file = "standard output"});
}

void Cli::print_json(const Json& json) const {
  print(json.dump(2));
}

void Cli::run() const {
  chosen_();
}

}  // namespace weft::tools
