// `weft explain` through the real program.
#include <gmock/gmock.h>

#include "tests/tools/run_weft.h"
#include "tests/tools/small_shop.h"

namespace weft {
namespace {

using ::testing::HasSubstr;

TEST(ExplainCommand, ShowsPathsAndRefusesWhatItDoesNotKnow) {
  const SmallShop shop;
  ASSERT_EQ(shop.run("ingest --quiet").exit_code, 0);
  // u0 buys i0 on the first day, then i3, i6, ...; u11, for one, buys i0 and i6.
  const auto direct = shop.run("explain --user u0 --item i0 --json").json();
  ASSERT_FALSE(direct["paths"].empty());
  EXPECT_EQ(direct["paths"][0]["hops"], 1);
  EXPECT_EQ(direct["paths"][0]["relations"][0], "buys");
  EXPECT_EQ(direct["paths"][0]["steps"][0]["time"], "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(direct["title"], "thing of kind 0");

  const auto indirect = shop.run("explain --user u0 --item i0 --indirect --json").json();
  ASSERT_FALSE(indirect["paths"].empty());
  for (const auto& path : indirect["paths"]) EXPECT_GE(path["hops"].get<int>(), 3);

  const RunResult text = shop.run("explain --user u0 --item i0");
  ASSERT_EQ(text.exit_code, 0) << text.err;
  EXPECT_THAT(text.out, HasSubstr("-- buys 1970-01-01 00:00 -->"));
  EXPECT_THAT(text.out, HasSubstr("item i0 'thing of kind 0'"));
  const RunResult early = shop.run("explain --user u0 --item i0 --before 1969-12-31");
  ASSERT_EQ(early.exit_code, 0) << early.err;
  EXPECT_THAT(early.out, HasSubstr("no path of at most 5 hops"));

  const RunResult user = shop.run("explain --user u100 --item i0");
  EXPECT_EQ(user.exit_code, 2);
  EXPECT_THAT(user.err, HasSubstr("did you mean 'u10'"));
  const RunResult time = shop.run("explain --user u0 --item i0 --before yesterday");
  EXPECT_EQ(time.exit_code, 2);
  EXPECT_THAT(time.err, HasSubstr("--before"));
  EXPECT_EQ(shop.run("explain --user u0 --item i0 --max-hops 9").exit_code, 2);
}

}  // namespace
}  // namespace weft
