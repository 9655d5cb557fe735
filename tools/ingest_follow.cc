#include "tools/ingest_follow.h"

#include <fmt/format.h>

#include "storage/follow.h"
#include "tools/stop_signals.h"
#include "tools/table.h"

namespace weft::tools {
namespace {

using Clock = std::chrono::steady_clock;

// What never catches up is shown this often all the same.
constexpr std::chrono::seconds kFreshAtLeast(60);

class Rounds final : public storage::FollowWatcher {
 public:
  Rounds(Cli& cli, const storage::Project& project, storage::GraphStore& store,
         const storage::FreshOptions& fresh, const std::atomic<bool>& stop)
      : cli_(cli), project_(project), store_(store), fresh_(fresh), stop_(stop) {}

  void round(const storage::IngestReport& report) override {
    for (const std::string& note : report.notes) cli_.note(printable("note: " + note));
    waiting_ = waiting_ || report.rows > 0;
    if (!waiting_) return;
    const bool caught_up = !report.more || stop_.load() || Clock::now() - freshened_ >= kFreshAtLeast;
    Json json = {{"rows", report.rows},
                 {"events", report.events},
                 {"duplicates", report.duplicates},
                 {"quarantined_rows", report.quarantined_rows},
                 {"sequence", store_.info().sequence},
                 {"more", report.more}};
    if (caught_up) freshen(json);
    if (cli_.common().json)
      cli_.print(json.dump());
    else
      print_round(json);
  }

  void unreachable(const storage::KafkaUnreachable& error) override {
    cli_.note(printable(fmt::format("note: {}; it is tried again", error.what())));
  }

 private:
  void freshen(Json& json) {
    const storage::FreshGraph graph =
        storage::freshen(store_, project_.workspace, project_.data_root, fresh_, cli_.progress());
    json["snapshot"] = graph.snapshot.string();
    if (!graph.delta.empty()) json["delta"] = graph.delta.string();
    waiting_ = false;
    freshened_ = Clock::now();
  }

  void print_round(const Json& json) const {
    const auto count = [&](const char* key) { return with_commas(json[key].get<std::uint64_t>()); };
    std::string text =
        fmt::format("{} rows, {} events ({} in the store already), {} in quarantine; ", count("rows"),
                    count("events"), count("duplicates"), count("quarantined_rows"));
    if (json.contains("delta"))
      text += "delta " + json["delta"].get<std::string>();
    else if (json.contains("snapshot"))
      text += "snapshot " + json["snapshot"].get<std::string>();
    else
      text += "more messages wait";
    cli_.print(text);
  }

  Cli& cli_;
  const storage::Project& project_;
  storage::GraphStore& store_;
  const storage::FreshOptions& fresh_;
  const std::atomic<bool>& stop_;
  bool waiting_ = true;  // events that no snapshot shows yet; at first, who knows
  Clock::time_point freshened_ = Clock::now();
};

}  // namespace

void follow_topics(Cli& cli, const storage::Project& project, storage::GraphStore& store,
                   const storage::IngestOptions& ingest, const storage::FreshOptions& fresh,
                   std::chrono::milliseconds every) {
  const StopSignals signals;
  Rounds rounds(cli, project, store, fresh, StopSignals::stop());
  storage::follow(project, store, {.ingest = ingest, .every = every}, rounds, StopSignals::stop(),
                  cli.progress());
  cli.note("stopped; the next run goes on from here");
}

}  // namespace weft::tools
