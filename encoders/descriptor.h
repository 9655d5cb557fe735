// Descriptors: fixed lists of measurements of a picture or sound, in named groups, and what is learnt about
// them from a shop's own media: their spread, and the directions in which they vary together (PCA).
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "encoders/math/dense_matrix.h"

namespace weft {
class ThreadPool;
}

namespace weft::encoders {

class ModelFile;
class ModelFileWriter;

// Measurements of one kind. `weight`: its share in the distance between two descriptors, whatever its size.
struct DescriptorGroup {
  std::string_view name = {};
  std::size_t size = 0;
  double weight = 1;
};

std::size_t descriptor_size(std::span<const DescriptorGroup> groups);

// Collects a descriptor's values; checks that each group gets as many as it should. Values that are not
// finite become 0.
class DescriptorBuilder {
 public:
  explicit DescriptorBuilder(std::span<const DescriptorGroup> groups) : groups_(groups) {}
  void add(float value);
  void add(std::span<const float> values);
  // The values of groups_[i] are complete. Called once for each group, in order.
  void end_group(std::string_view name);
  std::vector<float> take();

 private:
  std::span<const DescriptorGroup> groups_;
  std::vector<float> values_;
  std::size_t group_ = 0;
  std::size_t group_begin_ = 0;
};

struct ReductionOptions {
  std::size_t dim = 128;
  double whiten = 0.5;  // 0: each direction keeps its spread; 1: all get the same
};

// Descriptor -> vector: each value standardised (and cut at 6 standard deviations), groups weighted, the
// leading principal components, scaled by spread^-whiten and so that the mean square of a value over the
// fitted descriptors is 1.
class Reduction {
 public:
  // `descriptors`: [n, size]. With n or the number of directions below dim, the last values of a vector are
  // zero; with n = 0 all are.
  static Reduction fit(const DenseMatrix& descriptors, std::span<const DescriptorGroup> groups,
                       const ReductionOptions& options, ThreadPool* pool);
  // Throws Error if the file does not hold a reduction of this shape.
  static Reduction load(const ModelFile& file, std::size_t size, std::size_t dim);
  void save(ModelFileWriter& writer) const;

  // `out`: [dim].
  void apply(std::span<const float> descriptor, std::span<float> out) const;

 private:
  std::vector<float> mean_;   // [size]
  std::vector<float> scale_;  // [size]: weight / standard deviation
  std::vector<float> limit_;  // [size]: where scaled values are cut
  DenseMatrix directions_;    // [size, rank], scaled
};

}  // namespace weft::encoders
