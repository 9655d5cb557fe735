// Cuts normalised text into words, and words into terms: what TF-IDF counts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace weft::encoders {

enum class TokenKind : std::uint8_t {
  kWord,         // a run of letters, marks and digits; an apostrophe between letters belongs to it
  kIdeographic,  // a run of Han, Hiragana, Katakana or Hangul: scripts whose words no blank parts
  kSymbol,       // one pictograph or other symbol (emoji, signs); punctuation is left out
};

struct Token {
  TokenKind kind = TokenKind::kWord;
  std::string_view text = {};  // into the text that was cut
};

// `normalised`: well-formed UTF-8, as from normalise().
std::vector<Token> tokenize(std::string_view normalised);

struct TermOptions {
  std::size_t ngram_min = 3;  // characters; 0 = no n-grams
  std::size_t ngram_max = 5;
};

enum class TermFamily : std::uint8_t { kWord = 0, kNgram = 1 };

// A term's name: its bytes' xxh3 with a seed for each kind of term, the family in the lowest bit. 63 bits:
// two of a million terms collide with a probability of about 1 in 20 million.
using TermId = std::uint64_t;
inline TermFamily family_of(TermId id) {
  return static_cast<TermFamily>(id & 1);
}

// All terms of a normalised text, repeated as often as they occur, in no particular order. Family kWord:
// words, symbols, each ideographic character, each two neighbouring ones. Family kNgram: n-grams of
// characters of " word " (a blank on each side, so that beginnings and ends differ from middles), and of
// ideographic runs (without blanks).
std::vector<TermId> terms_of(std::string_view normalised, const TermOptions& options);

}  // namespace weft::encoders
