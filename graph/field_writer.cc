#include "graph/field_writer.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <unordered_map>
#include <vector>

#include "base/error.h"

namespace weft::graph {
namespace {

constexpr std::size_t kCodesInMemory = std::size_t{1} << 20;  // bytes; more wait on disk

// What all kinds have in common.
class Columns : public FieldWriter {
 public:
  Columns(std::string name, std::uint64_t nodes) : name_(std::move(name)), nodes_(nodes) {}
  void put_text(NodeId node, std::string_view text) override { put(node, std::string(text)); }

 protected:
  // The value as a T; null if it is missing.
  template <typename T>
  const T* value_as(const FieldValue& value) const {
    if (std::holds_alternative<std::monostate>(value)) return nullptr;
    if (const T* found = std::get_if<T>(&value)) return found;
    other_kind();
  }
  [[noreturn]] void other_kind() const {
    throw Error("a field's value is of another kind than the field", {.field = name_});
  }
  // `there` values were written, of the nodes before this one.
  void check_order(NodeId node, std::uint64_t there) const { WEFT_CHECK(there <= node && node < nodes_); }

  std::string name_;
  std::uint64_t nodes_;
};

class Numbers final : public Columns {
 public:
  Numbers(SnapshotFolder& folder, const std::string& prefix, std::string name, std::uint64_t nodes)
      : Columns(std::move(name), nodes), numbers_(folder, prefix + "numbers") {}
  void put(NodeId node, const FieldValue& value) override {
    const double* number = value_as<double>(value);
    if (number == nullptr || std::isnan(*number)) return;  // one NaN, whatever its bits were
    check_order(node, numbers_.count());
    numbers_.fill(kMissing, node);
    numbers_.put(*number);
  }
  void finish() override {
    numbers_.fill(kMissing, nodes_);
    numbers_.close();
  }

 private:
  static constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();
  ColumnFile<double> numbers_;
};

class Texts final : public Columns {
 public:
  Texts(SnapshotFolder& folder, const std::string& prefix, std::string name, std::uint64_t nodes)
      : Columns(std::move(name), nodes), texts_(folder, prefix + "text") {}
  void put(NodeId node, const FieldValue& value) override {
    if (const auto* text = value_as<std::string>(value)) put_text(node, *text);
  }
  void put_text(NodeId node, std::string_view text) override {
    check_order(node, texts_.count());
    texts_.fill(node);
    texts_.put(text);
  }
  void finish() override {
    texts_.fill(nodes_);
    texts_.close();
  }

 private:
  StringsFile texts_;
};

class Media final : public Columns {
 public:
  Media(SnapshotFolder& folder, const std::string& prefix, std::string name, std::uint64_t nodes)
      : Columns(std::move(name), nodes),
        paths_(folder, prefix + "paths"),
        hashes_(folder, prefix + "hashes") {}
  void put(NodeId node, const FieldValue& value) override {
    const auto* media = value_as<MediaValue>(value);
    if (media == nullptr) return;
    check_order(node, paths_.count());
    paths_.fill(node);
    hashes_.fill(node);
    paths_.put(media->path);
    hashes_.put(media->content_hash);
  }
  void finish() override {
    paths_.fill(nodes_);
    hashes_.fill(nodes_);
    paths_.close();
    hashes_.close();
  }

 private:
  StringsFile paths_, hashes_;
};

// Codes are positions among all words, so those of first appearance wait until the last word is known.
class Categories final : public Columns {
 public:
  Categories(SnapshotFolder& folder, Scratch& scratch, const std::string& prefix, std::string name,
             std::uint64_t nodes)
      : Columns(std::move(name), nodes),
        folder_(folder),
        scratch_(scratch),
        prefix_(prefix),
        offsets_(folder, prefix + "codes.offsets"),
        waiting_(scratch, "codes", kCodesInMemory) {
    offsets_.put(0);
  }
  void put(NodeId node, const FieldValue& value) override {
    const auto* words = value_as<std::vector<std::string>>(value);
    if (words == nullptr) return;
    check_order(node, offsets_.count() - 1);
    offsets_.fill(codes_, std::uint64_t{node} + 1);
    for (const std::string& word : *words) {
      const auto [at, added] = first_codes_.emplace(word, static_cast<std::uint32_t>(first_codes_.size()));
      if (added && first_codes_.size() > std::numeric_limits<std::uint32_t>::max())
        throw Error("too many categories", {.field = name_});
      waiting_.put(at->second);
      ++codes_;
    }
    offsets_.put(codes_);
  }
  void finish() override {
    offsets_.fill(codes_, nodes_ + 1);
    offsets_.close();
    std::vector<std::pair<std::string_view, std::uint32_t>> words(first_codes_.begin(), first_codes_.end());
    std::sort(words.begin(), words.end());
    StringsFile dictionary(folder_, prefix_ + "words");
    std::vector<std::uint32_t> code(words.size());
    for (std::size_t i = 0; i < words.size(); ++i) {
      dictionary.put(words[i].first);
      code[words[i].second] = static_cast<std::uint32_t>(i);
    }
    dictionary.close();
    ColumnFile<std::uint32_t> codes(folder_, prefix_ + "codes");
    const Spool spool = waiting_.finish();
    SpoolReader reader(spool, scratch_.files(), kCodesInMemory);
    for (std::uint32_t first = 0; reader.get(first);) codes.put(code[first]);
    codes.close();
  }

 private:
  SnapshotFolder& folder_;
  Scratch& scratch_;
  std::string prefix_;
  ColumnFile<std::uint64_t> offsets_;
  SpoolWriter waiting_;
  std::unordered_map<std::string, std::uint32_t> first_codes_;
  std::uint64_t codes_ = 0;
};

}  // namespace

std::unique_ptr<FieldWriter> FieldWriter::make(SnapshotFolder& folder, Scratch& scratch, const NodeType& type,
                                               NodeTypeId id, std::size_t field, std::uint64_t nodes) {
  const std::string prefix = field_file(id, field, "");
  std::string name = type.name + "." + type.fields[field].name;
  switch (type.fields[field].kind) {
    case FieldKind::kNumber:
      return std::make_unique<Numbers>(folder, prefix, std::move(name), nodes);
    case FieldKind::kCategory:
      return std::make_unique<Categories>(folder, scratch, prefix, std::move(name), nodes);
    case FieldKind::kText:
      return std::make_unique<Texts>(folder, prefix, std::move(name), nodes);
    case FieldKind::kImage:
    case FieldKind::kAudio:
      return std::make_unique<Media>(folder, prefix, std::move(name), nodes);
  }
  WEFT_CHECK(false);
  return nullptr;
}

}  // namespace weft::graph
