// Memory for large arrays that are read at random: the system is asked for huge pages, so that most reads
// need no walk of the page tables. Where it has none, ordinary pages do. They begin on a cache line, whatever
// their size.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <string_view>
#include <vector>

namespace weft {

template <typename T>
struct HugePageAllocator {
  using value_type = T;
  HugePageAllocator() = default;
  template <typename U>
  HugePageAllocator(const HugePageAllocator<U>&) {}  // NOLINT: allocators convert into each other

  static constexpr std::size_t kHugePage = std::size_t{2} << 20;
  static constexpr std::align_val_t kCacheLine{64};

  T* allocate(std::size_t count) {
    const std::size_t bytes = count * sizeof(T);
    if (bytes < kHugePage) return static_cast<T*>(::operator new(bytes, kCacheLine));
    const std::size_t whole = (bytes + kHugePage - 1) / kHugePage * kHugePage;
    void* memory = std::aligned_alloc(kHugePage, whole);
    if (memory == nullptr) throw std::bad_alloc();
    madvise(memory, whole, MADV_HUGEPAGE);  // a wish: failing changes nothing
    return static_cast<T*>(memory);
  }
  void deallocate(T* memory, std::size_t count) {
    if (count * sizeof(T) < kHugePage) return ::operator delete(memory, kCacheLine);
    std::free(memory);
  }
  template <typename U>
  bool operator==(const HugePageAllocator<U>&) const {
    return true;
  }
};

template <typename T>
using HugeVector = std::vector<T, HugePageAllocator<T>>;

// Bytes that are appended and never grow beyond their room.
class HugeBytes {
 public:
  explicit HugeBytes(std::size_t capacity)
      : bytes_(HugePageAllocator<char>().allocate(capacity), Free{capacity}) {}

  std::size_t size() const { return size_; }
  std::size_t room() const { return bytes_.get_deleter().capacity - size_; }
  std::string_view view() const { return {bytes_.get(), size_}; }
  // At most room() bytes.
  void append(const char* from, std::size_t count) {
    if (count == 0) return;
    std::memcpy(bytes_.get() + size_, from, count);
    size_ += count;
  }

 private:
  struct Free {
    std::size_t capacity = 0;
    void operator()(char* bytes) const { HugePageAllocator<char>().deallocate(bytes, capacity); }
  };
  std::unique_ptr<char, Free> bytes_;
  std::size_t size_ = 0;
};

}  // namespace weft
