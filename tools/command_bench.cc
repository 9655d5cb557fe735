// `weft bench`: how fast ingest, encoding, sampling, training and queries are on this machine, on the user's
// own project or on a synthetic shop.
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <memory>

#include "base/error.h"
#include "sampling/devices.h"
#include "storage/store_lock.h"
#include "tools/bench/bench.h"
#include "tools/cli.h"
#include "tools/synth/synth.h"
#include "tools/table.h"
#include "tools/torch_threads.h"
#include "tools/vector_model.h"

namespace weft::tools {
namespace {

const std::vector<std::string> kParts = {"ingest", "encoding", "sampling", "training", "query"};

struct Options {
  std::vector<std::string> parts = kParts;
  double seconds = 10;
  std::filesystem::path folder = {};
  synth::SynthOptions shop = {};
  bool wants(const std::string& part) const {
    return std::find(parts.begin(), parts.end(), part) != parts.end();
  }
};

// A folder that is ours alone and gone afterwards, however the run ends.
class Scratch {
 public:
  explicit Scratch(const std::filesystem::path& folder) : folder_(folder / "weft-bench.tmp") {
    real_files().make_folders(folder_);
    lock_ = std::make_unique<storage::StoreLock>(folder_ / "lock", "the folder of a benchmark");
    clear();  // what a killed run left
  }
  ~Scratch() {
    try {
      clear();
      lock_.reset();
      real_files().remove_all(folder_);
    } catch (const std::exception&) {  // the next run removes it
    }
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  std::filesystem::path operator/(const std::string& name) const { return folder_ / name; }

 private:
  void clear() {
    for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
      if (entry.path().filename() != "lock") real_files().remove_all(entry.path());
    }
  }
  std::filesystem::path folder_;
  std::unique_ptr<storage::StoreLock> lock_;
};

class Run {
 public:
  Run(Cli& cli, const Options& options) : cli_(cli), options_(options), scratch_(place()) {
    limits_ = {.seconds = options.seconds, .threads = cli.threads()};
  }

  std::vector<bench::Measurement> measure() {
    if (cli_.project_path().empty()) {
      make_shop();
    } else {
      file_ = cli_.project_path();
    }
    if (options_.wants("ingest") || cli_.project_path().empty()) {
      in_own_workspace_ = false;
      keep(bench::measure_ingest(cli_, settings(), file_, limits_), "ingest");
    }
    if (std::all_of(options_.parts.begin(), options_.parts.end(),
                    [](const std::string& part) { return part == "ingest"; }))
      return std::move(found_);
    const auto project = open();
    if (options_.wants("encoding") || options_.wants("training"))
      keep(bench::measure_encoding(cli_, *project), "encoding");
    if (options_.wants("sampling")) keep(bench::measure_sampling(*project, limits_), "sampling");
    if (options_.wants("training"))
      keep(bench::measure_training(cli_, *project, scratch_ / "model", limits_), "training");
    if (options_.wants("query")) query(project);
    return std::move(found_);
  }

 private:
  // Beside the project's own workspace, so that the figures are of its disk.
  std::filesystem::path place() const {
    if (!options_.folder.empty()) return options_.folder;
    if (cli_.project_path().empty()) return std::filesystem::temp_directory_path();
    return std::filesystem::absolute(cli_.project_path()).parent_path();
  }

  void make_shop() {
    synth::SynthOptions shop = options_.shop;
    shop.threads = cli_.threads();
    shop.truth = synth::Wanted::kNo;
    synth::generate(shop, scratch_ / "shop", cli_.progress());
    file_ = scratch_ / "shop" / "shop.toml";
  }

  // The project file: one epoch at most, on what was ingested here if something was.
  TomlFile settings() const {
    TomlFile toml = TomlFile::read(file_);
    for (const std::string& setting : cli_.common().settings) toml.set(setting);
    toml.set("train.epochs=1");
    toml.set("lightgcn.epochs=1");
    toml.set("skipgram.epochs=1");
    if (!in_own_workspace_) toml.set("project.workspace=" + (scratch_ / "workspace").string());
    return toml;
  }

  // Whatever is written goes to the scratch folder. `setting`: one more of the project file, or empty.
  std::shared_ptr<ProjectContext> open(const std::string& setting = "") const {
    TomlFile toml = settings();
    if (!setting.empty()) toml.set(setting);
    auto project = std::make_shared<ProjectContext>(open_project(std::move(toml), file_));
    project->project.workspace.folder = scratch_ / "workspace";
    real_files().make_folders(project->project.workspace.folder);
    return project;
  }

