// Models that are one vector a node, trained in epochs on the train part: LightGCN (tools/lightgcn_model.h)
// and skip-gram (tools/skipgram_model.h). What they have in common: epochs and validations, their files in
// the model's folder, going on with a training, and being loaded.
//
//   KIND.safetensors    vectors after the best epoch; zero where training had nothing to learn from
//   last.safetensors    free vectors and optimizer state after the last finished epoch: what --resume reads
//   metrics.jsonl       one line an epoch
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/progress.h"
#include "base/thread_pool.h"
#include "gnn/evaluation/link_task.h"
#include "gnn/trained_model.h"
#include "gnn/trainer.h"
#include "gnn/vector_state.h"
#include "tools/cli.h"
#include "tools/project_context.h"
#include "tools/vector_kind.h"

namespace weft::tools {

struct NodeTypeVectors {
  gnn::NodeVectors users = {}, items = {};
  std::map<std::string, gnn::NodeVectors> others = {};  // of further node types, by name
};

// A model in training.
class TrainableVectors {
 public:
  struct Epoch {
    std::int64_t epoch = 0;  // from 1
    double mean_loss = 0;
    double seconds = 0;  // of training alone
  };
  virtual ~TrainableVectors() = default;
  virtual VectorKind kind() const = 0;
  // The settings that a state depends on: with others it cannot be gone on with.
  virtual std::string settings() const = 0;
  virtual std::vector<std::string> inputs() const = 0;  // for people
  virtual void check_device() const {}                  // throws Error where it cannot be trained here
  virtual const gnn::VectorState& state() const = 0;
  virtual void set_state(gnn::VectorState state) = 0;
  virtual std::size_t dim() const = 0;
  // From where the state stands, until `end_of_epoch` says false.
  virtual void train(ProgressSink& progress, const std::function<bool(const Epoch&)>& end_of_epoch) = 0;
  // As they are now, rows for all nodes.
  virtual NodeTypeVectors vectors() const = 0;
};

// Trains; deterministic. With `resume` goes on after the last finished epoch. An earlier model of the folder
// stays until the first best epoch replaces it.
gnn::TrainResult train_vectors(Cli& cli, const ProjectContext& context, const gnn::LinkTask& task,
                               const EpochRules& rules, TrainableVectors& model, ThreadPool& pool,
                               const std::filesystem::path& folder, bool resume);

// The kind that the model's folder holds; nothing if it holds none (a network, or no model).
std::optional<VectorKind> held_vectors(const std::filesystem::path& folder);
// Removes those of all kinds but `kept` from the folder: one model a folder.
void remove_vectors(const std::filesystem::path& folder, std::optional<VectorKind> kept);
// The checksum of the snapshot they were trained on; 0 for a model that does not say.
std::uint64_t vectors_snapshot(const std::filesystem::path& folder);
gnn::TrainedSplit vectors_split(const std::filesystem::path& folder);
// Rows for all nodes of the snapshot; those that came after training are zero.
NodeTypeVectors load_vectors(const ProjectContext& context, const std::filesystem::path& folder);

}  // namespace weft::tools
