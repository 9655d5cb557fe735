#include "storage/backup_manifest.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace weft::storage {
namespace {

BackupManifest example() {
  BackupManifest out;
  out.info = {.id = 7, .created = 1'700'000'000'123, .store_uuid = std::string(32, 'a'), .sequence = 99};
  out.info.counts = {{"user", 3}, {"buys", 12}};
  out.files = {{"MANIFEST-000005", 300, std::string(32, '1')}, {"000012.sst", 4000, std::string(32, 'f')}};
  out.info.files = 2;
  out.info.bytes = 4300;
  return out;
}

TEST(BackupManifest, ComesBackAsItWas) {
  const BackupManifest wanted = example();
  const BackupManifest read = read_backup_manifest(write_backup_manifest(wanted), "m");
  EXPECT_EQ(read.info.id, wanted.info.id);
  EXPECT_EQ(read.info.created, wanted.info.created);
  EXPECT_EQ(read.info.store_uuid, wanted.info.store_uuid);
  EXPECT_EQ(read.info.sequence, wanted.info.sequence);
  EXPECT_EQ(read.info.counts, wanted.info.counts);
  EXPECT_EQ(read.info.files, wanted.info.files);
  EXPECT_EQ(read.info.bytes, wanted.info.bytes);
  ASSERT_EQ(read.files.size(), 2U);
  EXPECT_EQ(read.files[1].name, "000012.sst");
  EXPECT_EQ(read.files[1].hash, std::string(32, 'f'));
}

// White space aside, every changed byte is found.
TEST(BackupManifest, EveryFlippedByteIsAnError) {
  const std::string text = write_backup_manifest(example());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == ' ' || text[i] == '\n') continue;
    for (const int bit : {0, 3, 7}) {
      std::string changed = text;
      changed[i] = static_cast<char>(changed[i] ^ (1 << bit));
      EXPECT_THROW(read_backup_manifest(changed, "m"), Error) << i << " " << bit;
    }
    EXPECT_THROW(read_backup_manifest(text.substr(0, i), "m"), Error) << i;
  }
}

TEST(BackupManifest, NamesOutsideTheFolderAreRefused) {
  for (const char* name : {"../x", "a/b", ".hidden", ""}) {
    BackupManifest manifest = example();
    manifest.files[0].name = name;
    EXPECT_THROW(read_backup_manifest(write_backup_manifest(manifest), "m"), Error) << name;
  }
}

TEST(BackupManifest, NamesOfManifests) {
  EXPECT_EQ(backup_manifest_name(12), "000012.backup.json");
  EXPECT_EQ(parse_backup_manifest_name("000012.backup.json"), 12U);
  EXPECT_EQ(parse_backup_manifest_name(backup_manifest_name(123456789)), 123456789U);
  for (const char* name :
       {"000000.backup.json", "x.backup.json", "12.json", ".backup.json", "12.backup.json.tmp"})
    EXPECT_FALSE(parse_backup_manifest_name(name)) << name;
}

}  // namespace
}  // namespace weft::storage
