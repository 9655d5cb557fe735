#include "base/toml.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "base/files.h"
#include "tests/support/temp_folder.h"

namespace weft {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

// The message of the Error (kUsage) that the action throws, or what it did instead.
template <typename Action>
std::string error_of(const Action& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.kind() == ErrorKind::kUsage ? error.what()
                                             : std::string("not a usage error: ") + error.what();
  }
  return "no error";
}

constexpr const char* kShop = R"(# a shop
[nodes.user]
source = "users.csv"
fields.age = { kind = "number" }
fields.city = { kind = "category" }

[nodes.item]
source = ["a.jsonl", "b.jsonl"]
[train]
epochs = 5
rate = 0.01
shuffle = true
sizes = [10, 5.5]
when = 2024-01-01
)";

TEST(Toml, ReadsEveryKindOfValue) {
  const TomlFile file = TomlFile::parse(kShop, "shop.toml");
  const TomlSection train = file.root().section("train");
  EXPECT_EQ(train.get_integer("epochs", 1), 5);
  EXPECT_EQ(train.get_number("rate", 1), 0.01);
  EXPECT_EQ(train.get_number("epochs", 1), 5.0);  // an integer where a number is wanted
  EXPECT_TRUE(train.get_bool("shuffle", false));
  EXPECT_THAT(train.get_numbers("sizes"), ElementsAre(10, 5.5));
  const TomlSection nodes = file.root().section("nodes");
  EXPECT_EQ(nodes.section("user").get_string("source"), "users.csv");
  EXPECT_THAT(nodes.section("user").get_strings("source"), ElementsAre("users.csv"));
  EXPECT_THAT(nodes.section("item").get_strings("source"), ElementsAre("a.jsonl", "b.jsonl"));
  EXPECT_EQ(nodes.section("user").section("fields").section("age").get_string("kind"), "number");
  EXPECT_EQ(nodes.section("user").section("fields").section("age").name(), "nodes.user.fields.age");
}

TEST(Toml, AbsentKeysGiveTheFallback) {
  const TomlFile file = TomlFile::parse("", "empty.toml");
  const TomlSection absent = file.root().section("train");
  EXPECT_EQ(absent.get_integer("epochs", 3), 3);
  EXPECT_EQ(absent.get_number("rate", 0.5), 0.5);
  EXPECT_EQ(absent.get_string("name", "x"), "x");
  EXPECT_FALSE(absent.get_bool("b", false));
  EXPECT_THAT(absent.get_strings("s", {"d"}), ElementsAre("d"));
  EXPECT_THAT(absent.get_numbers("n", {2}), ElementsAre(2));
  EXPECT_EQ(absent.get_choice("c", {"a", "b"}, 1), 1U);
  EXPECT_EQ(absent.get_integer_in("i", 99, 0, 10), 99);  // a fallback need not lie in the bounds
  EXPECT_FALSE(absent.find("deeper").has_value());
  EXPECT_TRUE(absent.keys().empty());
  EXPECT_TRUE(absent.sections().empty());
  EXPECT_EQ(absent.section("deeper").name(), "train.deeper");
  absent.check_no_unknown_keys();
}

TEST(Toml, ErrorsNamePlaceKeyValueAndWhatWasExpected) {
  const TomlFile file = TomlFile::parse(kShop, "shop.toml");
  const TomlSection train = file.root().section("train");
  EXPECT_EQ(error_of([&] { train.get_integer("rate", 1); }),
            "shop.toml:11:8: is a floating-point (field 'train.rate', value '0.01'); expected an integer");
  EXPECT_EQ(error_of([&] { train.get_string("epochs"); }),
            "shop.toml:10:10: is an integer (field 'train.epochs', value '5'); expected a string");
  EXPECT_THAT(error_of([&] { train.get_bool("epochs", true); }), HasSubstr("expected true or false"));
  EXPECT_THAT(error_of([&] { train.get_number("shuffle", 1); }), HasSubstr("is a boolean"));
  EXPECT_THAT(error_of([&] { train.get_strings("sizes"); }), HasSubstr("holds an integer"));
  EXPECT_THAT(error_of([&] { train.get_numbers("epochs"); }), HasSubstr("expected a list of numbers"));
  EXPECT_THAT(error_of([&] { train.section("epochs"); }), HasSubstr("expected a table"));
  EXPECT_THAT(error_of([&] { train.find("epochs"); }), HasSubstr("expected a table"));
  EXPECT_THAT(error_of([&] { train.get_string("when"); }), HasSubstr("is a date"));
  EXPECT_EQ(
      error_of([&] { train.get_integer_in("epochs", 1, 6, 9); }),
      "shop.toml:10:10: out of range (field 'train.epochs', value '5'); expected an integer from 6 to 9");
  EXPECT_THAT(error_of([&] { train.get_number_in("rate", 1, 0.5, 0.9); }),
              HasSubstr("a number from 0.5 to 0.9"));
}

