// The descriptors of the usable assets of a sample, for fitting a Reduction. Internal to encoders/.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "encoders/encoder.h"
#include "encoders/math/dense_matrix.h"

namespace weft::encoders {

// One row for each asset that is not missing and for which `describe` does not throw Error, in order; at most
// about `max_fit`, evenly spread. `describe` returns [size] values and is called from several threads.
DenseMatrix describe_sample(std::span<const Asset> assets, std::size_t max_fit, std::size_t size,
                            const std::function<std::vector<float>(const Asset&)>& describe,
                            ThreadPool* pool);

}  // namespace weft::encoders
