// `weft export` and `weft import` as a user runs them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/npy.h"
#include "tests/tools/run_weft.h"

namespace weft {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

fs::path make_project() {
  const fs::path folder = scratch_folder("export");
  write_text(folder / "shop.toml", R"([nodes.user]
[nodes.item]
source = "items.jsonl"
id = "id"
fields.title = { kind = "text" }
fields.price = { kind = "number" }
[edges.buys]
source = "events.csv"
from = "user:user"
to = "item:item"
time = { column = "time", unit = "s" }
[task]
target = "buys"
)");
  write_text(folder / "items.jsonl", R"({"id": "a", "title": "red chair", "price": 2.5})"
                                     "\n"
                                     R"({"id": "b", "title": "blue chair"})"
                                     "\n");
  write_text(folder / "events.csv", "time,user,item\n1,u,a\n2,v,b\n3,u,b\n");
  EXPECT_EQ(run_weft("ingest " + (folder / "shop.toml").string()).exit_code, 0);
  return folder;
}

TEST(CommandExport, GoesOutAndComesBackInBothFormats) {
  const fs::path folder = make_project();
  const std::string project = (folder / "shop.toml").string();
  for (const std::string format : {"parquet", "npy"}) {
    const std::string out = (folder / format).string();
    const RunResult exported =
        run_weft("export " + project + " --out " + out + " --format " + format + " --json");
    ASSERT_EQ(exported.exit_code, 0) << exported.err;
    EXPECT_EQ(nlohmann::json::parse(exported.out)["edges"], 3);
    EXPECT_EQ(run_weft("export " + project + " --out " + out).exit_code, 2) << "it is there already";
    const std::string other = " --set project.workspace=" + (folder / (format + ".weft")).string();
    const RunResult imported = run_weft("import " + project + " " + out + other + " --json");
    ASSERT_EQ(imported.exit_code, 0) << imported.err;
    EXPECT_EQ(nlohmann::json::parse(imported.out)["nodes"], 4);
    EXPECT_EQ(run_weft("verify " + project + other).exit_code, 0);
    // The sources are there: all of them is known.
    const RunResult again = run_weft("ingest " + project + other + " --json");
    ASSERT_EQ(again.exit_code, 0) << again.err;
    EXPECT_EQ(nlohmann::json::parse(again.out)["edges"]["buys"]["total"], 3);
    EXPECT_EQ(run_weft("import " + project + " " + out + other).exit_code, 2) << "there is a graph already";
  }
  const NpyFile index = NpyFile::open(folder / "npy/edges.buys.index.npy");
  EXPECT_EQ(index.shape(), (std::vector<std::size_t>{2, 3}));
  EXPECT_EQ(index.integers(), (std::vector<std::int64_t>{0, 0, 1, 0, 1, 1}));
}

TEST(CommandExport, SaysWhatIsWrong) {
  const fs::path folder = make_project();
  const std::string project = (folder / "shop.toml").string();
  const RunResult format =
      run_weft("export " + project + " --out " + (folder / "o").string() + " --format csv");
  EXPECT_EQ(format.exit_code, 2);
  EXPECT_THAT(format.err, HasSubstr("parquet or npy"));
  EXPECT_FALSE(fs::exists(folder / "o"));
  const RunResult import = run_weft("import " + project + " " + folder.string() +
                                    " --set project.workspace=" + (folder / "w").string());
  EXPECT_EQ(import.exit_code, 2);
  EXPECT_THAT(import.err, HasSubstr("weft export"));
}

}  // namespace
}  // namespace weft