TEST(Toml, TextsAreWhatACellWouldHold) {
  const TomlFile file = TomlFile::parse(
      "one = 4\nmany = [4, \"five\", true, 2.5]\nnone = []\nday = 2024-01-01\nmixed = [1, [2]]\n", "t.toml");
  const TomlSection root = file.root();
  EXPECT_THAT(root.get_texts("one"), ElementsAre("4"));
  EXPECT_THAT(root.get_texts("many"), ElementsAre("4", "five", "true", "2.5"));
  EXPECT_THAT(root.get_texts("none"), ElementsAre());
  EXPECT_THAT(error_of([&] { root.get_texts("day"); }), HasSubstr("a string, number or boolean"));
  EXPECT_THAT(error_of([&] { root.get_texts("mixed"); }), HasSubstr("holds an array"));
  EXPECT_THAT(error_of([&] { root.get_texts("gone"); }), HasSubstr("a required key is missing"));
}

TEST(Toml, AMissingKeyNamesItsTableAndPlace) {
  const TomlFile file = TomlFile::parse(kShop, "shop.toml");
  EXPECT_EQ(error_of([&] { file.root().section("nodes").section("user").get_string("id"); }),
            "shop.toml:2:1: a required key is missing (field 'nodes.user.id'); expected a string");
  EXPECT_EQ(error_of([&] { file.root().section("task").get_string("target"); }),
            "shop.toml: a required key is missing (field 'task.target'); expected a string");
}

TEST(Toml, AMissingKeyThatWasMisspeltIsHinted) {
  const TomlFile file = TomlFile::parse("colum = \"op\"\nvalue = 1", "f");
  try {
    file.root().get_string("column");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.context().hint, "there is 'colum': did you mean 'column'?");
  }
}

TEST(Toml, NotANumberIsOutOfEveryRange) {
  const TomlFile file = TomlFile::parse("x = nan\ny = inf", "f");
  EXPECT_TRUE(std::isnan(file.root().get_number("x", 0)));
  EXPECT_THAT(error_of([&] { file.root().get_number_in("x", 0, 0, 1); }), HasSubstr("out of range"));
  EXPECT_THAT(error_of([&] { file.root().get_number_in("y", 0, 0, 1); }), HasSubstr("out of range"));
}

TEST(Toml, ChoicesSuggestTheNearest) {
  const TomlFile file = TomlFile::parse("split = 'tiem'\nother = 'zzzzzz'", "f.toml");
  const std::vector<std::string> choices = {"last", "time", "random"};
  EXPECT_EQ(error_of([&] { file.root().get_choice("split", choices, 0); }),
            "f.toml:1:9: unknown value (field 'split', value 'tiem'); expected one of last, time, random\n"
            "  hint: did you mean 'time'?");
  EXPECT_THAT(error_of([&] { file.root().get_choice("other", choices, 0); }),
              testing::Not(HasSubstr("hint")));
  EXPECT_EQ(TomlFile::parse("split = 'random'", "f").root().get_choice("split", choices, 0), 2U);
}

TEST(Toml, UnknownKeysAreFoundWithTheNearestKnownOne) {
  const TomlFile file = TomlFile::parse("[train]\nepochs = 5\n epohcs = 6\n", "f.toml");
  const TomlSection train = file.root().section("train");
  (void)train.get_integer("epochs", 1);
  (void)train.get_integer("batch", 1);  // asked for, absent: known
  EXPECT_EQ(error_of([&] { train.check_no_unknown_keys(); }),
            "f.toml:3:2: unknown key (field 'train.epohcs'); expected one of batch, epochs\n  hint: did you "
            "mean 'epochs'?");
}

