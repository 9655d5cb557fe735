// Runs the real `weft` program and gives back what it printed.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

namespace weft {

struct RunResult {
  int exit_code = -1;
  std::string out = {};
  std::string err = {};
  nlohmann::json json() const;  // of `out`; throws if it is none
};

// `arguments` as a shell would take them; `environment` as "NAME=value NAME=value" put before the program.
RunResult run_weft(const std::string& arguments, const std::string& environment = "");
// The same of a copy of the program, which lies elsewhere.
RunResult run_program(const std::filesystem::path& program, const std::string& arguments,
                      const std::string& environment = "");

// A new empty folder below the system's temporary folder, removed when the program ends.
std::filesystem::path scratch_folder(const std::string& name);

void write_text(const std::filesystem::path& file, const std::string& text);
std::string read_text(const std::filesystem::path& file);

}  // namespace weft
