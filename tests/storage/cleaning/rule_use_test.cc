#include "storage/cleaning/rule_use.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/storage/shop.h"

namespace weft::storage {
namespace {

using ::testing::HasSubstr;

std::string error_of(const Shop& shop, const std::vector<std::string>& sets) {
  try {
    shop.project(sets);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    return error.what();
  }
  return "none";
}

TEST(RuleUse, ARuleForAColumnThatNothingLooksAtIsASlip) {
  const Shop shop;
  const std::string error = error_of(shop, {"nodes.user.columns.agee.range=[0, 120]"});
  EXPECT_THAT(error, HasSubstr("nothing looks at the column 'agee'"));
  EXPECT_THAT(error, HasSubstr("did you mean 'age'?"));
  EXPECT_THAT(error_of(shop, {"sources.\"events.csv\".columns.tim.required=true"}),
              HasSubstr("did you mean 'time'?"));
  EXPECT_EQ(error_of(shop, {"sources.\"events.csv\".columns.time.required=true",
                            "nodes.user.columns.age.range=[0, 120]"}),
            "none");
}

TEST(RuleUse, ARenamedColumnHasItsNewNameAlone) {
  const Shop shop;
  EXPECT_THAT(error_of(shop, {"sources.\"users.csv\".columns.age.rename=\"years\""}),
              HasSubstr("renames the column 'age'"));
  EXPECT_EQ(error_of(shop, {"sources.\"users.csv\".columns.years.rename=\"age\""}), "none")
      << "whether the file has it is for ingest to say";
  EXPECT_THAT(error_of(shop, {"sources.\"users.csv\".columns.city.rename=\"age\"",
                              "nodes.user.fields.city.column=\"city\""}),
              HasSubstr("renames the column 'city'"));
}

TEST(RuleUse, OneSectionHasAColumnsRules) {
  const Shop shop;
  EXPECT_THAT(error_of(shop, {"sources.\"users.csv\".columns.age.range=[0, 1]",
                              "nodes.user.columns.age.range=[0, 2]"}),
              HasSubstr("[sources.users.csv] has rules for the column 'age' already"));
}

TEST(RuleUse, TimesThatRulesReadNeedNoUnit) {
  const Shop shop;
  const std::string rule = "sources.\"users.csv\".columns.signup.time.unit=\"ms\"";
  EXPECT_THAT(error_of(shop, {rule}), HasSubstr("the column's rules read the time already"));
  EXPECT_EQ(error_of(shop, {rule, "nodes.user.time={column=\"signup\"}"}), "none");
  EXPECT_THAT(error_of(shop, {"nodes.user.time={column=\"signup\"}"}),
              HasSubstr("a required key is missing"));
  EXPECT_THAT(error_of(shop, {"nodes.user.columns.age.time.unit=\"s\""}),
              HasSubstr("read as a time, and here as a number"));
}

TEST(RuleUse, RulesArePartOfASourcesMeaning) {
  const Shop shop;
  const Project plain = shop.project();
  const Project ruled = shop.project({"nodes.user.columns.age.range=[0, 120]"});
  EXPECT_NE(ruled.fingerprint(0), plain.fingerprint(0));
  EXPECT_EQ(ruled.fingerprint(1), plain.fingerprint(1));
  EXPECT_NE(shop.project({"sources.\"events.csv\".columns.time.required=true"}).fingerprint(3),
            plain.fingerprint(3));
}

}  // namespace
}  // namespace weft::storage
