// Runs a fuzz target without libFuzzer:
//   TARGET_replay [--runs N] [--seed S]    the seeds, then N changed ones (default 2000, the same every time)
//   TARGET_replay --write-seeds FOLDER     writes the seeds as files, a corpus for libFuzzer to begin with
//   TARGET_replay FILE...                  these inputs, as a fuzzer left them
// An input that crashes the target is left in TARGET_replay.crash.
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <filesystem>
#include <random>

#include "base/files.h"
#include "tests/fuzz/fuzz_target.h"

namespace {

constexpr std::size_t kMaxBytes = 65'536;  // as scripts/fuzz has it

std::string current;
std::string crash_file;

void keep_input(int signal_number) {
  if (std::FILE* file = std::fopen(crash_file.c_str(), "wb"); file != nullptr) {
    std::fwrite(current.data(), 1, current.size(), file);
    std::fclose(file);
  }
  std::fprintf(stderr, "signal %d; the input of %zu bytes is in %s\n", signal_number, current.size(),
               crash_file.c_str());
  ::signal(signal_number, SIG_DFL);
  ::raise(signal_number);
}

void run(std::string input) {
  current = std::move(input);
  weft::fuzz::run(current);
}

// One to eight changes: bits, bytes, numbers at the edge of their range, pieces left out, doubled, moved or
// taken from another seed.
std::string changed(const std::vector<std::string>& seeds, std::mt19937_64& random) {
  const auto below = [&](std::size_t bound) { return static_cast<std::size_t>(random() % bound); };
  std::string input = seeds[below(seeds.size())];
  const std::size_t changes = std::size_t{1} << below(4);
  for (std::size_t i = 0; i < changes; ++i) {
    if (input.empty()) input = std::string(1, static_cast<char>(random()));
    const std::size_t at = below(input.size());
    const std::size_t length = 1 + below(std::min<std::size_t>(input.size() - at, 1 + below(64)));
    constexpr const char* kTokens[] = {"\"",
                                       "\"\"",
                                       ",",
                                       "\t",
                                       "\r\n",
                                       "\n",
                                       "\\u0000",
                                       "{",
                                       "}",
                                       "[",
                                       "]",
                                       ":",
                                       "-1",
                                       "1e999",
                                       "nan",
                                       "null",
                                       "\xEF\xBB\xBF",
                                       "\xED\xA0\x80",
                                       "9223372036854775808",
                                       "..",
                                       "/",
                                       "=",
                                       "true",
                                       "\xFF",
                                       "&#x110000;",
                                       "<"};
    switch (below(8)) {
      case 0:
        input[at] = static_cast<char>(input[at] ^ (1 << below(8)));
        break;
      case 1:
        input[at] = static_cast<char>(random());
        break;
      case 2:
        input.erase(at, length);
        break;
      case 3:
        input.insert(at, input.substr(at, length));
        break;
      case 4: {
        const std::string& other = seeds[below(seeds.size())];
        if (!other.empty()) input.insert(at, other.substr(below(other.size()), length));
        break;
      }
      case 5:
        input.insert(at, kTokens[below(std::size(kTokens))]);
        break;
      case 6: {
        constexpr std::uint64_t kEdges[] = {0,
                                            1,
                                            0x7F,
                                            0x80,
                                            0xFF,
                                            0x7FFF,
                                            0xFFFF,
                                            0x7FFFFFFF,
                                            0xFFFFFFFF,
                                            0x7FFFFFFFFFFFFFFF,
                                            0xFFFFFFFFFFFFFFFF};
        const std::uint64_t value = kEdges[below(std::size(kEdges))];
        const std::size_t size = std::min<std::size_t>(std::size_t{1} << below(4), input.size() - at);
        std::memcpy(input.data() + at, &value, size);
        break;
      }
      default:
        input.resize(at);
    }
  }
  return input;
}

int replay(int argc, char** argv) {
  std::uint64_t runs = 2000;
  std::uint64_t seed = 1;
  const weft::fuzz::Seeds given = weft::fuzz::seeds();
  std::vector<std::string> seeds = given.accepted;
  seeds.insert(seeds.end(), given.others.begin(), given.others.end());
  std::vector<std::string> inputs;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument == "--runs" && i + 1 < argc) {
      runs = std::strtoull(argv[++i], nullptr, 10);
    } else if (argument == "--seed" && i + 1 < argc) {
      seed = std::strtoull(argv[++i], nullptr, 10);
    } else if (argument == "--write-seeds" && i + 1 < argc) {
      const std::filesystem::path folder = argv[++i];
      std::filesystem::create_directories(folder);
      for (std::size_t s = 0; s < seeds.size(); ++s)
        weft::real_files().write_whole(folder / ("seed-" + std::to_string(s)), seeds[s]);
      return 0;
    } else {
      inputs.push_back(weft::real_files().read_whole(argument));
    }
  }
  if (!inputs.empty()) {
    for (std::string& input : inputs) run(std::move(input));
  } else {
    for (std::size_t i = 0; i < seeds.size(); ++i) {
      run(seeds[i]);
      if (i < given.accepted.size() && weft::fuzz::refused_so_far() > 0) {
        std::fprintf(stderr, "seed %zu must reach the success path, but is refused: %s\n", i,
                     weft::fuzz::last_refusal().c_str());
        return 1;
      }
    }
    std::mt19937_64 random(seed);
    std::string last = seeds.front();
    std::uint64_t refused = weft::fuzz::refused_so_far();
    for (std::uint64_t i = 0; i < runs; ++i) {
      // Changes pile up as long as they are taken.
      if (random() % 8 == 0 || weft::fuzz::refused_so_far() > refused) last = seeds[random() % seeds.size()];
      refused = weft::fuzz::refused_so_far();
      std::string next = random() % 4 == 0 ? "" : weft::fuzz::mutated(last, random);
      if (next.empty() || next.size() > kMaxBytes) {
        run(changed(seeds, random));
        continue;
      }
      last = next;
      run(std::move(next));
    }
  }
  std::printf("%s\n", weft::fuzz::outcome().c_str());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  crash_file = std::filesystem::path(argv[0]).filename().string() + ".crash";
  for (const int number : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT}) ::signal(number, keep_input);
  return replay(argc, argv);
}
