// Runs ingest_program as a process of its own, kills it, and says what it had acknowledged by then.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace weft::storage {

struct CrashRun {
  std::filesystem::path project = {};
  std::filesystem::path workspace = {};
  bool bulk = false;
  std::string kill_point = {};                          // "name:passing"; empty: at none
  std::optional<std::chrono::microseconds> delay = {};  // killed after it
  std::vector<std::string> more = {};                   // arguments
};

struct CrashOutcome {
  bool killed = false;
  int status = 0;  // exit status; -1 if it was killed
  // What the program said before its end.
  std::uint64_t sequence = 0;  // of the store, as of the last batch that the program knew to be in
  std::string snapshot = {};   // checksum of the last snapshot that the program knew to be written
  std::string output = {};     // stdout and stderr
  std::chrono::microseconds duration = {};

  std::string value_of(const std::string& key) const;   // of an output line "key value"; empty: none
  std::map<std::string, std::uint64_t> passed() const;  // kill point -> how often
};

CrashOutcome run(const CrashRun& request);

}  // namespace weft::storage
