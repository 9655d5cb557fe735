// From a snapshot's texts, pictures and sounds to feature sets: fits encoders on what training may see,
// encodes every node, keeps the vectors by content.
//
//   workspace/encoders/TYPE.FIELD/KEY.enc   a fitted encoder; KEY names what it was fitted on: snapshot,
//   split and options workspace/features/TYPE.FIELD/KEY/      its feature set for the current snapshot
//   workspace/models/NAME/encoders.json     which KEY a model uses, so that it finds its own encoders again
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "gnn/inputs/feature_input.h"
#include "tools/cli.h"
#include "tools/project_context.h"

namespace weft::tools {

struct EncodedField {
  std::string type = {}, field = {}, kind = {};
  std::string key = {};
  std::uint64_t rows = 0, present = 0, failed = 0, dim = 0;
  bool fitted = false;                     // the encoder was fitted now (else it was there)
  bool encoded = false;                    // the feature set was written now (else it was there)
  std::vector<std::string> failures = {};  // the first few, as in "item 'B004': JPEG ends early"
};

struct FeatureReport {
  std::vector<EncodedField> fields = {};
  gnn::FeatureInputs inputs = {};
  std::map<std::string, std::string> keys() const;  // "type.field" -> KEY
};

// Feature sets of all text, image and audio fields, with encoders fitted on the train part of the project's
// split.
FeatureReport ensure_features(Cli& cli, const ProjectContext& context);
// With the encoders that a model was trained with.
FeatureReport features_for_model(Cli& cli, const ProjectContext& context, const std::filesystem::path& model);
// Remembers the encoders in the model's folder, and removes encoders and feature sets that no model and no
// current field uses.
void keep_encoders(const ProjectContext& context, const std::filesystem::path& model,
                   const FeatureReport& features);

// All feature sets of the workspace.
std::vector<std::filesystem::path> feature_folders(const storage::Project& project);

// [nodes], 1: training may see the node's content. A type with timed or split edges: nodes with such an edge
// in train; other types: all nodes.
std::vector<std::uint8_t> train_visible(const graph::Snapshot& snapshot, const graph::Split& split,
                                        graph::NodeTypeId type);

}  // namespace weft::tools
