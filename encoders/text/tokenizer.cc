#include "encoders/text/tokenizer.h"

#include <utf8proc.h>

#include <algorithm>
#include <string>

#include "base/hash.h"

namespace weft::encoders {
namespace {

constexpr std::size_t kMaxWordBytes =
    256;  // what is longer is no word (base64, a script without blanks): cut in pieces

enum class CharClass : std::uint8_t { kOther, kLetter, kIdeograph, kSymbol };

bool is_ideographic(std::int32_t c) {
  return (c >= 0x3400 && c <= 0x4DBF) || (c >= 0x4E00 && c <= 0x9FFF) ||
         (c >= 0x3041 && c <= 0x30FF && c != 0x30FB) || (c >= 0x31F0 && c <= 0x31FF) ||
         (c >= 0xAC00 && c <= 0xD7A3) || (c >= 0xF900 && c <= 0xFAFF) || (c >= 0x20000 && c <= 0x3FFFF) ||
         c == 0x3005 || c == 0x3007;
}

CharClass classify(std::int32_t c) {
  if (c < 0x80) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    return letter ? CharClass::kLetter : CharClass::kOther;
  }
  if (is_ideographic(c)) return CharClass::kIdeograph;
  switch (utf8proc_category(c)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO:
      return CharClass::kLetter;
    case UTF8PROC_CATEGORY_SO:
      return CharClass::kSymbol;
    default:
      return CharClass::kOther;
  }
}

struct Char {
  std::int32_t code = 0;
  std::size_t size = 1;
};

Char char_at(std::string_view text, std::size_t i) {
  const auto first = static_cast<unsigned char>(text[i]);
  if (first < 0x80) return {.code = first};
  Char c;
  const utf8proc_ssize_t n = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()) + i,
                                              static_cast<utf8proc_ssize_t>(text.size() - i), &c.code);
  if (n <= 0) return {.code = ' '};
  c.size = static_cast<std::size_t>(n);
  return c;
}

bool joins_letters(std::int32_t c) {
  return c == '\'' || c == 0x2019;
}

// Seeds: the same bytes as a word and as an n-gram are different terms.
constexpr std::uint64_t kWordSeed = 0x77656674'776f7264ULL;
constexpr std::uint64_t kNgramSeed = 0x77656674'6e677261ULL;

TermId word_id(std::string_view text) {
  return hash64(text, kWordSeed) & ~std::uint64_t{1};
}
TermId ngram_id(std::string_view text) {
  return hash64(text, kNgramSeed) | 1;
}

// Start offsets of the characters, and the end.
void char_starts(std::string_view text, std::vector<std::size_t>& starts) {
  starts.clear();
  for (std::size_t i = 0; i < text.size(); ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xC0) != 0x80) starts.push_back(i);
  }
  starts.push_back(text.size());
}

void add_ngrams(std::string_view text, const std::vector<std::size_t>& starts, const TermOptions& options,
                std::vector<TermId>& out) {
  const std::size_t chars = starts.size() - 1;
  for (std::size_t n = options.ngram_min; n > 0 && n <= std::min(options.ngram_max, chars); ++n) {
    for (std::size_t i = 0; i + n <= chars; ++i) {
      out.push_back(ngram_id(text.substr(starts[i], starts[i + n] - starts[i])));
    }
  }
}

}  // namespace

std::vector<Token> tokenize(std::string_view text) {
  std::vector<Token> tokens;
  const auto end_of_run = [&](std::size_t i, CharClass run) {
    const std::size_t begin = i;
    while (i < text.size() && i - begin < kMaxWordBytes) {
      const Char c = char_at(text, i);
      if (classify(c.code) == run) {
        i += c.size;
        continue;
      }
      const bool joined = run == CharClass::kLetter && joins_letters(c.code) && i > begin &&
                          i + c.size < text.size() &&
                          classify(char_at(text, i + c.size).code) == CharClass::kLetter;
      if (!joined) break;
      i += c.size;
    }
    return i;
  };
  for (std::size_t i = 0; i < text.size();) {
    const Char c = char_at(text, i);
    const CharClass kind = classify(c.code);
    std::size_t end = i + c.size;
    if (kind == CharClass::kLetter || kind == CharClass::kIdeograph) {
      end = end_of_run(i, kind);
      tokens.push_back({.kind = kind == CharClass::kLetter ? TokenKind::kWord : TokenKind::kIdeographic,
                        .text = text.substr(i, end - i)});
    } else if (kind == CharClass::kSymbol) {
      tokens.push_back({.kind = TokenKind::kSymbol, .text = text.substr(i, end - i)});
    }
    i = end;
  }
  return tokens;
}

std::vector<TermId> terms_of(std::string_view normalised, const TermOptions& options) {
  std::vector<TermId> out;
  out.reserve(normalised.size() * 3);
  std::vector<std::size_t> starts;
  std::string padded;
  for (const Token& token : tokenize(normalised)) {
    if (token.kind != TokenKind::kIdeographic) {
      out.push_back(word_id(token.text));
      if (token.kind == TokenKind::kSymbol) continue;
      padded.assign(" ").append(token.text).append(" ");
      char_starts(padded, starts);
      add_ngrams(padded, starts, options, out);
      continue;
    }
    char_starts(token.text, starts);
    for (std::size_t i = 0; i + 1 < starts.size(); ++i) {
      out.push_back(word_id(token.text.substr(starts[i], starts[i + 1] - starts[i])));
      if (i + 2 < starts.size())
        out.push_back(word_id(token.text.substr(starts[i], starts[i + 2] - starts[i])));
    }
    add_ngrams(token.text, starts, options, out);
  }
  return out;
}

}  // namespace weft::encoders
