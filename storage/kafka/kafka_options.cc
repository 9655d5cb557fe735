#include "storage/kafka/kafka_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>

#include "base/strings.h"
#include "storage/values.h"

namespace weft::storage {
namespace {

constexpr std::string_view kScheme = "kafka://";
constexpr std::size_t kMaxTopicBytes = 249;  // as brokers have it

// What weft's way of reading rests on, or what has a key of its own.
struct OwnSetting {
  std::string_view name, why;
};
constexpr std::array<OwnSetting, 13> kOwnSettings = {{
    {"bootstrap.servers", "the key `brokers` gives them"},
    {"metadata.broker.list", "the key `brokers` gives them"},
    {"group.id", "offsets are kept in weft's store, not in a consumer group"},
    {"group.instance.id", "offsets are kept in weft's store, not in a consumer group"},
    {"enable.auto.commit", "offsets are kept in weft's store, not in a consumer group"},
    {"auto.commit.enable", "offsets are kept in weft's store, not in a consumer group"},
    {"enable.auto.offset.store", "offsets are kept in weft's store, not in a consumer group"},
    {"offset.store.method", "offsets are kept in weft's store, not in a consumer group"},
    {"offset.store.path", "offsets are kept in weft's store, not in a consumer group"},
    {"auto.offset.reset", "the keys `start` and `lost` say where reading begins"},
    {"enable.partition.eof", "weft needs to know where a partition ends"},
    {"allow.auto.create.topics", "weft makes no topics"},
    {"plugin.library.paths", "a project file loads no code"},
}};

constexpr std::array<std::string_view, 8> kSecrets = {
    "sasl.password",
    "ssl.key.password",
    "ssl.key.pem",
    "ssl.keystore.password",
    "sasl.oauthbearer.client.secret",
    "sasl.oauthbearer.config",
    "sasl.kerberos.kinit.cmd",
    "sasl.oauthbearer.assertion.private.key.pem",
};

struct Reference {
  std::size_t begin = 0, end = 0;  // of "${NAME}" in the value
  std::string name = {};
};

std::vector<Reference> references(std::string_view value) {
  std::vector<Reference> out;
  for (std::size_t at = 0; (at = value.find("${", at)) != std::string_view::npos;) {
    const std::size_t close = value.find('}', at);
    if (close == std::string_view::npos) break;
    out.push_back({at, close + 1, std::string(value.substr(at + 2, close - at - 2))});
    at = close + 1;
  }
  return out;
}

bool is_variable_name(std::string_view name) {
  return !name.empty() && std::isdigit(static_cast<unsigned char>(name[0])) == 0 &&
         std::all_of(name.begin(), name.end(),
                     [](unsigned char c) { return c == '_' || (c < 0x80 && std::isalnum(c) != 0); });
}

void check_setting(const TomlSection& section, const std::string& key, const KafkaSetting& setting) {
  for (const OwnSetting& own : kOwnSettings) {
    if (setting.name == own.name)
      section.fail(key, fmt::format("'{}' is weft's to set: {}", own.name, own.why));
  }
  const std::vector<Reference> found = references(setting.value);
  for (const Reference& each : found) {
    if (!is_variable_name(each.name))
      section.fail(key, fmt::format("'${{{}}}' names no environment variable", excerpt(each.name)),
                   "${NAME} with letters, digits and _");
  }
  const bool secret = std::find(kSecrets.begin(), kSecrets.end(), setting.name) != kSecrets.end();
  const bool whole = found.size() == 1 && found[0].begin == 0 && found[0].end == setting.value.size();
  if (!secret || whole) return;
  ErrorContext where = setting.where;  // without the value
  where.value.clear();
  where.expected = "\"${NAME}\", an environment variable that holds it";
  throw Error(fmt::format("'{}' is a secret, which a project file must not hold", setting.name),
              std::move(where), ErrorKind::kUsage);
}

// "security.protocol" = "ssl" and security.protocol = "ssl" alike.
void read_settings(const TomlSection& section, const std::string& prefix, std::vector<KafkaSetting>& out) {
  for (const std::string& key : section.keys()) {
    const std::string name = prefix.empty() ? key : prefix + "." + key;
    if (section.is_table(key)) {
      read_settings(section.section(key), name, out);
      continue;
    }
    const std::vector<std::string> texts = section.get_texts(key);
    KafkaSetting setting{.name = name, .value = join(texts, ","), .where = section.where(key)};
    check_setting(section, key, setting);
    out.push_back(std::move(setting));
  }
}

void check_topics(const TomlSection& section, const std::vector<std::string>& topics) {
  if (topics.empty()) section.fail("topics", "is empty", "a topic or a list of them");
  for (const std::string& topic : topics) {
    const bool plain = std::all_of(topic.begin(), topic.end(), [](unsigned char c) {
      return c == '.' || c == '_' || c == '-' || (c < 0x80 && std::isalnum(c) != 0);
    });
    if (topic.empty() || topic == "." || topic == ".." || topic.size() > kMaxTopicBytes || !plain)
      section.fail("topics", fmt::format("'{}' is no topic's name", excerpt(topic)),
                   fmt::format("letters, digits, '.', '_' and '-', at most {} of them", kMaxTopicBytes));
    if (std::count(topics.begin(), topics.end(), topic) > 1)
      section.fail("topics", fmt::format("names '{}' twice", topic));
  }
}

void read_start(const TomlSection& section, KafkaOptions& out) {
  const std::string start = section.get_string("start", "earliest");
  if (start == "earliest" || start == "latest") {
    out.start = start == "latest" ? KafkaStart::kLatest : KafkaStart::kEarliest;
    return;
  }
  const auto time = parse_time(start, TimeUnit::kIso8601);
  if (!time || *time < 0)
    section.fail("start", fmt::format("'{}' is no place to start from", excerpt(start)),
                 "\"earliest\", \"latest\" or a time since 1970 as in \"2024-05-01T00:00:00Z\"");
  out.start = KafkaStart::kTime;
  out.start_time = *time;
}

}  // namespace

std::optional<KafkaOptions> read_kafka_options(const std::string& name, const TomlSection& parent) {
  if (!parent.has("kafka")) return std::nullopt;
  const TomlSection section = parent.section("kafka");
  KafkaOptions out{.section = name, .where = section.where()};
  out.brokers = section.get_strings("brokers");
  const bool comma = std::any_of(out.brokers.begin(), out.brokers.end(), [](const std::string& broker) {
    return broker.empty() || broker.find(',') != std::string::npos;
  });
  if (out.brokers.empty() || comma)
    section.fail("brokers", out.brokers.empty() ? "is missing or empty" : "is no list of brokers",
                 "a broker or a list of them, as in [\"kafka-1:9092\", \"kafka-2:9092\"]");
  out.topics = section.get_strings("topics");
  check_topics(section, out.topics);
  read_start(section, out);
  out.skips_lost = section.get_choice("lost", {"stop", "skip"}, 0) == 1;
  out.timeout_seconds = section.get_number_in("timeout", out.timeout_seconds, 1, 3600);
  const TomlSection settings = section.section("settings");
  read_settings(settings, "", out.settings);
  section.check_no_unknown_keys();
  return out;
}

std::string resolved_value(const KafkaSetting& setting) {
  std::string out = setting.value;
  std::vector<Reference> found = references(out);
  for (auto each = found.rbegin(); each != found.rend(); ++each) {
    const char* value = std::getenv(each->name.c_str());
    if (value == nullptr) {
      ErrorContext where = setting.where;
      where.expected = "a variable of the environment";
      where.hint = fmt::format("export {}=... before weft is run", each->name);
      throw Error(fmt::format("the environment variable {} is not set", each->name), std::move(where),
                  ErrorKind::kUsage);
    }
    out.replace(each->begin, each->end - each->begin, value);
  }
  return out;
}

std::string kafka_source_name(const std::string& section, const std::string& topic) {
  return fmt::format("{}{}/{}", kScheme, section, topic);
}

std::string kafka_source_name(const std::string& section, const std::string& topic, std::int32_t partition) {
  return fmt::format("{}{}/{}/{}", kScheme, section, topic, partition);
}

std::optional<KafkaSourceName> parse_kafka_source_name(std::string_view name) {
  if (!name.starts_with(kScheme)) return std::nullopt;
  const std::size_t last = name.rfind('/');
  const std::size_t topic = name.rfind('/', last - 1);
  if (topic == std::string_view::npos || topic < kScheme.size()) return std::nullopt;
  KafkaSourceName out{.topic = std::string(name.substr(0, last)),
                      .topic_alone = std::string(name.substr(topic + 1, last - topic - 1))};
  const char* end = name.data() + name.size();
  const auto [stop, code] = std::from_chars(name.data() + last + 1, end, out.partition);
  if (code != std::errc() || stop != end || out.partition < 0) return std::nullopt;
  return out;
}

}  // namespace weft::storage
