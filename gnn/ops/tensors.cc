#include "gnn/ops/tensors.h"

#include <algorithm>

#include "base/error.h"

namespace weft::gnn {
namespace {

template <typename T>
T* pointer_of(const torch::Tensor& t, torch::ScalarType type) {
  if (!t.defined()) return nullptr;
  WEFT_CHECK(t.scalar_type() == type && t.is_contiguous());
  return reinterpret_cast<T*>(t.data_ptr());
}
std::size_t size_of(const torch::Tensor& t) {
  return t.defined() ? static_cast<std::size_t>(t.numel()) : 0;
}

}  // namespace

std::span<const float> floats(const torch::Tensor& t) {
  return {pointer_of<const float>(t, torch::kFloat32), size_of(t)};
}
std::span<float> mutable_floats(const torch::Tensor& t) {
  return {pointer_of<float>(t, torch::kFloat32), size_of(t)};
}
std::span<const BFloat16> bfloat16s(const torch::Tensor& t) {
  return {pointer_of<const BFloat16>(t, torch::kBFloat16), size_of(t)};
}
std::span<BFloat16> mutable_bfloat16s(const torch::Tensor& t) {
  return {pointer_of<BFloat16>(t, torch::kBFloat16), size_of(t)};
}

torch::Tensor copy_of(std::span<const std::uint32_t> values) {
  const torch::Tensor t = torch::empty({static_cast<std::int64_t>(values.size())}, torch::kInt32);
  std::copy(values.begin(), values.end(), mutable_unsigned_values(t).begin());
  return t;
}
std::span<const std::uint32_t> unsigned_values(const torch::Tensor& t) {
  return {pointer_of<const std::uint32_t>(t, torch::kInt32), size_of(t)};
}
std::span<std::uint32_t> mutable_unsigned_values(const torch::Tensor& t) {
  return {pointer_of<std::uint32_t>(t, torch::kInt32), size_of(t)};
}

void check_block(std::span<const std::uint32_t> offsets, std::span<const std::uint32_t> sources,
                 std::int64_t senders) {
  WEFT_CHECK(!offsets.empty() && offsets.front() == 0);
  if (offsets.back() > sources.size()) {
    throw Error(fmt::format("sparse rows of {} edges do not fit {} sources", offsets.back(), sources.size()));
  }
  std::uint32_t largest = 0;
  for (const std::uint32_t source : sources.first(offsets.back())) largest = std::max(largest, source);
  if (offsets.back() > 0 && std::int64_t{largest} >= senders) {
    throw Error(fmt::format("a sparse row names sender {} of {}", largest, senders));
  }
}

}  // namespace weft::gnn