  void keep(std::vector<bench::Measurement> measured, const std::string& part) {
    if (!options_.wants(part)) return;
    if (measured.empty()) cli_.note(part + ": the project has nothing to measure");
    std::move(measured.begin(), measured.end(), std::back_inserter(found_));
  }

  static bool holds_model(const std::filesystem::path& folder) {
    return std::filesystem::exists(folder / "model.safetensors") || held_vectors(folder).has_value();
  }

  // Of the model just trained, or else of one that is trained for this on a tenth of the events: how good it
  // is does not matter.
  void query(const std::shared_ptr<const ProjectContext>& project) {
    std::filesystem::path model = scratch_ / "model";
    if (!holds_model(model)) {
      model = scratch_ / "brief";
      bench::Limits whole = limits_;
      whole.seconds = std::numeric_limits<double>::infinity();
      bench::measure_training(cli_, *open("train.history=0.9"), model, whole);
    }
    keep(bench::measure_queries(cli_, project, model, limits_), "query");
  }

  Cli& cli_;
  const Options& options_;
  Scratch scratch_;
  std::filesystem::path file_ = {};  // the project's
  bool in_own_workspace_ = true;
  bench::Limits limits_ = {};
  std::vector<bench::Measurement> found_ = {};
};

void print_machine(Json& json) {
  const CpuReport cpu = describe_devices().cpu;
  json["machine"] = {{"cpu", cpu.name}, {"cores", cpu.cores}, {"vector_sets", cpu.vector_sets}};
}

void run(Cli& cli, const Options& options) {
  set_up_torch(cli);
  const std::vector<bench::Measurement> found = Run(cli, options).measure();
  Json json;
  print_machine(json);
  json["threads"] = cli.threads();
  json["project"] = cli.project_path().empty() ? fmt::format("synthetic shop, {} users, {} items",
                                                             options.shop.users, options.shop.items)
                                               : cli.project_path().string();
  json["measurements"] = Json::array();
  Table table({"part", "what", "figure", "unit"});
  for (const bench::Measurement& one : found) {
    Json entry = {{"part", one.part}, {"what", one.what}, {"value", one.value}, {"unit", one.unit}};
    entry.update(one.details);
    json["measurements"].push_back(std::move(entry));
    table.add({one.part, one.what,
               one.value >= 100 ? with_commas(static_cast<std::uint64_t>(one.value))
                                : fmt::format("{:.3g}", one.value),
               one.unit});
  }
  if (cli.common().json) {
    cli.print_json(json);
    return;
  }
  cli.print(fmt::format("{}\n{}, {} cores; {} threads\n", json["project"].get<std::string>(),
                        json["machine"]["cpu"].get<std::string>(), json["machine"]["cores"].get<unsigned>(),
                        cli.threads()));
  cli.print(table.text());
}

}  // namespace

void add_bench(Cli& cli) {
  auto options = std::make_shared<Options>();
  CLI::App* command = cli.add_project_command(
      "bench",
      "Measure ingest, encoding, sampling, training and queries, on your project or a synthetic shop",
      [&cli, options] { run(cli, *options); }, ProjectArgument::kOptional);
  cli.add_threads(command);
  command
      ->add_option("--parts", options->parts,
                   "What to measure; without ingest, the project's own snapshot is worked on")
      ->delimiter(',')
      ->check(CLI::IsMember(kParts))
      ->default_str(fmt::format("{}", fmt::join(kParts, ",")));
  command->add_option("--seconds", options->seconds, "How long batches, steps and queries go on, each")
      ->capture_default_str()
      ->check(CLI::Range(0.01, 86400.0));
  command
      ->add_option(
          "--folder", options->folder,
          "Where temporary files go, removed at the end; else beside the project file, or the system's "
          "temporary folder")
      ->check(CLI::ExistingDirectory);
  command->add_option("--users", options->shop.users, "Users of the synthetic shop")
      ->capture_default_str()
      ->check(CLI::Range(1, 100000000));
  command->add_option("--items", options->shop.items, "Items of the synthetic shop")
      ->capture_default_str()
      ->check(CLI::Range(1, 100000000));
  command->add_flag("!--no-media", options->shop.media, "A synthetic shop without pictures and clips");
}

}  // namespace weft::tools
