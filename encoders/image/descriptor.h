// What is measured of a picture: colours and where they are, edges, outline, texture. docs/encoders.md says
// what each group means.
#pragma once

#include <span>
#include <vector>

#include "encoders/descriptor.h"
#include "encoders/image/picture.h"

namespace weft::encoders {

std::span<const DescriptorGroup> image_groups();

// Always of the length descriptor_size(image_groups()), and finite.
std::vector<float> describe_picture(const Picture& picture);

}  // namespace weft::encoders
