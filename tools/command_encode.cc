// `weft encode`: texts, pictures and sounds to feature sets. `train` does the same where needed.
#include <fmt/format.h>

#include "tools/cli.h"
#include "tools/features.h"
#include "tools/project_context.h"
#include "tools/table.h"

namespace weft::tools {
namespace {

void run(Cli& cli) {
  const ProjectContext context = open_project(cli);
  const FeatureReport report = ensure_features(cli, context);
  Json json = Json::array();
  Table table({"field", "kind", "nodes", "present", "unreadable", "dim", "encoder", "vectors"});
  for (const EncodedField& field : report.fields) {
    json.push_back({{"field", field.type + "." + field.field},
                    {"kind", field.kind},
                    {"rows", field.rows},
                    {"present", field.present},
                    {"failed", field.failed},
                    {"dim", field.dim},
                    {"key", field.key},
                    {"fitted", field.fitted},
                    {"encoded", field.encoded},
                    {"failures", field.failures}});
    table.add({field.type + "." + field.field, field.kind, with_commas(field.rows),
               with_commas(field.present), with_commas(field.failed), std::to_string(field.dim),
               field.fitted ? "fitted on train" : "as it was", field.encoded ? "written" : "as they were"});
  }
  if (cli.common().json) {
    cli.print_json(json);
    return;
  }
  if (report.fields.empty()) {
    cli.print("the project has no text, image or audio fields");
    return;
  }
  cli.print(table.text());
  for (const EncodedField& field : report.fields) {
    for (const std::string& failure : field.failures) cli.print(printable("unreadable: " + failure));
  }
}

}  // namespace

void add_encode(Cli& cli) {
  cli.add_threads(cli.add_project_command("encode", "Turn texts, pictures and sounds into vectors",
                                          [&cli] { run(cli); }));
}

}  // namespace weft::tools
