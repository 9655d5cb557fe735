#include "gnn/safetensors.h"

#include <gtest/gtest.h>

#include <cstring>

#include "base/error.h"
#include "base/fault_files.h"
#include "tests/gnn/tiny_graph.h"

namespace weft::gnn {
namespace {

std::string file_of(const std::string& header, const std::string& data) {
  const std::uint64_t length = header.size();
  std::string bytes(8, '\0');
  std::memcpy(bytes.data(), &length, 8);
  return bytes + header + data;
}

TEST(Safetensors, EveryTypeAndShapeComesBack) {
  const TestFolder folder;
  const std::vector<std::pair<std::string, torch::Tensor>> tensors = {
      {"float", torch::randn({3, 4})},
      {"transposed", torch::randn({3, 4}).t()},
      {"double", torch::randn({2, 1, 2}, torch::kDouble)},
      {"long", torch::arange(-3, 4)},
      {"int", torch::arange(5, torch::kInt)},
      {"byte", torch::arange(7, torch::kByte)},
      {"bool", torch::arange(4) % 2 == 0},
      {"number", torch::tensor(2.5F)},
      {"none", torch::zeros({0, 3})},
  };
  write_safetensors(folder / "a.safetensors", tensors, {{"about", "a \"test\"\n"}});
  const TensorFile read = read_safetensors(folder / "a.safetensors");
  ASSERT_EQ(read.tensors.size(), tensors.size());
  for (const auto& [name, tensor] : tensors) {
    EXPECT_EQ(read.tensors.at(name).scalar_type(), tensor.scalar_type()) << name;
    EXPECT_TRUE(read.tensors.at(name).equal(tensor)) << name;
  }
  EXPECT_EQ(read.metadata.at("about"), "a \"test\"\n");
  EXPECT_EQ(read_safetensors_metadata(folder / "a.safetensors"), read.metadata);
}

TEST(Safetensors, ReadsWhatOthersWrite) {
  const TestFolder folder;
  std::string data(8, '\0');
  const float values[2] = {1.5F, -2.0F};
  std::memcpy(data.data(), values, 8);
  real_files().write_whole(folder / "b",
                           file_of(R"({"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}   )", data));
  EXPECT_TRUE(read_safetensors(folder / "b").tensors.at("x").equal(torch::tensor({1.5F, -2.0F})));
}

TEST(Safetensors, DamagedFilesAreErrors) {
  const TestFolder folder;
  const std::string data(8, 'x');
  const std::vector<std::pair<const char*, std::string>> bad = {
      {"empty", ""},
      {"no header", "1234567"},
      {"header longer than the file", std::string("\xff\xff\x00\x00\x00\x00\x00\x00{}", 10)},
      {"header of 2^64 - 1", std::string(8, '\xff') + "{}"},
      {"no JSON", file_of("{\"x\":", data)},
      {"no object", file_of("[1]", data)},
      {"past the end", file_of(R"({"x":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}})", data)},
      {"backwards", file_of(R"({"x":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}})", data)},
      {"shape and bytes differ", file_of(R"({"x":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}})", data)},
      {"negative shape", file_of(R"({"x":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}})", data)},
      {"shape overflows",
       file_of(R"({"x":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]}})", "")},
      {"unknown type", file_of(R"({"x":{"dtype":"F8","shape":[8],"data_offsets":[0,8]}})", data)},
      {"overlap",
       file_of(
           R"({"x":{"dtype":"U8","shape":[8],"data_offsets":[0,8]},"y":{"dtype":"U8","shape":[4],"data_offsets":[4,8]}})",
           data)},
      {"gap", file_of(R"({"x":{"dtype":"U8","shape":[4],"data_offsets":[4,8]}})", data)},
      {"bytes left over", file_of(R"({"x":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}})", data)},
      {"wrong checksum",
       file_of(
           R"({"__metadata__":{"xxh3":"0000000000000000"},"x":{"dtype":"U8","shape":[8],"data_offsets":[0,8]}})",
           data)},
      {"metadata of numbers",
       file_of(R"({"__metadata__":{"a":1},"x":{"dtype":"U8","shape":[8],"data_offsets":[0,8]}})", data)},
  };
  for (const auto& [what, content] : bad) {
    real_files().write_whole(folder / "bad", content);
    EXPECT_THROW(read_safetensors(folder / "bad"), Error) << what;
  }
  EXPECT_THROW(read_safetensors(folder / "absent"), Error);
}

TEST(Safetensors, FailedWriteLeavesTheOldFile) {
  const TestFolder folder;
  write_safetensors(folder / "m", {{"x", torch::ones({2})}}, {});
  for (const FileOperation operation :
       {FileOperation::kCreate, FileOperation::kWrite, FileOperation::kSync, FileOperation::kRename}) {
    FaultFiles files(real_files());
    files.fail_nth(operation, 1);
    EXPECT_THROW(write_safetensors(folder / "m", {{"x", torch::zeros({2})}}, {}, files), Error);
    EXPECT_TRUE(read_safetensors(folder / "m").tensors.at("x").equal(torch::ones({2})));
    EXPECT_FALSE(std::filesystem::exists(folder / "m.tmp"));
  }
}

}  // namespace
}  // namespace weft::gnn
