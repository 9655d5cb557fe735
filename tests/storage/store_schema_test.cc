#include "storage/store_schema.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "tests/storage/small_store.h"

namespace weft::storage {
namespace {

TEST(StoreSchema, ComesBackFromJson) {
  const StoreSchema schema = small_schema();
  EXPECT_EQ(StoreSchema::from_json(schema.to_json(), "here"), schema);
}

TEST(StoreSchema, DamagedJsonIsAnError) {
  const std::string text = small_schema().to_json();
  for (std::size_t size = 0; size < text.size(); size += 7)
    EXPECT_THROW(StoreSchema::from_json(text.substr(0, size), "here"), Error);
  EXPECT_THROW(StoreSchema::from_json("[]", "here"), Error);
}

}  // namespace
}  // namespace weft::storage
