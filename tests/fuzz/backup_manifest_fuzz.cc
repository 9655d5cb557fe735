// Manifests of backups, behind a checksum that is put right: what is read must be what would be written.
// Parser: storage/backup_manifest.cc
#include "base/hash.h"
#include "storage/backup_manifest.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/fuzz/json_changes.h"

namespace weft::fuzz {

Seeds seeds() {
  using namespace storage;
  const BackupManifest manifest{
      .info = {.id = 3,
               .created = 1'700'000'000'000,
               .store_uuid = "0123",
               .sequence = 7,
               .counts = {{"user", 2}, {"buys", 5}}},
      .files = {{"CURRENT", 16, std::string(32, 'a')}, {"000012.sst", 4096, std::string(32, '0')}}};
  OrderedJson json = OrderedJson::parse(write_backup_manifest(manifest));
  json.erase("checksum");
  return {.accepted = {json.dump(1)}, .others = {"[]", "{\"format\": \"weft backup\", \"version\": 1}"}};
}

std::string mutated(std::string_view input, std::mt19937_64& random) {
  return changed_json(input, random, 1);
}

void run(std::string_view input) {
  using namespace storage;
  OrderedJson json = OrderedJson::parse(input, nullptr, false);
  std::string text(input);
  if (json.is_object()) {
    json.erase("checksum");
    json["checksum"] = to_hex(hash64(json.dump()));
    text = json.dump(1);
  }
  parses([&] {
    const BackupManifest manifest = read_backup_manifest(text, "000003.backup.json");
    const std::string written = write_backup_manifest(manifest);
    FUZZ_CHECK(write_backup_manifest(read_backup_manifest(written, "again")) == written);
    for (const BackupFile& file : manifest.files) {  // names that stay in their folders
      FUZZ_CHECK(!file.name.empty() && file.name[0] != '.');
      FUZZ_CHECK((file.name + file.hash).find_first_of(std::string("/\\\0", 3)) == std::string::npos);
    }
  });
}

}  // namespace weft::fuzz
