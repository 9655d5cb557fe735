// An encoder for tests: a text "3" becomes (3, 6); "broken" fails; counts what it encoded.
#pragma once

#include <atomic>
#include <cstdlib>
#include <string>

#include "base/error.h"
#include "encoders/encoder.h"

namespace weft::encoders {

class FakeEncoder final : public RowEncoder {
 public:
  std::string fingerprint() const override { return "fake-1"; }
  std::size_t dim() const override { return 2; }
  mutable std::atomic<int> encoded{0};

 protected:
  void encode_one(const Asset& asset, std::span<float> out) const override {
    ++encoded;
    out[0] = 99;  // must not survive a failure
    if (asset.data == "broken") throw Error("cannot be read", {.file = "x"});
    out[0] = std::strtof(std::string(asset.data).c_str(), nullptr);
    out[1] = 2 * out[0];
  }
  std::size_t grain() const override { return 2; }
};

}  // namespace weft::encoders
