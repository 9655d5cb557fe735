// The project file of the synthetic shop.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "base/files.h"
#include "tools/synth/shop.h"

namespace weft::synth {
namespace {

constexpr std::string_view kNodes =
    R"(# A synthetic shop made by `weft synth`: {users} users, {items} items, seed {seed}.
# impressions.csv (shown and not clicked) is left out of the graph: its rows are no interest of the user's.

[nodes.user]
source = "{users_file}"
id = "user_id"
time = {{ column = "signup", unit = "s" }}
fields.age = {{ kind = "number" }}
fields.city = {{ kind = "category" }}
fields.language = {{ kind = "category" }}

[nodes.item]
source = "items.jsonl"
id = "item_id"
name = "title"
time = {{ column = "listed", unit = "s" }}
fields.title = {{ kind = "text" }}
fields.description = {{ kind = "text" }}
fields.price = {{ kind = "number" }}
fields.category = {{ kind = "category", as_node = true }}
fields.brand = {{ kind = "category", as_node = true }}
fields.tags = {{ kind = "category", as_node = true }}
)";

constexpr std::string_view kMedia = R"(fields.photo = { kind = "image", path = "{photo}" }
fields.clip = { kind = "audio", path = "{clip}" }
)";

constexpr std::string_view kEdges = R"(
[nodes.review]
source = "reviews.jsonl"
time = {{ column = "time", unit = "iso8601" }}
fields.title = {{ kind = "text" }}
fields.body = {{ kind = "text" }}

[nodes.search]
source = "searches.jsonl"
time = {{ column = "time", unit = "s" }}
fields.query = {{ kind = "text" }}

[edges.buys]
source = {events}
from = "user:user_id"
to = "item:item_id"
time = {{ column = "time"{event_unit} }}
where = {{ action = "purchase" }}

[edges.carts]
source = {events}
from = "user:user_id"
to = "item:item_id"
time = {{ column = "time"{event_unit} }}
where = {{ action = "cart" }}

[edges.browses]
source = {events}
from = "user:user_id"
to = "item:item_id"
time = {{ column = "time"{event_unit} }}
where = {{ action = "browse" }}

[edges.rates]
source = "reviews.jsonl"
from = "user:user_id"
to = "item:item_id"
time = {{ column = "time", unit = "iso8601" }}
weight = "rating"

[edges.wrote]
source = "reviews.jsonl"
from = "user:user_id"
to = "review"
time = {{ column = "time", unit = "iso8601" }}

[edges.about]
source = "reviews.jsonl"
from = "review"
to = "item:item_id"
time = {{ column = "time", unit = "iso8601" }}

[edges.searched]
source = "searches.jsonl"
from = "user:user_id"
to = "search"
time = {{ column = "time", unit = "s" }}

[edges.found]
source = "searches.jsonl"
from = "search"
to = "item:item_id"
time = {{ column = "time", unit = "s" }}
where = {{ result = "click" }}

[edges.follows]
source = "{follows_file}"
from = "user:follower"
to = "user:followed"
time = {{ column = "time", unit = "s" }}
symmetric = false

[clean]
max_bad_rows = {max_bad_rows:.2f}
max_bad_media = {max_bad_media:.2f}
missing = ["n/a"]

[task]
target = "buys"
split = {{ kind = "time", valid = 0.1, test = 0.1 }}

# Chosen on shops of the seeds 12 and 13.
[model]
fan_outs = [48]
inference_fan_outs = [-1]
fusion = "sum"
layer_norm = false
id_embeddings = []
pool_relations = true
dropout = 0.3
[train]
epochs = 12
batch_size = 128
learning_rate = 0.001
weight_decay = 0.4
metric = "recall"
)";

// What brings the app's rows, and absurd values, back to what the shop itself writes.
constexpr std::string_view kRules = R"(
# The app writes other names, milliseconds, and ids of its own; some rows came once more with an absurd time or
# price, which are left out.
[sources."{events_file}".columns]
time = {{ time = {{ unit = "s" }}, range = ["2000-01-01", "2100-01-01"], on_bad = "drop" }}
[sources."{app_file}".columns]
stamp = {{ rename = "time", time = {{ unit = "ms" }}, range = ["2000-01-01", "2100-01-01"], on_bad = "drop" }}
customer = {{ rename = "user_id", ids = "app_users.csv", unknown_ids = "bad" }}
article = {{ rename = "item_id" }}
event = {{ rename = "action", values = {{ View = "browse", Basket = "cart", Order = "purchase" }} }}
[sources."items.jsonl".columns]
price = {{ range = [0, 1000000], on_bad = "drop" }}
)";

// The next whole percent, so that a shop's own dirt passes; 5 % (the default) at least.
double threshold(double share) {
  return std::max(0.05, std::floor(share * 100 + 1) / 100);
}

}  // namespace

void write_project(const Shop& shop) {
  const SynthOptions& options = shop.world.options();
  std::string text =
      fmt::format(kNodes, fmt::arg("users", options.users), fmt::arg("items", options.items),
                  fmt::arg("seed", options.seed), fmt::arg("users_file", table_name(shop, "users")));
  if (options.media) text += kMedia;
  const std::string events = table_name(shop, "events"), app = table_name(shop, "app_events");
  text += fmt::format(kEdges, fmt::arg("max_bad_rows", threshold(shop.report.broken_rows_share)),
                      fmt::arg("max_bad_media", threshold(shop.report.damaged_media_share)),
                      fmt::arg("follows_file", table_name(shop, "follows")),
                      fmt::arg("event_unit", options.mismatches ? "" : ", unit = \"s\""),
                      fmt::arg("events", options.mismatches ? fmt::format("[\"{}\", \"{}\"]", events, app)
                                                            : fmt::format("\"{}\"", events)));
  if (options.mismatches)
    text += fmt::format(kRules, fmt::arg("events_file", events), fmt::arg("app_file", app));
  real_files().replace_whole(shop.folder / "shop.toml", text);
}

}  // namespace weft::synth
