// Text tidy-up: what a source's texts have that no reader of them wants.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weft::storage {

// In the order in which they are done, whatever the order in which they are asked for.
enum class TidyStep {
  kHtml,     // references become characters, tags blanks (base/html.h)
  kControl,  // control characters (Unicode's Cc) other than tab and line ends become blanks; byte order marks
             // within the text go
  kNfc,      // Unicode's normal form C
  kNfkc,     // Unicode's normal form KC: compatibility characters too (full width, ligatures)
  kSpace,    // runs of Unicode white space become one blank, none at the ends
};
inline constexpr std::size_t kTidySteps = 5;
const std::vector<std::string>& tidy_step_names();  // "html", "control", "nfc", "nfkc", "space"

struct TidySteps {
  std::array<bool, kTidySteps> wanted = {};
  bool any() const {
    for (const bool step : wanted) {
      if (step) return true;
    }
    return false;
  }
};

// Does one step on well-formed UTF-8. Nothing if it changes nothing.
std::optional<std::string> tidy(std::string_view text, TidyStep step);

}  // namespace weft::storage
