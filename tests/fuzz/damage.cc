#include "tests/fuzz/damage.h"

#include <utility>

namespace weft::fuzz {

void damage(std::string& content, std::uint8_t how, std::uint16_t where, std::uint64_t value) {
  if (content.empty()) how = 4;
  const std::size_t at = content.empty() ? 0 : where % content.size();
  switch (how % 6) {
    case 0:
      content[at] = static_cast<char>(content[at] ^ static_cast<char>(value));
      break;
    case 1:  // one number of the array
    case 2: {
      const std::size_t size = how % 6 == 1 ? 4 : 8;
      const std::size_t item = at / size * size;
      if (item + size > content.size()) break;
      for (std::size_t i = 0; i < size; ++i) content[item + i] = static_cast<char>(value >> (8 * i));
      break;
    }
    case 3:
      content.resize(at);
      break;
    case 4:
      content.append(1 + where % 64, static_cast<char>(value));
      break;
    default: {  // two numbers change places
      const std::size_t a = at / 8 * 8, b = value % content.size() / 8 * 8;
      if (a + 8 > content.size() || b + 8 > content.size()) break;
      for (std::size_t i = 0; i < 8; ++i) std::swap(content[a + i], content[b + i]);
    }
  }
}

}  // namespace weft::fuzz
