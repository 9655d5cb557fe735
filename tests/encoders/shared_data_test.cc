// Encoders on real media, where the data sets are there: WEFT_SHARED_DATA, or ../shared/data beside the
// repository.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "base/files.h"
#include "base/thread_pool.h"
#include "encoders/audio/audio_encoder.h"
#include "encoders/image/image_encoder.h"

namespace weft::encoders {
namespace {

namespace fs = std::filesystem;

fs::path shared_data() {
  if (const char* given = std::getenv("WEFT_SHARED_DATA")) return given;  // NOLINT(concurrency-mt-unsafe)
  const fs::path repository = fs::path(__FILE__).parent_path().parent_path().parent_path();
  return fs::absolute(repository).parent_path() / "shared" / "data";
}

struct Row {
  std::string bytes;
  std::string label;
  bool train = false;
};

// Rows of a labels.csv without quotes: path in column 0, the label and the split in the given ones.
std::vector<Row> read_rows(const fs::path& folder, std::size_t label, std::size_t split) {
  std::vector<Row> rows;
  std::ifstream file(folder / "labels.csv");
  std::string line;
  std::getline(file, line);
  while (std::getline(file, line)) {
    std::vector<std::string> cells;
    std::stringstream in(line);
    for (std::string cell; std::getline(in, cell, ',');) cells.push_back(cell);
    if (cells.size() <= std::max(label, split)) continue;
    rows.push_back({.bytes = real_files().read_whole(folder / cells[0]),
                    .label = cells[label],
                    .train = cells[split] == "train"});
  }
  return rows;
}

std::vector<Asset> assets_of(const std::vector<Row>& rows, bool train_only) {
  std::vector<Asset> assets;
  for (const Row& row : rows) {
    if (row.train || !train_only) assets.push_back(Asset::media(row.bytes));
  }
  return assets;
}

double squared_distance(std::span<const float> a, std::span<const float> b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
  return sum;
}

double nearest_mean_accuracy(const Encoded& encoded, const std::vector<Row>& rows) {
  std::map<std::string, std::vector<float>> means;
  std::map<std::string, float> counts;
  for (const Row& row : rows) counts[row.label] += row.train ? 1.0F : 0.0F;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (!rows[i].train) continue;
    std::vector<float>& mean = means[rows[i].label];
    mean.resize(encoded.dim);
    for (std::size_t d = 0; d < encoded.dim; ++d) mean[d] += encoded.row(i)[d] / counts[rows[i].label];
  }
  double right = 0;
  double all = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].train) continue;
    std::string best;
    double least = 1e300;
    for (const auto& [label, mean] : means) {
      const double d = squared_distance(mean, encoded.row(i));
      if (d < least) {
        least = d;
        best = label;
      }
    }
    right += best == rows[i].label ? 1 : 0;
    all += 1;
  }
  return right / all;
}

double nearest_neighbour_accuracy(const Encoded& encoded, const std::vector<Row>& rows) {
  double right = 0;
  double all = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].train) continue;
    std::size_t best = 0;
    double least = 1e300;
    for (std::size_t j = 0; j < rows.size(); ++j) {
      if (!rows[j].train) continue;
      const double d = squared_distance(encoded.row(i), encoded.row(j));
      if (d < least) {
        least = d;
        best = j;
      }
    }
    right += rows[best].label == rows[i].label ? 1 : 0;
    all += 1;
  }
  return right / all;
}

TEST(SharedData, SpokenDigitsAreToldApart) {
  const fs::path folder = shared_data() / "spoken-digits";
  if (!fs::exists(folder / "labels.csv")) GTEST_SKIP() << folder << " is not there";
  const std::vector<Row> rows = read_rows(folder, 1, 4);
  ThreadPool pool;
  const AudioEncoder encoder = AudioEncoder::fit(assets_of(rows, true), {}, &pool);
  const Encoded encoded = encoder.encode(assets_of(rows, false), &pool);
  EXPECT_TRUE(encoded.failures.empty());
  const double accuracy = nearest_mean_accuracy(encoded, rows);
  RecordProperty("accuracy", std::to_string(accuracy));
  EXPECT_GT(accuracy, 0.85);  // chance is 0.1
}

TEST(SharedData, GroceriesAreToldApart) {
  const fs::path folder = shared_data() / "grocery";
  if (!fs::exists(folder / "labels.csv")) GTEST_SKIP() << folder << " is not there";
  const std::vector<Row> rows = read_rows(folder, 1, 3);
  ThreadPool pool;
  const ImageEncoder encoder = ImageEncoder::fit(assets_of(rows, true), {}, &pool);
  const Encoded encoded = encoder.encode(assets_of(rows, false), &pool);
  EXPECT_TRUE(encoded.failures.empty());
  const double accuracy = nearest_neighbour_accuracy(encoded, rows);
  RecordProperty("accuracy", std::to_string(accuracy));
  EXPECT_GT(accuracy, 0.3);  // 28 classes: chance is 0.036
}

TEST(SharedData, EveryPosterIsDecoded) {
  const fs::path folder = shared_data() / "ml-100k" / "posters";
  if (!fs::exists(folder)) GTEST_SKIP() << folder << " is not there";
  std::size_t posters = 0;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const Image image = decode_image(real_files().read_whole(entry.path()), ImageOptions{}.limits);
    EXPECT_GE(std::min(image.width, image.height), 90U) << entry.path();
    ++posters;
  }
  EXPECT_EQ(posters, 1'471U);
}

}  // namespace
}  // namespace weft::encoders
