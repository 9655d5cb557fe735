// Which part of a picture is the thing shown, and what outline it has.
#pragma once

#include <vector>

#include "encoders/image/picture.h"

namespace weft::encoders {

struct Foreground {
  Plane mask;        // 0 .. 1: how unlike the picture's border a pixel's colour is
  Lab border;        // the border's median colour
  float unrest = 0;  // how much the border's colours vary (Lab units): a plain background or a scene
};
Foreground find_foreground(const Picture& picture);

inline constexpr std::size_t kHarmonics = 8;
inline constexpr std::size_t kHuMoments = 7;

// All of the mask above one half, or, of an empty mask, zeros.
struct Outline {
  float area = 0;                    // share of the picture
  float x = 0, y = 0;                // centre, -1 .. 1
  float stretch = 0;                 // 0 for a disc, towards 1 for a line
  float lean_cos = 0, lean_sin = 0;  // stretch times cosine and sine of twice the axis' angle
  float roundness = 0;               // 1 for a disc, less for ragged or long outlines
  std::vector<float>
      hu;  // [kHuMoments], sign-preserving logarithms (Hu, IRE Trans. Information Theory 8, 1962)
  std::vector<float> harmonics;  // [kHarmonics], magnitudes of the outline's distance from the centre around
                                 // the circle: the third is high for triangles, the fourth for squares
  std::vector<float> cropped;    // [8, 8], the mask within its bounding box
};
Outline trace_outline(const Foreground& foreground);

}  // namespace weft::encoders