TEST(Toml, UnknownTablesAreFoundToo) {
  const TomlFile file = TomlFile::parse("[train]\nepochs = 5\n[trian.sub]\nx = 1\n[[more]]\ny = 1", "f.toml");
  const TomlSection root = file.root();
  (void)root.section("train");
  EXPECT_THAT(error_of([&] { root.check_no_unknown_keys(); }),
              StartsWith("f.toml:3:2: unknown key (field 'trian')"));
  (void)root.find("trian");
  EXPECT_THAT(error_of([&] { root.check_no_unknown_keys(); }), HasSubstr("(field 'more')"));
  const TomlSection sub = root.section("trian").section("sub");
  EXPECT_THAT(error_of([&] { sub.check_no_unknown_keys(); }), HasSubstr("expected no key here"));
}

TEST(Toml, ReadersOfOneTableAddUp) {
  const TomlFile file = TomlFile::parse("[t]\na = 1\nb = 2", "f");
  (void)file.root().section("t").get_integer("a", 0);
  (void)file.root().section("t").has("b");
  file.root().section("t").check_no_unknown_keys();
}

TEST(Toml, SectionsComeInFileOrderAndCountAsRead) {
  const TomlFile file =
      TomlFile::parse("[nodes.zebra]\nx=1\n[edges.e]\nx=1\n[nodes.ape]\nx=1\n[nodes.\"my type\"]\nx=1", "f");
  const TomlSection nodes = file.root().section("nodes");
  std::vector<std::string> names;
  for (const auto& [key, section] : nodes.sections()) names.push_back(section.name());
  EXPECT_THAT(names, ElementsAre("nodes.zebra", "nodes.ape", "nodes.my type"));
  nodes.check_no_unknown_keys();
  EXPECT_THAT(TomlFile::parse("b=1\na=2\nc.z=1\nc.y=2", "f").root().keys(), ElementsAre("b", "a", "c"));
}

TEST(Toml, IsTableAndIsString) {
  const TomlFile file = TomlFile::parse("a = 'x'\nb = {c = 1}", "f");
  EXPECT_TRUE(file.root().is_string("a"));
  EXPECT_FALSE(file.root().is_table("a"));
  EXPECT_TRUE(file.root().is_table("b"));
  EXPECT_FALSE(file.root().is_string("missing"));
}

TEST(TomlSet, ReplacesAddsAndKeepsTypes) {
  TomlFile file = TomlFile::parse(kShop, "shop.toml");
  file.set("train.epochs=7");
  file.set(" train.rate = 1e-3 ");
  file.set("train.name=my run");  // no TOML value: a string
  file.set("train.quoted=\"5\"");
  file.set("train.list=[1, 2]");
  file.set("task.split={kind = 'last', valid = 0.2}");
  file.set("nodes.\"my type\".id=a=b");
  file.set("train.empty=");
  file.set("train.path=C:\\new \"x\"");
  const TomlSection train = file.root().section("train");
  EXPECT_EQ(train.get_integer("epochs", 0), 7);
  EXPECT_EQ(train.get_number("rate", 0), 1e-3);
  EXPECT_EQ(train.get_string("name"), "my run");
  EXPECT_EQ(train.get_string("quoted"), "5");
  EXPECT_EQ(train.get_string("empty"), "");
  EXPECT_EQ(train.get_string("path"), "C:\\new \"x\"");
  EXPECT_THAT(train.get_numbers("list"), ElementsAre(1, 2));
  EXPECT_EQ(file.root().section("task").section("split").get_string("kind"), "last");
  EXPECT_EQ(file.root().section("nodes").section("my type").get_string("id"), "a=b");
  EXPECT_TRUE(train.get_bool("shuffle", false));  // the rest is as it was
}

TEST(TomlSet, ErrorsNameTheOptionAndNoLine) {
  TomlFile file = TomlFile::parse(kShop, "shop.toml");
  file.set("train.epochs=many");
  file.set("train.rate=true");
  file.set("trian.epochs=5");
  EXPECT_EQ(error_of([&] { file.root().section("train").get_integer("epochs", 1); }),
            "--set: is a string (field 'train.epochs', value 'many'); expected an integer");
  EXPECT_THAT(error_of([&] { file.root().section("train").get_number("rate", 1); }),
              StartsWith("--set: is a boolean"));
  (void)file.root().section("train");
  (void)file.root().section("nodes");
  EXPECT_THAT(
      error_of([&] { file.root().check_no_unknown_keys(); }),
      StartsWith(
          "--set: unknown key (field 'trian'); expected one of nodes, train\n  hint: did you mean 'train'?"));
}

