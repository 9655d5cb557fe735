#include "encoders/fit_descriptors.h"

#include <algorithm>

#include "base/error.h"
#include "encoders/math/for_ranges.h"

namespace weft::encoders {

DenseMatrix describe_sample(std::span<const Asset> assets, std::size_t max_fit, std::size_t size,
                            const std::function<std::vector<float>(const Asset&)>& describe,
                            ThreadPool* pool) {
  std::vector<Asset> given;
  for (const Asset& asset : assets) {
    if (asset.kind != AssetKind::kMissing) given.push_back(asset);
  }
  const std::vector<std::size_t> sample = fit_sample(given.size(), max_fit);
  std::vector<std::vector<float>> found(sample.size());
  for_ranges(pool, sample.size(), 16, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      try {
        found[i] = describe(given[sample[i]]);
      } catch (const Error&) {
        found[i].clear();  // encode() reports it; nothing can be learnt from it
      }
    }
  });
  std::erase_if(found, [](const std::vector<float>& row) { return row.empty(); });
  DenseMatrix out(found.size(), size);
  for (std::size_t i = 0; i < found.size(); ++i) {
    WEFT_CHECK(found[i].size() == size);
    std::copy(found[i].begin(), found[i].end(), out.row(i));
  }
  return out;
}

}  // namespace weft::encoders
