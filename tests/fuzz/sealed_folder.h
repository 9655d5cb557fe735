// A folder of flat arrays with a sealed manifest that lists them (graph/sealed_json.h): deltas, partitions.
// Damaged as an input says, behind checksums that are put right.
//
// An input: a byte whose low three bits are a number of damages, and whose highest says that the manifest
// keeps its list of files; the damages, 12 bytes each (file, how, where, with what); then the manifest's
// JSON without its checksum, nothing for the sound one.
#pragma once

#include <filesystem>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/fuzz/fuzz_target.h"

namespace weft::fuzz {

class SealedFolder {
 public:
  // Reads the folder, which is written over from now on.
  explicit SealedFolder(std::filesystem::path folder);

  const std::filesystem::path& path() const { return folder_; }
  Seeds seeds() const;  // the sound folder, and each file damaged in each way
  std::string mutated(std::string_view input, std::mt19937_64& random) const;
  // The folder as the input says; undo() puts the sound files back.
  void write(std::string_view input);
  void undo();

 private:
  std::filesystem::path folder_;
  std::vector<std::pair<std::string, std::string>> files_;  // name, content; without the manifest
  std::string manifest_;                                    // without its checksum
  std::vector<std::size_t> changed_;                        // files
};

}  // namespace weft::fuzz
