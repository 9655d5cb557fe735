#include "base/error.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <string>

namespace weft {
namespace {

TEST(Error, SaysWhereWhatAndWhatWasExpected) {
  const Error error("is negative",
                    {.file = "shop.toml",
                     .line = 7,
                     .column = 3,
                     .field = "train.epochs",
                     .value = "-1",
                     .expected = "an integer from 1",
                     .hint = "leave it out for the default"},
                    ErrorKind::kUsage);
  EXPECT_STREQ(error.what(),
               "shop.toml:7:3: is negative (field 'train.epochs', value '-1'); expected an integer from 1\n"
               "  hint: leave it out for the default");
  EXPECT_EQ(error.summary(), "is negative");
  EXPECT_EQ(error.kind(), ErrorKind::kUsage);
  EXPECT_EQ(error.context().line, 7U);
  EXPECT_EQ(error.context().field, "train.epochs");
}

TEST(Error, LeavesOutWhatIsUnknown) {
  EXPECT_STREQ(Error("it broke").what(), "it broke");
  EXPECT_STREQ(Error("it broke", {.file = "a.csv"}).what(), "a.csv: it broke");
  EXPECT_STREQ(Error("it broke", {.file = "a.csv", .line = 2}).what(), "a.csv:2: it broke");
  EXPECT_STREQ(Error("it broke", {.line = 2}).what(), "line 2: it broke");
  EXPECT_STREQ(Error("it broke", {.field = "f"}).what(), "it broke (field 'f')");
  EXPECT_STREQ(Error("it broke", {.value = "v"}).what(), "it broke (value 'v')");
  EXPECT_STREQ(Error("it broke", {.file = "a.csv", .column = 4}).what(), "a.csv: it broke");
}

TEST(Error, IsAFailureUnlessSaidOtherwise) {
  EXPECT_EQ(Error("x").kind(), ErrorKind::kFailed);
}

TEST(Error, ErrnoTextIsTheSystemsOwn) {
  EXPECT_EQ(errno_text(ENOSPC), "No space left on device");
  EXPECT_EQ(errno_text(ENOENT), "No such file or directory");
}

TEST(Check, StopsOnAFalseConditionAndNamesIt) {
  const int three = 3;
  WEFT_CHECK(three == 3);
  EXPECT_DEATH(WEFT_CHECK(three == 4), "error_test.cc:[0-9]+: bug: check failed: three == 4");
}

TEST(Check, EvaluatesItsConditionOnce) {
  int calls = 0;
  WEFT_CHECK(++calls == 1);
  EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace weft
