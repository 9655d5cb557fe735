#include "gnn/model_kind.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "base/error.h"

namespace weft::gnn {
namespace {

ModelKind read(const std::string& model) {
  return read_model_kind(TomlFile::parse("[model]\n" + model, "test.toml").root());
}

TEST(ModelKind, IsReadByName) {
  EXPECT_EQ(read(""), ModelKind::kGraphSage);
  for (const auto& [name, kind] :
       std::vector<std::pair<std::string, ModelKind>>{{"graphsage", ModelKind::kGraphSage},
                                                      {"gat", ModelKind::kGat},
                                                      {"lightgcn", ModelKind::kLightGcn},
                                                      {"skipgram", ModelKind::kSkipGram}})
    EXPECT_EQ(read("kind = \"" + name + "\""), kind) << name;
  EXPECT_THROW(read("kind = \"gcn\""), Error);
}

}  // namespace
}  // namespace weft::gnn
