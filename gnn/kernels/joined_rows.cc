#include "gnn/kernels/joined_rows.h"

#include <algorithm>

#include "base/error.h"
#include "base/instructions.h"
#include "gnn/kernels/gather.h"

namespace weft::gnn {
namespace {

float or_one(const float* values, std::size_t i) {
  return values == nullptr ? 1.0F : values[i];
}

[[gnu::always_inline]] inline void divide_plain(float* row, const float* shrinkage, float mass,
                                                std::size_t dim) {
  for (std::size_t d = 0; d < dim; ++d) {
    const float by = mass + shrinkage[d];
    row[d] = by == 0 ? 0.0F : row[d] / by;
  }
}
void divide_generic(float* row, const float* shrinkage, float mass, std::size_t dim) {
  divide_plain(row, shrinkage, mass, dim);
}
WEFT_TARGET_AVX2 void divide_avx2(float* row, const float* shrinkage, float mass, std::size_t dim) {
  divide_plain(row, shrinkage, mass, dim);
}
WEFT_TARGET_AVX512 void divide_avx512(float* row, const float* shrinkage, float mass, std::size_t dim) {
  divide_plain(row, shrinkage, mass, dim);
}

// grad becomes that of the sum that was divided, before `scale`; grad_shrinkage -= grad * joined / by.
// `by_joined` [dim] takes grad * joined / by.
[[gnu::always_inline]] inline void undivide_plain(float* grad, const float* joined, const float* shrinkage,
                                                  float mass, std::size_t dim, float* by_joined) {
  for (std::size_t d = 0; d < dim; ++d) {
    const float by = mass + shrinkage[d];
    grad[d] = by == 0 ? 0.0F : grad[d] / by;
    by_joined[d] += grad[d] * joined[d];
  }
}
void undivide_generic(float* grad, const float* joined, const float* shrinkage, float mass, std::size_t dim,
                      float* by_joined) {
  undivide_plain(grad, joined, shrinkage, mass, dim, by_joined);
}
WEFT_TARGET_AVX2 void undivide_avx2(float* grad, const float* joined, const float* shrinkage, float mass,
                                    std::size_t dim, float* by_joined) {
  undivide_plain(grad, joined, shrinkage, mass, dim, by_joined);
}
WEFT_TARGET_AVX512 void undivide_avx512(float* grad, const float* joined, const float* shrinkage, float mass,
                                        std::size_t dim, float* by_joined) {
  undivide_plain(grad, joined, shrinkage, mass, dim, by_joined);
}

void divide(float* row, const float* shrinkage, float mass, std::size_t dim) {
  static const auto level = choose(divide_generic, divide_avx2, divide_avx512);
  level(row, shrinkage, mass, dim);
}
void undivide(float* grad, const float* joined, const float* shrinkage, float mass, std::size_t dim,
              float* by_joined) {
  static const auto level = choose(undivide_generic, undivide_avx2, undivide_avx512);
  level(grad, joined, shrinkage, mass, dim, by_joined);
}

void gather_part(const JoinedPart& part, std::size_t begin, std::size_t end, float* out, std::size_t stride) {
  gather_rows(GatherJob<std::uint32_t>{.offsets = part.offsets,
                                       .columns = part.sources,
                                       .edges = part.edges,
                                       .weights = part.weights,
                                       .scale = part.scale,
                                       .x = part.values,
                                       .dim = part.dim,
                                       .out = out,
                                       .x_stride = part.stride,
                                       .out_stride = stride},
              begin, end);
  if (part.shrinkage == nullptr) return;
  for (std::size_t r = begin; r < end; ++r) divide(out + r * stride, part.shrinkage, part.mass[r], part.dim);
}

}  // namespace

void join_rows(std::span<const JoinedPart> parts, std::size_t begin, std::size_t end, float* out,
               std::size_t stride) {
  for (const JoinedPart& part : parts) {
    WEFT_CHECK(part.column + part.dim <= stride);
    float* const to = out + part.column;
    if (part.dim == 0) continue;
    if (part.values != nullptr && part.offsets != nullptr) {
      gather_part(part, begin, end, to, stride);
      continue;
    }
    for (std::size_t r = begin; r < end; ++r) {
      float* const row = to + r * stride;
      if (part.values != nullptr) {
        const float* const from = part.values + r * part.stride;
        const float scale = or_one(part.scale, r);
        for (std::size_t d = 0; d < part.dim; ++d) row[d] = scale * from[d];
      } else {
        const bool there = part.offsets == nullptr || part.offsets[r + 1] > part.offsets[r];
        std::fill_n(row, part.dim, there ? part.fill : 0.0F);
      }
    }
  }
}

void unscale_gradient(const JoinedPart& part, std::size_t begin, std::size_t end, const float* joined,
                      std::size_t joined_stride, float* grad, std::size_t grad_stride, float* grad_shrinkage,
                      float* grad_mass) {
  WEFT_CHECK(part.offsets != nullptr && part.values != nullptr);
  // Of grad * joined / by: its sum over columns is the mass's gradient, over rows the shrinkage's.
  constexpr std::size_t kMost = 256;
  for (std::size_t r = begin; r < end; ++r) {
    float* const row = grad + r * grad_stride;
    const float* const made = joined == nullptr ? nullptr : joined + r * joined_stride;
    const float scale = or_one(part.scale, r);
    if (part.shrinkage == nullptr) {
      for (std::size_t d = 0; d < part.dim; ++d) row[d] *= scale;
      if (grad_mass != nullptr) grad_mass[r] = -dot(row, made, part.dim);
      continue;
    }
    float mass_gradient = 0;
    for (std::size_t first = 0; first < part.dim; first += kMost) {
      const std::size_t width = std::min(kMost, part.dim - first);
      float by_joined[kMost] = {};
      undivide(row + first, made + first, part.shrinkage + first, part.mass[r], width, by_joined);
      for (std::size_t d = 0; d < width; ++d) {
        if (grad_shrinkage != nullptr) grad_shrinkage[first + d] -= by_joined[d];
        mass_gradient -= by_joined[d];
        row[first + d] *= scale;
      }
    }
    if (grad_mass != nullptr) grad_mass[r] = mass_gradient * scale;
  }
}

}  // namespace weft::gnn
