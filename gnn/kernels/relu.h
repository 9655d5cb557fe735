// What is positive of each number, and the gradient of that.
#pragma once

#include <span>

namespace weft::gnn {

// In place: negative numbers become 0.
void relu(std::span<float> values);

// out[i] = grad[i] where made[i], a result of relu, is positive, else 0. All of one length.
void relu_gradient(std::span<const float> grad, std::span<const float> made, std::span<float> out);

}  // namespace weft::gnn
