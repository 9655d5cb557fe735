// Texts to normal form and terms.
// Parser: encoders/text/normalise.cc encoders/text/tokenizer.cc base/html.cc
#include "base/strings.h"
#include "encoders/text/normalise.h"
#include "encoders/text/tokenizer.h"
#include "tests/fuzz/fuzz_target.h"

namespace weft::fuzz {

Seeds seeds() {
  return {.accepted = {"Good &amp; cheap<br/>chair, 5&quot; &#x4e2d; &#128512;",
                       "\xE4\xBD\xA0\xE5\xA5\xBD\xE4\xB8\x96\xE7\x95\x8C abc",
                       "don't stop \xF0\x9F\x98\x80 caf\xC3\xA9 \xEF\xBC\xA1\xEF\xBC\xA2",
                       "a<b and c>d &unknown; &#0; \xC3\x28"},
          .others = {}};
}

void run(std::string_view input) {
  using namespace encoders;
  const std::string text = normalise(input);
  FUZZ_CHECK(is_utf8(text));
  FUZZ_CHECK(text.find('\0') == std::string::npos);
  FUZZ_CHECK(text.empty() || (text.front() != ' ' && text.back() != ' '));
  const std::vector<Token> tokens = tokenize(text);
  for (const Token& token : tokens) {
    FUZZ_CHECK(!token.text.empty() && token.text.data() >= text.data() &&
               token.text.data() + token.text.size() <= text.data() + text.size());
  }
  const std::vector<TermId> terms = terms_of(text, {});
  FUZZ_CHECK(terms.empty() == tokens.empty());
  for (const std::size_t limit : {std::size_t{0}, text.size() / 2})
    FUZZ_CHECK(is_utf8(utf8_prefix(text, limit)));
  tokens.empty() ? refused() : accepted();
}

}  // namespace weft::fuzz
