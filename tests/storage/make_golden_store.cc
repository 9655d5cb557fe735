// Writes the golden store of the newest format: make_golden_store tests/golden/store/N (docs/format.md,
// Versions). Run once for each format number; what later versions must read is never made again.
#include <cstdio>
#include <exception>
#include <filesystem>

#include "base/error.h"
#include "base/files.h"
#include "storage/keys.h"
#include "tests/storage/golden_store.h"

int main(int argc, char** argv) {
  namespace fs = std::filesystem;
  if (argc != 2 || fs::exists(argv[1])) {
    std::fputs("usage: make_golden_store FOLDER, which must not exist\n", stderr);
    return 2;
  }
  try {
    const fs::path folder = argv[1];
    weft::storage::make_golden_store(folder, weft::storage::kNewestStoreFormat);
    const fs::path copy = folder.string() + ".tmp";  // opening it changes its files
    fs::copy(folder, copy, fs::copy_options::recursive);
    weft::real_files().write_whole(
        folder.string() + ".txt", weft::storage::golden_text(weft::storage::GraphStore::open_existing(copy)));
    fs::remove_all(copy);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
