#include "tools/init/column_profile.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "base/hash.h"
#include "base/html.h"
#include "base/strings.h"
#include "storage/values.h"

namespace weft::init {
namespace {

bool ends_as(std::string_view text, std::span<const std::string_view> ends) {
  std::string low(text.substr(text.size() - std::min<std::size_t>(text.size(), 6)));
  for (char& c : low) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return std::any_of(ends.begin(), ends.end(), [&](std::string_view end) { return low.ends_with(end); });
}

constexpr std::array<std::string_view, 4> kImageEnds = {".jpg", ".jpeg", ".png", ".webp"};
constexpr std::array<std::string_view, 7> kSoundEnds = {".wav",  ".flac", ".ogg", ".mp3",
                                                        ".aiff", ".au",   ".caf"};

}  // namespace

void ColumnProfile::add_parts(std::string_view text) {
  if (parts.empty()) {
    parts.resize(kSeparators.size());
    part_counts.resize(kSeparators.size(), 0);
  }
  for (std::size_t s = 0; s < kSeparators.size(); ++s) {
    std::string_view rest = text;
    while (parts[s].size() <= kMaxParts) {
      const std::size_t end = rest.find(kSeparators[s]);
      const std::string_view part = trim(rest.substr(0, end));
      if (!part.empty()) {
        parts[s].insert(hash64(part));
        ++part_counts[s];
      }
      if (end == std::string_view::npos) break;
      rest.remove_prefix(end + 1);
    }
  }
}

void ColumnProfile::add_text(std::string_view text) {
  bytes += text.size();
  if (const auto number = storage::parse_number(text)) {
    least = numbers == 0 ? *number : std::min(least, *number);
    greatest = numbers == 0 ? *number : std::max(greatest, *number);
    ++numbers;
  } else if (storage::parse_time(text, storage::TimeUnit::kIso8601)) {
    ++dates;
  }
  if (text.find("://") != std::string_view::npos)
    ++urls;
  else if (ends_as(text, kImageEnds))
    ++images;
  else if (ends_as(text, kSoundEnds))
    ++sounds;
  if (trim(text).find(' ') != std::string_view::npos) ++spaced;
  if (distinct.size() < kMaxDistinct && distinct.insert(hash64(text)).second &&
      examples.size() < kMaxExamples)
    examples.emplace_back(text);
  if (text.find('&') != std::string_view::npos) {
    MarkupCounts found;
    strip_html(text, &found);
    markup += found.entities > 0 ? 1 : 0;
  }
  add_count(text);
  add_parts(text);
}

// Values too many or too long to be kinds of events leave one more than counts.
void ColumnProfile::add_count(std::string_view text) {
  if (counts.size() > kMaxCounted) return;
  const std::string_view short_text = text.substr(0, 40);
  const auto known = counts.find(short_text);
  if (known != counts.end())
    ++known->second;
  else
    counts.emplace(short_text, 1);
}

void ColumnProfile::add(const storage::Cell& cell) {
  ++rows;
  if (!cell.present) return;
  ++present;
  if (!cell.is_list) return add_text(cell.text);
  ++lists;
  if (!cell.items.empty() && storage::parse_number(cell.items[0])) ++number_lists;
  for (const std::string_view item : cell.items) {
    if (distinct.size() < kMaxDistinct) distinct.insert(hash64(item));
  }
}

double ColumnProfile::contained_in(const ColumnProfile& other) const {
  if (distinct.empty()) return 0;
  const auto shared = static_cast<double>(std::count_if(
      distinct.begin(), distinct.end(), [&](std::uint64_t v) { return other.distinct.contains(v); }));
  return shared / static_cast<double>(distinct.size());
}

}  // namespace weft::init
