// `weft synth`: writes a realistic synthetic shop (tools/synth/) as raw logs, media and a project file.
#include <fmt/format.h>

#include <filesystem>
#include <memory>

#include "tools/cli.h"
#include "tools/synth/synth.h"
#include "tools/table.h"

namespace weft::tools {
namespace {

struct Options {
  std::filesystem::path folder;
  synth::SynthOptions shop = {};
};

void run(Cli& cli, Options& options) {
  options.shop.threads = cli.threads();
  const synth::SynthReport report = synth::generate(options.shop, options.folder, cli.progress());
  const Json counts = Json::parse(synth::to_json(report));
  if (cli.common().json) {
    cli.print_json(counts);
    return;
  }
  Table table({"written", "count"});
  for (const auto& [name, count] : counts.items()) {
    if (count.is_number() && name != "test_start_ms")
      table.add({name, with_commas(count.get<std::uint64_t>())});
  }
  cli.print(table.text());
  const std::string project = (options.folder / "shop.toml").string();
  cli.print(fmt::format("\nNext: weft ingest {0} && weft train {0}", project));
}

}  // namespace

void add_synth(Cli& cli) {
  auto options = std::make_shared<Options>();
  CLI::App* command = cli.add_command(
      "synth", "Make a realistic synthetic shop: logs, texts, pictures, clips and the truth behind them",
      [&cli, options] { run(cli, *options); });
  cli.add_threads(command);
  command
      ->add_option("folder", options->folder,
                   "Where to write it; must be empty or hold an earlier synthetic shop")
      ->required();
  command->add_option("--users", options->shop.users, "Users")
      ->capture_default_str()
      ->check(CLI::Range(1, 100000000));
  command->add_option("--items", options->shop.items, "Items")
      ->capture_default_str()
      ->check(CLI::Range(1, 100000000));
  command->add_option("--seed", options->shop.seed, "The same seed and options give the same bytes")
      ->capture_default_str();
  command
      ->add_option("--dirt", options->shop.dirt,
                   "Share of rows and media that are duplicated, incomplete, broken or missing")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 0.5));
  command
      ->add_option("--purchases", options->shop.purchases_per_user,
                   "Purchases of a user who is there from the first day, roughly")
      ->capture_default_str()
      ->check(CLI::Range(0.01, 400.0));
  command
      ->add_option("--memory", options->shop.memory_bytes,
                   "Events held in memory before they wait on disk, as in 512MB")
      ->transform(CLI::AsSizeValue(false))
      ->check(CLI::Range(std::size_t{1} << 20, std::size_t{1} << 50));
  command->add_flag(
      "--mismatches", options->shop.mismatches,
      "A second source with other names, units and ids, and absurd values; shop.toml undoes them");
  command->add_flag("--parquet", options->shop.parquet,
                    "Users, events, impressions and follows as Parquet rather than CSV");
  command->add_flag("!--no-media", options->shop.media, "No pictures and no clips");
}

}  // namespace weft::tools
