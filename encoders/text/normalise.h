// Brings texts that people take for equal to equal bytes: markup taken out, Unicode NFKC with case folding.
#pragma once

#include <string>
#include <string_view>

namespace weft::encoders {

// Well-formed UTF-8 out for any bytes in. In order: HTML entities become their characters and tags such as
// <br /> a blank (base/html.h); NFKC_Casefold (full-width and compatibility forms, case, default-ignorable
// characters such as soft hyphens and variation selectors; UAX 44); ill-formed bytes and control characters
// become blanks; runs of white space become one blank, none at
// the ends.
std::string normalise(std::string_view text);

// The longest prefix of at most `limit` bytes that does not cut a UTF-8 character.
std::string_view utf8_prefix(std::string_view text, std::size_t limit);

}  // namespace weft::encoders
