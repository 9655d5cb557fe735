#include "storage/graph_store.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <random>

#include "base/error.h"
#include "base/hash.h"
#include "base/strings.h"
#include "storage/rocksdb_files.h"
#include "storage/row_seal.h"
#include "storage/store_impl.h"
#include "storage/table_footers.h"

namespace weft::storage {

namespace fs = std::filesystem;

namespace {

std::string new_uuid() {
  std::random_device device;
  std::string out;
  for (int i = 0; i < 4; ++i) out += fmt::format("{:08x}", device());
  return out;
}

std::vector<rocksdb::ColumnFamilyDescriptor> descriptors(const StoreOptions& options) {
  const auto cache = block_cache(options);
  std::vector<rocksdb::ColumnFamilyDescriptor> out;
  for (std::size_t i = 0; i < kFamilyCount; ++i)
    out.emplace_back(kFamilyNames[i], family_options(static_cast<Family>(i), options, cache));
  return out;
}

// What differs first, for people.
std::string difference(const StoreSchema& stored, const StoreSchema& wanted) {
  const auto names = [](const auto& types) {
    std::string out;
    for (const auto& type : types) out += (out.empty() ? "" : ", ") + type.name;
    return out;
  };
  const auto& old_nodes = stored.graph.node_types();
  const auto& new_nodes = wanted.graph.node_types();
  const auto& old_edges = stored.graph.edge_types();
  const auto& new_edges = wanted.graph.edge_types();
  if (names(old_nodes) != names(new_nodes))
    return fmt::format("node types were [{}] and are now [{}]", names(old_nodes), names(new_nodes));
  for (std::size_t i = 0; i < old_nodes.size(); ++i) {
    if (old_nodes[i] == new_nodes[i] && stored.from_event[i] == wanted.from_event[i]) continue;
    if (old_nodes[i].name_field != new_nodes[i].name_field)
      return fmt::format("the name of node type '{}' was '{}' and is now '{}'", old_nodes[i].name,
                         old_nodes[i].name_field, new_nodes[i].name_field);
    return fmt::format("node type '{}' had fields [{}] and {} id, and now [{}] and {} id", old_nodes[i].name,
                       names(old_nodes[i].fields), stored.from_event[i] != 0 ? "no" : "an",
                       names(new_nodes[i].fields), wanted.from_event[i] != 0 ? "no" : "an");
  }
  if (names(old_edges) != names(new_edges))
    return fmt::format("edge types were [{}] and are now [{}]", names(old_edges), names(new_edges));
  for (std::size_t i = 0; i < old_edges.size(); ++i) {
    if (!(old_edges[i] == new_edges[i]) || stored.attribute[i] != wanted.attribute[i]) {
      return fmt::format("edge type '{}' has other ends, time, weight or symmetry", old_edges[i].name);
    }
  }
  return "field kinds or flags differ";
}

}  // namespace

GraphStore::Impl::~Impl() {
  close_database();
  if (!secondary_folder.empty()) {
    std::error_code code;
    fs::remove_all(secondary_folder, code);
  }
}

void GraphStore::Impl::damaged(const std::string& what) const {
  throw Error(what,
              {.file = folder.string(),
               .hint = "run `weft verify` to see what is broken, `weft repair` to rebuild what can be; or "
                       "`weft restore` a backup"});
}

std::optional<std::string> GraphStore::Impl::get(Family which, std::string_view key) const {
  std::string value;
  const rocksdb::Status status = db->Get(rocksdb::ReadOptions(), family(which), slice(key), &value);
  if (status.IsNotFound()) return std::nullopt;
  check(status, "read the store");
  return value;
}

rocksdb::Options GraphStore::Impl::open_options() {
  rocksdb::Options out(database_options(options), rocksdb::ColumnFamilyOptions());
  guard.end();  // of an earlier opening
  env = rocksdb::NewCompositeEnv(guarded_file_system(fault_file_system(files), guard));
  out.env = env.get();
  return out;
}

namespace {

// RocksDB leaves the temporary file of its options behind for good where writing it failed. For the lock's
// holder.
void remove_temporary_files(const fs::path& database, Files& files) {
  if (!fs::exists(database)) return;
  std::vector<fs::path> left;
  for (const auto& entry : fs::directory_iterator(database)) {
    if (entry.path().extension() == ".dbtmp") left.push_back(entry.path());
  }
  for (const fs::path& path : left) files.remove_all(path);
}

}  // namespace

namespace {

[[noreturn]] void fail_unfinished(const fs::path& folder) {
  throw Error("the store was never finished being created",
              {.file = folder.string(), .hint = "run `weft ingest` again"});
}

bool lacks_families(const rocksdb::DBOptions& options, const std::string& database,
                    const std::vector<rocksdb::ColumnFamilyDescriptor>& wanted) {
  std::vector<std::string> names;
  if (!rocksdb::DB::ListColumnFamilies(options, database, &names).ok()) return false;
  return std::any_of(wanted.begin(), wanted.end(), [&](const rocksdb::ColumnFamilyDescriptor& family) {
    return std::find(names.begin(), names.end(), family.name) == names.end();
  });
}

}  // namespace

namespace {

fs::path unfinished_file(const fs::path& folder) {
  return folder / "unfinished";
}

// Of a database whose CURRENT is gone: what it named is not to be taken for leftovers.
bool holds_data(const fs::path& database) {
  if (!fs::exists(database)) return false;
  return std::any_of(fs::directory_iterator(database), fs::directory_iterator(), [](const auto& entry) {
    const fs::path kind = entry.path().extension();
    return kind == ".sst" || (kind == ".log" && entry.file_size() > 0);
  });
}

}  // namespace

void GraphStore::Impl::open_writer(Missing missing) {
  files.make_folders(folder);
  lock = std::make_unique<StoreLock>(folder / "writer.lock", "the store");
  const bool made = exists(folder) && !is_unfinished();
  if (!made && missing == Missing::kRefuse) fail_unfinished(folder);
  if (!made && !is_unfinished() && holds_data(database_folder()))
    damaged("the store's database has lost its file CURRENT");
  if (made) {
    remove_temporary_files(database_folder(), files);
  } else {
    files.kill_point("store.before_create");
    begin_unfinished();
    // The name of what there is goes first: without it nothing takes the rest for a database.
    files.remove_all(database_folder() / "CURRENT");
    files.remove_all(database_folder());
  }
  open_database(made ? Missing::kRefuse : Missing::kCreate);
}

void GraphStore::Impl::open_database(Missing missing) {
  const bool made = missing == Missing::kRefuse;
  rocksdb::Options db_options = open_options();
  db_options.create_if_missing = !made;
  // Never in a store that was finished: a family that is lost would come back empty.
  db_options.create_missing_column_families = !made;
  if (made && lacks_families(db_options, database_folder().string(), descriptors(options)))
    damaged("the store's database has lost some of its column families");
  check_table_footers(database_folder(), files);
  rocksdb::DB* raw = nullptr;
  check(rocksdb::DB::Open(db_options, database_folder().string(), descriptors(options), &handles, &raw),
        "open the store");
  db.reset(raw);
}

void GraphStore::Impl::close_database() {
  for (rocksdb::ColumnFamilyHandle* handle : handles)
    db->DestroyColumnFamilyHandle(handle).PermitUncheckedError();
  handles.clear();
  if (db) db->Close().PermitUncheckedError();
  db.reset();
}

void GraphStore::Impl::reopen() {
  WEFT_CHECK(secondary_folder.empty());
  close_database();
  open_database(Missing::kRefuse);
}

bool GraphStore::Impl::is_unfinished() const {
  return fs::exists(unfinished_file(folder));
}

void GraphStore::Impl::begin_unfinished() {
  const auto file = files.create(unfinished_file(folder));
  file->append("What db/ holds is not whole yet: the next writer starts it anew.\n");
  file->sync();
  file->close();
  files.sync_folder(folder);
}

void GraphStore::Impl::end_unfinished() {
  files.remove_all(unfinished_file(folder));
  files.sync_folder(folder);
}

namespace {

constexpr int kMaxReadTries = 5;

// A writer may remove a file between the moment its name is read and the moment it is opened.
template <typename Step>
rocksdb::Status beside_a_writer(Step&& step) {
  rocksdb::Status status = step();
  for (int tries = 1; tries < kMaxReadTries && (is_missing_file(status) || status.IsTryAgain()); ++tries)
    status = step();
  return status;
}

}  // namespace

void GraphStore::Impl::open_secondary() {
  if (!exists(folder)) {
    if (!is_unfinished() && holds_data(database_folder()))
      damaged("the store's database has lost its file CURRENT");
    throw Error("there is no store here", {.file = folder.string(), .hint = "run `weft ingest` first"});
  }
  std::string name = (fs::temp_directory_path() / "weft-reader-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr)
    throw Error(fmt::format("cannot create a temporary folder: {}", errno_text(errno)), {.file = name});
  secondary_folder = name;
  check_table_footers(database_folder(), files);
  rocksdb::DB* raw = nullptr;
  const rocksdb::Options db_options = open_options();
  const rocksdb::Status status = beside_a_writer([&] {
    return rocksdb::DB::OpenAsSecondary(db_options, database_folder().string(), name, descriptors(options),
                                        &handles, &raw);
  });
  if (!status.ok() && is_unfinished()) fail_unfinished(folder);
  if (status.IsInvalidArgument() &&
      lacks_families(db_options, database_folder().string(), descriptors(options)))
    damaged("the store's database has lost some of its column families");
  // RocksDB takes a lost MANIFEST for a writer's new one, and says "try again".
  if (status.IsTryAgain() || is_missing_file(status))
    damaged(fmt::format("files of the store's database are gone ({})", status.ToString()));
  check(status, "open the store for reading");
  db.reset(raw);
}

void GraphStore::Impl::load_format() {
  const auto format_bytes = get(kMeta, "format");
  if (!format_bytes && is_unfinished()) fail_unfinished(folder);
  if (!format_bytes) damaged("the store's meta data are gone");
  if (format_bytes->size() != 4) damaged("the store's format number is damaged");
  format = get_little<std::uint32_t>(*format_bytes, 0);
  if (format < kStoreFormat || format > kNewestStoreFormat) {
    throw Error(fmt::format("the store has format {}, this weft reads formats {} to {}", format, kStoreFormat,
                            kNewestStoreFormat),
                {.file = folder.string(),
                 .hint = "use the version of weft that wrote it, or remove the folder and ingest again"});
  }
}

void GraphStore::Impl::read_meta() {
  load_format();
  const auto schema_bytes = get(kMeta, "schema");
  const auto uuid_bytes = get(kMeta, "uuid");
  if (!schema_bytes || !uuid_bytes || uuid_bytes->size() != 32) damaged("the store's meta data is damaged");
  schema = StoreSchema::from_json(*schema_bytes, folder.string());
  uuid = *uuid_bytes;
  load_state();
}

namespace {

// Another text when the database's list of files has grown or is another one.
std::string list_of_files_mark(const std::filesystem::path& database, Files& files) {
  try {
    const std::string name(trim(files.read_whole(database / "CURRENT")));
    return name + " " + std::to_string(files.open(database / name)->size());
  } catch (const Error&) {
    return {};  // replaced at this moment; RocksDB will say if it is gone for good
  }
}

}  // namespace

void GraphStore::Impl::follow_writer() {
  // RocksDB reads first the list of files, then the logs. A log that its writer moves to a file between the
  // two is in neither, and only its rows are missing then. So it is done again until no file has joined the
  // list meanwhile: a log goes only after its file stands there.
  constexpr int kMaxTries = 1000;
  for (int tries = 0; tries < kMaxTries; ++tries) {
    const std::string before = list_of_files_mark(database_folder(), files);
    check(beside_a_writer([&] { return db->TryCatchUpWithPrimary(); }), "follow the store's writer");
    const bool whole = list_of_files_mark(database_folder(), files) == before;
    if (whole && get(kMeta, "format") && get(kMeta, "state")) return;
  }
  throw Error("the store's writer moves on faster than it can be read",
              {.file = folder.string(), .hint = "try again, or wait for the writer to end"});
}

bool GraphStore::Impl::is_empty() const {
  return state.sequence == 0 && !PrefixScan(*this, kLedger, "").valid();
}

void GraphStore::Impl::load_state() {
  const auto bytes = get(kMeta, "state");
  const auto decoded =
      bytes ? decode_state(*bytes, schema.graph.node_types().size(), schema.graph.edge_types().size())
            : std::nullopt;
  if (!decoded) damaged("the store's counts are damaged");
  state = *decoded;
  const auto log = get(kMeta, "changes");
  changes = log ? decode_change_log(*log) : std::nullopt;
  if (log && !changes) damaged("the log of changes is damaged");
  load_deletions();
  load_tombstones();
}

void GraphStore::Impl::load_deletions() {
  const auto bytes = get(kMeta, kDeletionCountsKey);
  const std::size_t types = schema.graph.edge_types().size();
  const auto counts = bytes ? decode_deletion_counts(*bytes, types) : no_deletions(types);
  if (!counts) damaged("the counts of the store's deletions are damaged");
  deletions = *counts;
}

bool GraphStore::Impl::has_deletion(const EdgeKey& outgoing) const {
  const EdgePair pair = pair_of(outgoing);
  if (get(kMeta, deletion_at_key(pair, outgoing.time))) return true;
  const auto bytes = get(kMeta, deletion_key(pair));
  const auto until = bytes ? decode_deletion(*bytes) : std::nullopt;
  return until && outgoing.time <= *until;
}

void GraphStore::Impl::start_cache() {
  cache = std::make_unique<DictionaryCache>(state.node_counts, options.dictionary_cache_entries);
  cache_complete = false;
}

void GraphStore::Impl::load_tombstones() {
  tombstones = {};
  const auto key = get(kMeta, kTombstoneKeyKey);
  if (key && key->size() != TombstoneKey().size()) damaged("the key of the store's tombstones is damaged");
  if (key) {
    TombstoneKey bytes;
    std::copy(key->begin(), key->end(), bytes.begin());
    tombstones = Tombstones(bytes);
  }
  PrefixScan scan(*this, kMeta, std::string(kTombstonePrefix));
  for (; scan.valid(); scan.next()) {
    const auto hash = decode_tombstone_key(scan.key());
    if (!hash || !key) damaged("a tombstone of the store is damaged");
    tombstones.add(*hash);
  }
  scan.check();
}

void GraphStore::Impl::create_meta(const StoreSchema& wanted) {
  files.kill_point("store.after_create");
  schema = wanted;
  uuid = new_uuid();
  format = kStoreFormat;
  state = {.sequence = 0,
           .node_counts = std::vector<std::uint32_t>(wanted.graph.node_types().size(), 0),
           .edge_counts = std::vector<std::uint64_t>(wanted.graph.edge_types().size(), 0)};
  deletions = no_deletions(wanted.graph.edge_types().size());
  std::string format_bytes;
  put_little(format_bytes, format);
  rocksdb::WriteBatch batch;
  batch.Put(family(kMeta), "format", format_bytes);
  batch.Put(family(kMeta), "schema", schema.to_json());
  batch.Put(family(kMeta), "uuid", uuid);
  batch.Put(family(kMeta), "state", encode_state(state));
  batch.Put(family(kMeta), slice(kSealKey), encode_seal(0));
  rocksdb::WriteOptions write;
  write.sync = true;
  check(db->Write(write, &batch), "create the store");
  end_unfinished();
  files.kill_point("store.after_meta");
}

GraphStore::GraphStore(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
GraphStore::GraphStore(GraphStore&&) noexcept = default;
GraphStore& GraphStore::operator=(GraphStore&&) noexcept = default;
GraphStore::~GraphStore() = default;

bool GraphStore::exists(const fs::path& folder) {
  return fs::exists(folder / "db" / "CURRENT");
}

void GraphStore::refuse_unfinished(const fs::path& folder) {
  if (fs::exists(unfinished_file(folder))) fail_unfinished(folder);
}

namespace {

void prepare_cache(GraphStore::Impl& impl) {
  impl.start_cache();
  impl.cache_complete = std::all_of(impl.state.node_counts.begin(), impl.state.node_counts.end(),
                                    [](std::uint32_t count) { return count == 0; });
  impl.newest = newest_times(*impl.db, impl.family(kOutgoing));
}

}  // namespace

GraphStore GraphStore::open(const fs::path& folder, const StoreSchema& schema, const StoreOptions& options,
                            Files& files) {
  WEFT_CHECK(schema.from_event.size() == schema.graph.node_types().size() &&
             schema.attribute.size() == schema.graph.edge_types().size());
  auto impl = std::make_unique<Impl>(folder, options, files);
  impl->open_writer(Impl::Missing::kCreate);
  if (impl->is_unfinished()) {
    impl->create_meta(schema);
  } else {
    impl->read_meta();
    if (!(impl->schema == schema) && impl->is_empty()) {
      // An ingest that stopped at its first check left it: the project file may be put right.
      impl->create_meta(schema);
    } else if (!(impl->schema == schema)) {
      throw Error(fmt::format("the store was made with another schema: {}", difference(impl->schema, schema)),
                  {.file = folder.string(),
                   .hint = "undo the change in the project file, give another project.workspace, or remove "
                           "the store's folder and ingest again"},
                  ErrorKind::kUsage);
    }
  }
  prepare_cache(*impl);
  return GraphStore(std::move(impl));
}

GraphStore GraphStore::open_existing(const fs::path& folder, const StoreOptions& options, Files& files) {
  if (!exists(folder))
    throw Error("there is no store here", {.file = folder.string(), .hint = "run `weft ingest` first"});
  auto impl = std::make_unique<Impl>(folder, options, files);
  impl->open_writer(Impl::Missing::kRefuse);
  impl->read_meta();
  prepare_cache(*impl);
  return GraphStore(std::move(impl));
}

GraphStore GraphStore::open_reader(const fs::path& folder, const StoreOptions& options, Files& files) {
  auto impl = std::make_unique<Impl>(folder, options, files);
  impl->open_secondary();
  impl->follow_writer();
  impl->read_meta();
  return GraphStore(std::move(impl));
}

const StoreSchema& GraphStore::schema() const {
  return impl_->schema;
}
const fs::path& GraphStore::folder() const {
  return impl_->folder;
}

StoreInfo GraphStore::info() const {
  return {.uuid = impl_->uuid,
          .format = impl_->format,
          .sequence = impl_->state.sequence,
          .node_counts = impl_->state.node_counts,
          .edge_counts = impl_->state.edge_counts,
          .deleted_edges = impl_->deletions.deleted};
}

void GraphStore::catch_up() {
  if (impl_->secondary_folder.empty()) return;
  impl_->follow_writer();
  impl_->load_state();
}

}  // namespace weft::storage
