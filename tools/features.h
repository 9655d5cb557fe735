// From a snapshot's texts, pictures and sounds to feature sets: fits encoders on what training may see,
// encodes every node, keeps the vectors by content.
//
//   workspace/encoders/TYPE.FIELD/KEY.enc  - a fitted encoder; KEY names snapshot, split and options
//   workspace/features/TYPE.FIELD/KEY/     - its feature set for the current snapshot
//   workspace/models/NAME/encoders.json    - the KEYs of the model's latest training, finished or not; which
//   ones
//                                            the model itself uses, its own file says
//
// Writing takes the workspace's EncodeLock, except on behalf of a model that is only asked: two such
// processes may write the same feature set, and the later one replaces it by its equal.
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
};

// "type.field" -> KEY.
using EncoderKeys = std::map<std::string, std::string>;

// The keys that ensure_features will use; fits and writes nothing.
EncoderKeys encoder_keys(const ProjectContext& context);
// Feature sets of all text, image and audio fields, with encoders fitted on the train part of the project's
// split. What is damaged is made anew, with a note. Throws Error, with nothing written, if more than
// clean.max_bad_media's share of a field's files has gone since they were ingested: the data root has moved.
FeatureReport ensure_features(Cli& cli, const ProjectContext& context);
// With the encoders that a model was trained with, which must be there; fields that it does not know are left
// out. Goes on without the cache of vectors where another process holds it.
FeatureReport features_for_model(Cli& cli, const ProjectContext& context, const EncoderKeys& keys);

// Keeps the encoders of a training that begins from being removed.
void claim_encoders(const std::filesystem::path& model, const EncoderKeys& keys);
// Removes encoders, feature sets and cached vectors that no model uses. Does nothing while another process
// encodes: the next training will.
void prune_features(const ProjectContext& context);

// [nodes], 1: training may see the node's content. A type with timed or split edges: nodes with such an edge
// in train; other types: all nodes.
std::vector<std::uint8_t> train_visible(const graph::Snapshot& snapshot, const graph::Split& split,
                                        graph::NodeTypeId type);

}  // namespace weft::tools
