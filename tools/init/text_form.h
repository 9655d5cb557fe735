// How a text file's bytes are to be read where its name does not tell: their encoding, what parts its
// columns, and the types that a RecBole header gives them. Guessed from the file's beginning.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/files.h"
#include "storage/source_files.h"

namespace weft::init {

struct TextForm {
  storage::Encoding encoding = storage::Encoding::kUtf8;
  char delimiter = '\0';                             // NUL: the format's own
  std::map<std::string, std::string> declared = {};  // column -> "token", "token_seq", "float", "float_seq"

  // The options that a [sources.*] section needs, as TOML lines; empty if it needs none.
  std::string options() const;
};

// The encoding of some text without a byte order mark that may be cut anywhere: UTF-8 if it is that, or if it
// is no text at all; GBK or GB18030 if nearly all that is not ASCII is Chinese then; else Windows-1252, or
// Latin-1 where that has no character.
storage::Encoding guess_encoding(std::string_view sample);

// The delimiter of a CSV's (`usual` is ',') or tab-separated file's ('\t') beginning: NUL if it is the usual
// one, or if no other one parts the first two lines into equally many columns.
char guess_delimiter(std::string_view sample, char usual);

// Default for Parquet and JSON lines, but for the encoding of the latter. Throws Error if the file cannot be
// read.
TextForm find_text_form(const storage::SourceFile& source, Files& files);

}  // namespace weft::init
