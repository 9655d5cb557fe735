// Backs up, restores or repairs, to be killed on the way:
//   care_program backup WORKSPACE BACKUPS
//   care_program restore WORKSPACE BACKUPS ID
//   care_program repair WORKSPACE
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include "storage/backup.h"
#include "storage/repair.h"
#include "tests/storage/small_store.h"

int main(int argc, char** argv) {
  using namespace weft::storage;
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  try {
    if (arguments.size() == 3 && arguments[0] == "backup") {
      write_backup({arguments[1]}, arguments[2]);
    } else if (arguments.size() == 4 && arguments[0] == "restore") {
      restore_backup(arguments[2], std::stoull(arguments[3]), {arguments[1]});
    } else if (arguments.size() == 2 && arguments[0] == "repair") {
      repair_store({arguments[1]}, small_schema());
    } else {
      std::fputs("care_program: see its first lines\n", stderr);
      return 2;
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
