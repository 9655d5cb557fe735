// The behaviour logs of the synthetic shop: events, impressions, searches and reviews, in order of time.
#include <fmt/chrono.h>
#include <fmt/format.h>

#include <ctime>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "tools/synth/row_writer.h"
#include "tools/synth/shop.h"
#include "tools/synth/texts.h"

namespace weft::synth {
namespace {

enum DirtStream : std::uint64_t {
  kEventRows = 101,
  kImpressionRows,
  kSearchRows,
  kReviewRows,
  kAppRows,
  kTimeOutliers
};
constexpr double kTestShare = 0.1;  // of the purchases, the last ones: the split that shop.toml asks for

std::string iso8601(std::int64_t seconds) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(static_cast<std::time_t>(seconds)));
}

// What the app calls it.
std::string_view app_action_name(Action action) {
  switch (action) {
    case Action::kBrowse:
      return "View";
    case Action::kCart:
      return "Basket";
    case Action::kPurchase:
      return "Order";
    default:
      return "";
  }
}

std::string_view action_name(Action action) {
  switch (action) {
    case Action::kBrowse:
      return "browse";
    case Action::kCart:
      return "cart";
    case Action::kPurchase:
      return "purchase";
    case Action::kImpression:
      return "impression";
    case Action::kSearch:
      return "search";
    case Action::kReview:
      return "review";
  }
  return "";
}

class EventLogs {
 public:
  explicit EventLogs(const Shop& shop)
      : shop_(shop),
        events_(open_table(shop, "events", kEventRows)),
        impressions_(open_table(shop, "impressions", kImpressionRows)),
        searches_(open("searches.jsonl", RowKind::kJson, kSearchRows)),
        reviews_(open("reviews.jsonl", RowKind::kJson, kReviewRows)) {
    events_.header("time,user_id,item_id,action,visit,step");
    impressions_.header("time,user_id,item_id,visit,place");
    if (!shop.world.options().mismatches) return;
    app_.emplace(open_table(shop, "app_events", kAppRows));
    app_->header("stamp,customer,article,event,session,number");
  }

  void write(const Event& event) {
    switch (event.action) {
      case Action::kBrowse:
        ++shop_.report.browses;
        return write_action(event);
      case Action::kCart:
        ++shop_.report.carts;
        return write_action(event);
      case Action::kPurchase:
        ++shop_.report.purchases;
        return write_action(event);
      case Action::kImpression:
        return write_impression(event);
      case Action::kSearch:
        return write_search(event);
      case Action::kReview:
        return write_review(event);
    }
  }

  void close() {
    shop_.report.impressions = impressions_.rows();
    shop_.report.searches = searches_.rows();
    shop_.report.reviews = reviews_.rows();
    std::vector<RowWriter*> logs = {&events_, &impressions_, &searches_, &reviews_};
    if (app_) logs.push_back(&*app_);
    if (app_) shop_.report.app_rows = app_->rows();
    for (RowWriter* log : logs) {
      log->close();
      count_dirt(shop_, *log);
    }
  }

 private:
  RowWriter open(std::string_view name, RowKind kind, DirtStream stream) const {
    const SynthOptions& options = shop_.world.options();
    return {shop_.folder / name, kind, options.seed, stream, options.dirt * 0.75};
  }

  void write_action(const Event& e) {
    const auto row = [&](std::int64_t time) {
      return fmt::format("{},{},{},{},{},{}", time, shop_.ids.user(e.user), shop_.ids.item(e.item),
                         action_name(e.action), shop_.ids.visit(e.user, e.visit), e.step);
    };
    const auto app_row = [&](std::int64_t time) {  // in milliseconds
      return fmt::format("{},{},{},{},{},{}", time, shop_.ids.app_user(e.user), shop_.ids.item(e.item),
                         app_action_name(e.action), shop_.ids.visit(e.user, e.visit), e.step);
    };
    const bool of_app = app_ && shop_.ids.of_app(e.user);
    if (of_app)
      app_->row(app_row(e.time * 1000));
    else
      events_.row(row(e.time));
    if (!app_) return;
    // A clock that was never set, or the wrong unit.
    Stream random(shop_.world.options().seed, Purpose::kDirt, outlier_rows_++, kTimeOutliers);
    if (!random.chance(shop_.world.options().dirt / 2)) return;
    const std::int64_t time =
        random.chance(0.5) ? static_cast<std::int64_t>(random.below(86'400)) : e.time * 1000;
    if (of_app)
      app_->extra(app_row(time < 86'400 ? time : time * 1000));
    else
      events_.extra(row(time));
  }

  void write_impression(const Event& e) {
    impressions_.row(fmt::format("{},{},{},{},{}", e.time, shop_.ids.user(e.user), shop_.ids.item(e.item),
                                 shop_.ids.visit(e.user, e.visit), e.detail));
  }

  void write_search(const Event& e) {
    const bool clicked = e.detail != 0;
    nlohmann::ordered_json row = {{"time", e.time}, {"user_id", shop_.ids.user(e.user)}};
    row["query"] = query_text(shop_.world, shop_.world.user(e.user), e);
    row["result"] = clicked ? "click" : "none";
    row["item_id"] = clicked ? nlohmann::ordered_json(shop_.ids.item(e.item)) : nlohmann::ordered_json();
    row["visit"] = shop_.ids.visit(e.user, e.visit);
    searches_.row(row.dump());
  }

  void write_review(const Event& e) {
    const ReviewText text = review_text(shop_.world, shop_.world.user(e.user), e);
    nlohmann::ordered_json row = {{"user_id", shop_.ids.user(e.user)}, {"item_id", shop_.ids.item(e.item)}};
    row["rating"] = static_cast<int>(e.detail);
    row["title"] = text.title;
    row["body"] = text.body;
    row["lang"] = text.chinese ? "zh" : "en";
    row["time"] = iso8601(e.time);
    reviews_.row(row.dump());
    if (text.chinese) ++shop_.report.reviews_chinese;
  }

  const Shop& shop_;
  RowWriter events_, impressions_, searches_, reviews_;
  std::optional<RowWriter> app_;  // where there are mismatches
  std::uint64_t outlier_rows_ = 0;
};

}  // namespace

void write_events(const Shop& shop, EventBuckets& buckets) {
  std::vector<std::uint64_t> purchases_by_hour(static_cast<std::size_t>(shop.world.options().days) * 24 + 1);
  EventLogs logs(shop);
  shop.progress.begin("event logs", buckets.size(), "events");
  std::uint64_t done = 0;
  for (std::size_t b = 0; b < buckets.buckets(); ++b) {
    for (const Event& event : buckets.take(b)) {
      logs.write(event);
      if (event.action == Action::kPurchase) {
        ++purchases_by_hour[static_cast<std::size_t>((event.time - shop.world.log_start()) / 3600)];
      }
      shop.progress.advance(++done);
    }
  }
  logs.close();
  std::uint64_t seen = 0;
  std::size_t hour = 0;
  const double before_test = (1 - kTestShare) * static_cast<double>(shop.report.purchases);
  while (hour + 1 < purchases_by_hour.size() && static_cast<double>(seen) < before_test)
    seen += purchases_by_hour[hour++];
  shop.report.test_start_ms = (shop.world.log_start() + static_cast<std::int64_t>(hour) * 3600) * 1000;
  shop.progress.end();
}

}  // namespace weft::synth
