#include "gnn/tensor_layout.h"

#include <gtest/gtest.h>

#include <cstring>

#include "base/error.h"
#include "base/hash.h"
#include "tests/support/error_of.h"

namespace weft::gnn {
namespace {

std::span<const std::byte> bytes(const std::string& text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

std::string file_of(const std::string& header, const std::string& data) {
  const std::uint64_t length = header.size();
  std::string out(8, '\0');
  std::memcpy(out.data(), &length, 8);
  return out + header + data;
}

TEST(TensorLayout, WhatIsWrittenIsRead) {
  const std::vector<TensorPlace> tensors = {
      {.name = "z", .type = TensorType::kFloat32, .shape = {2, 3}, .begin = 0, .end = 24},
      {.name = "none", .type = TensorType::kInt64, .shape = {0, 7}, .begin = 24, .end = 24},
      {.name = "a \"b\"", .type = TensorType::kBool, .shape = {}, .begin = 24, .end = 25}};
  const std::string data(25, 'x');
  const std::map<std::string, std::string> metadata = {
      {"about", "a\n"}, {kTensorHashKey, to_hex(hash64(std::string_view(data)))}};
  const std::string head = tensor_file_head(tensors, metadata);
  EXPECT_EQ(head.size() % 8, 0U);
  const std::string file = head + data;
  const TensorLayout layout = read_tensor_layout(bytes(file), "f");
  EXPECT_EQ(layout.tensors, tensors);
  EXPECT_EQ(layout.metadata, metadata);
  EXPECT_EQ(layout.data_begin, head.size());
  check_tensor_hash(layout, bytes(file), "f");
  std::string changed = file;
  changed.back() = 'y';
  EXPECT_THROW(check_tensor_hash(layout, bytes(changed), "f"), Error);
}

// What JSON readers are lenient about: a number in place of a list, fractions, negative numbers.
TEST(TensorLayout, OnlyListsOfWholeNumbersAreShapesAndOffsets) {
  const auto error = [](const std::string& entry) {
    return test::error_of(
        [&] { read_tensor_layout(bytes(file_of("{\"x\": " + entry + "}", std::string(8, 'x'))), "f"); });
  };
  EXPECT_EQ(error(R"({"dtype":"F32","shape":[2],"data_offsets":[0,8]})"), "no error");
  EXPECT_NE(error(R"({"dtype":"F32","shape":2,"data_offsets":[0,8]})"), "no error");
  EXPECT_NE(error(R"({"dtype":"F32","shape":[2.0],"data_offsets":[0,8]})"), "no error");
  EXPECT_NE(error(R"({"dtype":"F32","shape":[2],"data_offsets":[0.5,8]})"), "no error");
  EXPECT_NE(error(R"({"dtype":"F32","shape":[2],"data_offsets":[-1,8]})"), "no error");
  EXPECT_NE(error(R"({"dtype":"F32","shape":[2],"data_offsets":{"a":0,"b":8}})"), "no error");
  EXPECT_NE(error(R"({"dtype":4,"shape":[2],"data_offsets":[0,8]})"), "no error");
  EXPECT_NE(error(R"([1])"), "no error");
  EXPECT_NE(error(R"({"shape":[2],"data_offsets":[0,8]})"), "no error");
}

TEST(TensorLayout, AnEmptyTensorsStridesMustFit) {
  const auto read = [](const std::string& shape) {
    read_tensor_layout(
        bytes(file_of(R"({"x":{"dtype":"F32","shape":)" + shape + R"(,"data_offsets":[0,0]}})", "")), "f");
  };
  read("[0,1000]");
  EXPECT_THROW(read("[0,4611686018427387904]"), Error);
  EXPECT_THROW(read("[0,4294967296,4294967296]"), Error);
}

}  // namespace
}  // namespace weft::gnn
