#include "tools/lightgcn_settings.h"

#include <cstdint>
#include <limits>

#include "gnn/kernels/device/bpr_job.h"

namespace weft::tools {

LightGcnSettings read_lightgcn_settings(const TomlSection& root) {
  const TomlSection section = root.section("lightgcn");
  LightGcnSettings s;
  s.model.dim = static_cast<std::size_t>(section.get_integer_in("dim", 64, 1, 4096));
  s.on_gpu = section.get_choice("device", {"cpu", "cuda"}, 0) == 1;
  s.model.layers =
      static_cast<std::size_t>(section.get_integer_in("layers", 3, 0, s.on_gpu ? gnn::kMostLayers : 16));
  s.model.l2 = section.get_number_in("l2", s.model.l2, 0, 1e3);
  s.model.adam.learning_rate = section.get_number_in("learning_rate", 1e-3, 1e-9, 10);
  s.model.init_deviation = section.get_number_in("init", s.model.init_deviation, 1e-9, 10);
  s.model.seed = static_cast<std::uint64_t>(
      section.get_integer_in("seed", 1, 0, std::numeric_limits<std::int64_t>::max()));
  s.batch = static_cast<std::size_t>(section.get_integer_in("batch", 2048, 1, 1 << 24));
  s.rules = read_epoch_rules(section);
  s.rules.learning_rate = s.model.adam.learning_rate;
  section.check_no_unknown_keys();
  return s;
}

}  // namespace weft::tools
