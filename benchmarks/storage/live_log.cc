#include "benchmarks/storage/live_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <set>

#include "base/error.h"
#include "base/toml.h"

namespace weft::storage::benchmarks {
namespace {

constexpr const char* kProject = R"([nodes.user]
[nodes.item]
[edges.rated]
source = "log.csv"
from = "user:user_id"
to = "item:item_id"
time = { column = "timestamp", unit = "ms" }
weight = "rating"
)";

// A rank below n with chance in proportion to (rank + 10)^-s, by the inverse of the integral.
std::uint64_t skewed(std::uint64_t n, double s, std::mt19937_64& random) {
  const double u = static_cast<double>(random() >> 11) * 0x1p-53;
  const double low = std::pow(10.0, 1 - s), high = std::pow(static_cast<double>(n) + 10.0, 1 - s);
  const double rank = std::pow(low + u * (high - low), 1 / (1 - s)) - 10.0;
  return std::min(n - 1, static_cast<std::uint64_t>(std::max(rank, 0.0)));
}

// Ranks spread over the ids, as popular users do not come first.
std::uint64_t spread(std::uint64_t rank, std::uint64_t n) {
  return (rank * 2'654'435'761 + 12'345) % n;
}

std::string user_id(std::uint64_t number) {
  return fmt::format("U{:010d}", number);
}
std::string item_id(std::uint64_t number) {
  return fmt::format("B00{:07d}", number);
}

class Rows {
 public:
  explicit Rows(const std::filesystem::path& path)
      : path_(path), out_(path.string() + ".tmp", std::ios::binary) {}
  void put(std::string_view row) {
    buffer_ += row;
    if (buffer_.size() > (1U << 20)) flush();
  }
  void close() {
    flush();
    out_.close();
    if (!out_) throw Error("cannot write", {.file = path_.string()});
    std::filesystem::rename(path_.string() + ".tmp", path_);
  }

 private:
  void flush() {
    out_.write(buffer_.data(), static_cast<std::streamsize>(buffer_.size()));
    buffer_.clear();
  }
  std::filesystem::path path_;
  std::ofstream out_;
  std::string buffer_;
};

void write_ids(const std::filesystem::path& path, const char* header, const std::vector<bool>& used,
               std::string (*name)(std::uint64_t)) {
  Rows out(path);
  out.put(header);
  for (std::size_t i = 0; i < used.size(); ++i) {
    if (used[i]) out.put(name(i) + "\n");
  }
  out.close();
}

}  // namespace

LiveLog::LiveLog(std::filesystem::path folder, std::uint64_t rows)
    : folder_(std::move(folder)),
      rows_(rows),
      users_(std::max<std::uint64_t>(rows / 10, 10)),
      items_(std::max<std::uint64_t>(rows / 50, 10)) {}

std::string LiveLog::user(std::mt19937_64& random) const {
  return user_id(spread(skewed(users_, 0.6, random), users_));
}
std::string LiveLog::item(std::mt19937_64& random) const {
  return item_id(spread(skewed(items_, 0.8, random), items_));
}

void LiveLog::make(std::size_t seeds) const {
  if (std::filesystem::exists(folder_ / "seeds.txt")) return;
  std::filesystem::create_directories(folder_);
  std::mt19937_64 random(5), choice(6);
  std::multiset<std::uint64_t> chosen;
  for (std::size_t i = 0; i < seeds; ++i) chosen.insert(choice() % rows_);
  std::vector<bool> users(users_), items(items_);
  std::vector<std::string> seed_users;
  Rows log(folder_ / "log.csv");
  log.put("user_id,item_id,rating,timestamp\n");
  auto next = chosen.begin();
  for (std::uint64_t row = 0; row < rows_; ++row) {
    const std::uint64_t u = spread(skewed(users_, 0.6, random), users_);
    const std::uint64_t i = spread(skewed(items_, 0.8, random), items_);
    users[u] = items[i] = true;
    log.put(fmt::format("{},{},{},{}\n", user_id(u), item_id(i), 1 + random() % 5,
                        1'600'000'000'000 + random() % (4ULL * 365 * 86'400'000)));
    for (; next != chosen.end() && *next == row; ++next) seed_users.push_back(user_id(u));
  }
  log.close();
  write_ids(folder_ / "users.csv", "id\n", users, user_id);
  write_ids(folder_ / "items.csv", "id\n", items, item_id);
  std::ofstream(folder_ / "live.toml") << kProject;
  std::shuffle(seed_users.begin(), seed_users.end(), choice);
  Rows list(folder_ / "seeds.txt");
  for (const std::string& user : seed_users) list.put(user + "\n");
  list.close();
}

Project LiveLog::project() const {
  return read_project(TomlFile::read(folder_ / "live.toml"), folder_ / "live.toml");
}

std::vector<std::string> LiveLog::seeds() const {
  std::vector<std::string> out;
  std::ifstream in(folder_ / "seeds.txt");
  for (std::string line; std::getline(in, line);) out.push_back(line);
  if (out.empty()) throw Error("no seeds", {.file = (folder_ / "seeds.txt").string()});
  return out;
}

}  // namespace weft::storage::benchmarks