TEST(TomlSet, AnUnknownKeyOfTheFileStaysTheFiles) {
  TomlFile file = TomlFile::parse("[t]\nbad = 1", "f.toml");
  file.set("t.bad=2");
  EXPECT_THAT(error_of([&] { file.root().section("t").check_no_unknown_keys(); }),
              StartsWith("f.toml:2:1: unknown key (field 't.bad')"));
}

TEST(TomlSet, RefusesWhatIsNoAssignment) {
  TomlFile file = TomlFile::parse(kShop, "shop.toml");
  for (const char* text : {"", "train.epochs", "=5", " = 5", "train..epochs=5", ".x=5", "x.=5", "a b=5",
                           "a\nb=5", "#=5", "train.epochs.deep=5"}) {
    EXPECT_THAT(error_of([&] { file.set(text); }), StartsWith("--set: ")) << text;
  }
  EXPECT_THAT(error_of([&] { file.set("a=\xFF\xFE"); }), HasSubstr("UTF-8"));
  EXPECT_EQ(file.to_text(), TomlFile::parse(kShop, "shop.toml").to_text());  // and changes nothing
}

TEST(TomlSet, OneAssignmentCannotSmuggleInAnother) {
  TomlFile file = TomlFile::parse("a = 1\nb = 1", "f");
  file.set("a=5\nb = 6");
  EXPECT_EQ(file.root().get_integer("b", 0), 1);
  EXPECT_EQ(file.root().get_string("a"), "5\nb = 6");
}

TEST(TomlSet, AddedTablesComeAfterTheFiles) {
  TomlFile file = TomlFile::parse("[nodes.user]\nid='u'\n[nodes.item]\nid='i'", "f");
  file.set("nodes.a_late.id=x");
  EXPECT_THAT(file.root().section("nodes").keys(), ElementsAre("user", "item", "a_late"));
}

TEST(Toml, TheResolvedTextParsesBackToTheSameTree) {
  TomlFile file = TomlFile::parse(kShop, "shop.toml");
  file.set("train.epochs=9");
  file.set("train.note=say \"hi\"\\n");
  const TomlFile again = TomlFile::parse(file.to_text(), "again.toml");
  EXPECT_EQ(again.to_text(), file.to_text());
  EXPECT_EQ(again.root().section("train").get_integer("epochs", 0), 9);
  EXPECT_EQ(again.root().section("train").get_string("note"), "say \"hi\"\\n");
}

TEST(Toml, BrokenTextIsAUsageErrorWithItsPlace) {
  EXPECT_THAT(error_of([] { TomlFile::parse("a = 1\nb = \n", "f.toml"); }), StartsWith("f.toml:2:"));
  EXPECT_THAT(error_of([] { TomlFile::parse("a = 1\na = 2\n", "f.toml"); }), StartsWith("f.toml:2:"));
  EXPECT_THAT(error_of([] { TomlFile::parse("a = \"\xFF\"", "f.toml"); }), StartsWith("f.toml:1:"));
  EXPECT_THAT(error_of([] { TomlFile::parse("\xC3\x95", "f.toml"); }), StartsWith("f.toml:1:"));
  EXPECT_THAT(error_of([] { TomlFile::parse("a = " + std::string(100000, '['), "f.toml"); }),
              StartsWith("f.toml:1:"));
}

TEST(Toml, ReadsAFileAndSaysWhenItCannot) {
  const test::TempFolder folder;
  real_files().write_whole(folder / "p.toml", "a = 1");
  EXPECT_EQ(TomlFile::read(folder / "p.toml").root().get_integer("a", 0), 1);
  EXPECT_THAT(error_of([&] { TomlFile::read(folder / "missing.toml"); }),
              testing::AllOf(StartsWith((folder / "missing.toml").string()), HasSubstr("No such file")));
  EXPECT_THAT(error_of([&] { TomlFile::read(folder.path()); }), HasSubstr("not a regular file"));
}

}  // namespace
}  // namespace weft
