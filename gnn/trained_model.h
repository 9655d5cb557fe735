// A trained model joined to a snapshot: embeddings of any node type at a time bound, and scores of links.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/progress.h"
#include "gnn/evaluation/scorer.h"
#include "gnn/inputs/feature_input.h"
#include "gnn/trainer.h"
#include "graph/snapshot.h"
#include "graph/split.h"

namespace weft::gnn {

// The split that a model was trained with: what was asked for, and where a time split cut.
struct TrainedSplit {
  graph::SplitSpec spec = {};
  graph::TimeMs valid_start = graph::kEndOfTime, test_start = graph::kEndOfTime;
};

// What the model's file says about it.
struct ModelInfo {
  std::string store_uuid = {};
  std::uint64_t snapshot_checksum = 0;  // of the snapshot it was trained on
  std::string config = {};              // the resolved project file as TOML
  std::string split = {};               // one line for people
  TrainedSplit trained_split = {};
  std::map<std::string, std::string> encoders = {};  // TrainSetup::encoders
  std::int64_t epoch = 0;
  std::uint64_t step = 0;
  std::string metric_name = {};
  double metric = 0;
  std::uint64_t parameters = 0;
  std::vector<std::string> inputs = {};
};
ModelInfo read_model_info(const std::filesystem::path& folder);

// Throws Error naming `file` if evaluating on `part` of the split as it is now would ask a model for what it
// was trained on: the split's specification is another one (kUsage), or so much came since that a time
// split's part now begins before the model's training ended. Data that only grew is no reason otherwise.
void check_evaluation_split(const TrainedSplit& trained, const graph::Split& now, graph::Part part,
                            const std::filesystem::path& file);

// Which events the network may look at when it embeds.
struct EmbedView {
  graph::Part last =
      graph::Part::kTest;  // events of parts up to this one: kTrain, kValid (both), kTest (all)
  std::optional<graph::TimeMs> before = {};  // only events earlier than this; none: no bound
};
// What evaluating `part` may see: for kValid train events before valid_start, for kTest train and valid
// events before test_start.
EmbedView evaluation_view(const graph::Split& split, graph::Part part);

// Row-major float32 rows by dense id; `bias` is a target node's score offset (zeros for other types).
struct NodeVectors {
  std::size_t rows = 0, dim = 0;
  std::vector<float> values = {};  // [rows, dim]
  std::vector<float> bias = {};    // [rows]
  std::span<const float> row(std::size_t i) const { return std::span(values).subspan(i * dim, dim); }
};

// Scores of (user, item) = user vector . item vector + item bias. With the cosine decoder the vectors are
// normalised; the learned temperature is multiplied in. Thread-safe.
class ModelScorer final : public Scorer {
 public:
  ModelScorer(NodeVectors users, NodeVectors items) : users_(std::move(users)), items_(std::move(items)) {}
  std::size_t items() const override { return items_.rows; }
  void score(std::span<const graph::NodeId> users, std::span<float> out) const override;
  const NodeVectors& user_vectors() const { return users_; }
  const NodeVectors& item_vectors() const { return items_; }

 private:
  NodeVectors users_, items_;
};

class TrainedModel {
 public:
  // Loads model.safetensors of `folder`. The snapshot may be newer than the one the model was trained on
  // (nodes that came later have no free vector and are embedded from content and neighbours) but must be of
  // the same store and schema. Throws Error if the file is damaged, or belongs to another store, or features
  // are missing or come from another encoder. `snapshot` and `split` must outlive the model.
  static TrainedModel load(const std::filesystem::path& folder, const graph::Snapshot& snapshot,
                           const graph::Split& split, const FeatureInputs& features,
                           Masking masking = Masking::kOn);
  TrainedModel(TrainedModel&&) noexcept;
  TrainedModel& operator=(TrainedModel&&) noexcept;
  ~TrainedModel();

  const ModelInfo& info() const;
  graph::EdgeTypeId target() const;
  std::size_t dim() const;

  // Embeddings of all nodes of the types, in the order asked for. Layer by layer, so a row depends neither on
  // which other types are asked for nor on how the work is cut. Vectors are scaled for use by their scalar
  // product (see ModelScorer).
  std::vector<NodeVectors> embed(const std::vector<graph::NodeTypeId>& types, const EmbedView& seen,
                                 ProgressSink& progress = no_progress()) const;
  // Users and items of the target edge type.
  ModelScorer scorer(const EmbedView& seen, ProgressSink& progress = no_progress()) const;

 private:
  struct State;
  explicit TrainedModel(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace weft::gnn
