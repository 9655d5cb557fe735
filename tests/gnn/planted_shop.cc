#include "tests/gnn/planted_shop.h"

#include "gnn/evaluation/evaluator.h"
#include "gnn/evaluation/link_task.h"

namespace weft::gnn {

graph::Snapshot PlantedShop::write(const std::filesystem::path& folder) const {
  GraphBuilder builder;
  const auto user = builder.nodes("user", users);
  std::vector<graph::Field> fields;
  if (item_color) fields.push_back({.name = "color", .kind = graph::FieldKind::kCategory});
  const auto item = builder.nodes("item", items, fields);
  const auto buys = builder.edges("buys", user, item, true);
  if (item_color) {
    for (std::uint32_t i = 0; i < items; ++i) {
      builder.value(item, 0, i, std::vector<std::string>{"color" + std::to_string(i % groups)});
    }
  }
  Dice dice(seed);
  const graph::TimeMs hour = 3'600'000;
  graph::EventId event = 1;
  for (std::uint32_t round = 0; round < purchases; ++round) {
    const bool late = 5 * round >= 4 * purchases;
    const std::uint32_t on_sale = late ? items : std::min(items, cold_from);
    for (std::uint32_t u = 0; u < users; ++u) {
      std::uint32_t i = dice.below(on_sale);
      while (taste && i % groups != u % groups) i = dice.below(on_sale);
      builder.edge(buys, u, i, hour * (1 + round * users + dice.below(users)), event++);
    }
  }
  return builder.write(folder);
}

double test_recall(const TrainedModel& model, const graph::Snapshot& snapshot, const graph::Split& split,
                   std::size_t k, const std::string& group) {
  const LinkTask task = make_link_task(snapshot, split);
  const ModelScorer scorer = model.scorer(evaluation_view(split, graph::Part::kTest));
  ThreadPool pool(1);
  const RankingTask ranking{
      .targets = &task.test_targets, .mask = &task.mask(graph::Part::kTest), .item_warm = task.item_warm};
  return evaluate(scorer, ranking, {.ks = {k}, .auc = false}, pool).at(k, group).recall;
}

}  // namespace weft::gnn
