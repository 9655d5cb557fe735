#include "graph/sealed_json.h"

#include "base/hash.h"

namespace weft::graph {
namespace {

// The last bytes of a manifest: its own xxh3 over everything before them.
constexpr std::string_view kChecksumKey = ",\n \"manifest_checksum\": \"";
constexpr std::string_view kEnd = "\"\n}\n";
constexpr std::size_t kHexDigits = 16;

// Checks and cuts off the checksum line; what is left lacks only the closing brace.
std::string_view checked_body(std::string_view text, const std::string& file, const std::string& hint) {
  const std::size_t tail = kChecksumKey.size() + kHexDigits + kEnd.size();
  std::uint64_t stored = 0;
  const std::string_view body = text.substr(0, text.size() < tail ? 0 : text.size() - tail);
  if (text.size() < tail || text.substr(body.size(), kChecksumKey.size()) != kChecksumKey ||
      !text.ends_with(kEnd) ||
      !from_hex(text.substr(body.size() + kChecksumKey.size(), kHexDigits), stored)) {
    throw Error("is damaged: it does not end in its own checksum", {.file = file, .hint = hint});
  }
  if (hash64(body) != stored) {
    throw Error("is damaged: its checksum differs",
                {.file = file, .value = to_hex(hash64(body)), .expected = to_hex(stored), .hint = hint});
  }
  return body;
}

}  // namespace

std::string seal_json(const Json& object) {
  std::string text = object.dump(1);
  text.resize(text.size() - 2);  // the closing "\n}"
  const std::uint64_t checksum = hash64(text);
  text += kChecksumKey;
  text += to_hex(checksum);
  text += kEnd;
  return text;
}

Json read_sealed_json(std::string_view text, const std::string& file, const std::string& hint) {
  return parse_json(std::string(checked_body(text, file, hint)) + "\n}", file);
}

}  // namespace weft::graph
