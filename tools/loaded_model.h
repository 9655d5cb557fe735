// A trained model joined to its project: what recommend, similar, score, embed and evaluate start from.
// Either the heterogeneous network or vectors (LightGCN, skip-gram), whichever the model's folder holds.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gnn/trained_model.h"
#include "tools/cli.h"
#include "tools/project_context.h"
#include "tools/vector_model.h"

namespace weft::tools {

class LoadedModel {
 public:
  // Loads the model of that name; for the network, encodes what is not encoded yet (new items get vectors
  // from their content at once). Throws Error if there is none, or it was trained for another target; and
  // where a part is to be evaluated, if that part may hold what the model was trained on
  // (gnn::check_evaluation_split).
  static LoadedModel load(Cli& cli, const std::string& name, std::optional<graph::Part> evaluated = {});

  // Of a project that is open already, from that folder.
  static LoadedModel load(Cli& cli, std::shared_ptr<const ProjectContext> context,
                          const std::filesystem::path& folder, std::optional<graph::Part> evaluated = {});
  const ProjectContext& context() const { return *context_; }
  // What its figures have to be read with; empty if there is nothing to say.
  std::string remark() const;
  // User and item vectors of the target edge type, from the events that `seen` allows. Those of LightGCN
  // and skip-gram come from the train part whatever `seen` is; a node that they do not know has a zero
  // vector.
  gnn::ModelScorer scorer(const gnn::EmbedView& seen, ProgressSink& progress) const;
  // Vectors of all nodes of a type, from every event so far.
  gnn::NodeVectors embed(graph::NodeTypeId type, ProgressSink& progress) const;

 private:
  // At a fixed address: the model refers to its snapshot and split.
  std::shared_ptr<const ProjectContext> context_;
  std::unique_ptr<gnn::TrainedModel> network_;
  std::optional<VectorKind> kind_;
  NodeTypeVectors vectors_;  // of that kind
};

// For a model of that name that is there: rows are cleaned with the constants that it was trained with.
// Throws Error if the project's rules over rows are not the model's.
ProjectContext open_project_for_model(const Cli& cli, const std::string& model);

// The checksum of the snapshot that the model in that folder was trained on; nothing if there is no model.
std::optional<std::uint64_t> model_snapshot(const std::filesystem::path& folder);

// Throws Error if the node's vector is zero: LightGCN and skip-gram have learnt nothing of a node without
// train events, and their scores for it would say nothing.
void require_known(const gnn::NodeVectors& vectors, const graph::Snapshot& snapshot, graph::NodeRef node);

}  // namespace weft::tools
