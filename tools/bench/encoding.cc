#include "base/stopwatch.h"
#include "tools/bench/bench.h"
#include "tools/features.h"

namespace weft::tools::bench {

std::vector<Measurement> measure_encoding(Cli& cli, const ProjectContext& context) {
  const Stopwatch clock;
  const FeatureReport report = ensure_features(cli, context);
  const double seconds = clock.wall_seconds();
  if (report.fields.empty()) return {};
  std::uint64_t present = 0;
  Json fields = Json::array();
  for (const EncodedField& field : report.fields) {
    present += field.present;
    fields.push_back({{"field", field.type + "." + field.field},
                      {"kind", field.kind},
                      {"present", field.present},
                      {"dim", field.dim}});
  }
  return {{"encoding",
           "texts, pictures and sounds, fitting included",
           seconds > 0 ? static_cast<double>(present) / seconds : 0,
           "values/s",
           {{"values", present}, {"seconds", seconds}, {"fields", std::move(fields)}}}};
}

}  // namespace weft::tools::bench
