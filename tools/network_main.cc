// `weft-network`: all commands, those of `weft` included. `weft` starts it for what is not its own; nobody
// needs to call it.
#include "tools/cli.h"
#include "tools/program.h"

int main(int argc, char** argv) {
  using namespace weft::tools;
  return run_program(argc, argv,
                     {.add = {add_bench,     add_synth,  add_init,    add_ingest,   add_info,   add_verify,
                              add_repair,    add_backup, add_restore, add_export,   add_import, add_forget,
                              add_partition, add_encode, add_train,   add_evaluate, add_embed,  add_recommend,
                              add_similar,   add_score,  add_explain}});
}
