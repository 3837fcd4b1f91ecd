#include "admin.hpp"

#include <cstdint>
#include <set>
#include <utility>

#include "group.hpp"
#include "question.hpp"

namespace dispytch::sqlite {
namespace {

constexpr std::int64_t kDeleteStep = 1000;  // messages deleted in one transaction

struct Cut {
  std::int64_t partition, offset;
};

Cut cut_of(Broker& broker, Database& database, const plugin::Source& source) {
  const Topic topic = existing_topic(broker, database, source.topic);
  const std::int32_t number = source.partition.value_or(0);
  if (number < 0 || static_cast<std::size_t>(number) >= topic.partitions.size()) {
    throw plugin::Exception{DISPYTCH_ENOTFOUND, "topic `" + source.topic + "` has no partition " + std::to_string(number)};
  }
  const std::int64_t partition = topic.partitions[static_cast<std::size_t>(number)];
  const Bounds bounds = bounds_of(database, partition);
  if (!source.offset || *source.offset < 0 || *source.offset > bounds.high) {
    throw plugin::Exception{DISPYTCH_EINVAL, "topic `" + source.topic + "`, partition " + std::to_string(number) +
                                                 ": expected an offset from 0 to " + std::to_string(bounds.high) + ", found " +
                                                 (source.offset ? std::to_string(*source.offset) : "none")};
  }
  return {partition, *source.offset};
}

std::string in_words(const Retention& retention) {
  std::string words = retention.handled ? "handled" : "keep";
  if (retention.time_ms) words += ", " + std::to_string(*retention.time_ms) + " ms";
  if (retention.max_bytes) words += ", " + std::to_string(*retention.max_bytes) + " bytes";
  return words;
}

}  // namespace

std::vector<plugin::Range> ranges(Broker& broker, std::string_view topic, std::string_view group) {
  return ask(broker, [&](Database& database) {
    const Topic existing = existing_topic(broker, database, topic);
    const auto its_group = group.empty() ? std::nullopt : find_group(database, group);
    std::vector<plugin::Range> all;
    for (std::size_t i = 0; i < existing.partitions.size(); ++i) {
      const Bounds bounds = bounds_of(database, existing.partitions[i]);
      plugin::Range& range =
          all.emplace_back(plugin::Range{.partition = static_cast<std::int32_t>(i), .low = bounds.low, .high = bounds.high});
      if (!its_group) continue;
      Query query =
          database.query("SELECT next FROM positions WHERE consumer_group = ?1 AND partition = ?2", *its_group, existing.partitions[i]);
      if (query.next()) range.stored = query.integer(0);
    }
    return all;
  });
}

void delete_up_to(Broker& broker, std::span<const plugin::Source> sources) {
  const std::vector<Cut> cuts = ask(broker, [&](Database& database) {
    std::vector<Cut> all;
    for (const plugin::Source& source : sources) all.push_back(cut_of(broker, database, source));
    return all;
  });
  for (const Cut& cut : cuts) {
    while (order(broker, [&](Database& database) { return delete_before(database, cut.partition, cut.offset, kDeleteStep); }) ==
           kDeleteStep) {}
  }
}

std::vector<plugin::Finding> declare(Broker& broker, const plugin::Config& document, bool make) {
  return order(broker, [&](Database& database) {
    std::vector<plugin::Finding> findings;
    std::set<std::string> seen;
    const auto want = [&](const std::string& name, const TopicOptions& wanted, const std::string& pointer) {
      if (!seen.insert(name).second) return;
      const std::optional<Topic> known = find_topic(database, name);
      if (!known) {
        if (make) create_topic(database, name, wanted, broker.clock().unix_ms());
        findings.push_back({.kind = DISPYTCH_MISSING,
                            .can_make = true,
                            .made = make,
                            .object = "topic `" + name + "`",
                            .wanted = "partitions: " + std::to_string(wanted.partitions) + ", retention: " + in_words(wanted.retention),
                            .pointer = pointer});
      } else if (known->retention != wanted.retention && broker.options().topics.contains(name)) {
        if (make) set_retention(database, *known, wanted.retention);
        findings.push_back({.kind = DISPYTCH_DIFFERS,
                            .can_make = true,
                            .made = make,
                            .object = "topic `" + name + "`",
                            .setting = "retention",
                            .found = in_words(known->retention),
                            .wanted = in_words(wanted.retention),
                            .pointer = pointer});
      }
    };
    for (const auto& [name, options] : broker.options().topics) want(name, options, "/config/topics/" + name);
    const auto want_all = [&](const char* kind, const auto& name_of) {
      std::size_t index = 0;
      for (const plugin::Config& object : document.at(kind).elements()) {
        std::size_t topic_index = 0;
        for (const plugin::Config& topic : object.at("topics").elements()) {
          const std::string pointer = "/" + std::string{kind} + "/" + std::to_string(index) + "/topics/" + std::to_string(topic_index++);
          name_of(topic, pointer);
        }
        ++index;
      }
    };
    want_all("producers", [&](const plugin::Config& topic, const std::string& pointer) {
      want(topic.as<std::string>(), broker.options().others, pointer);
    });
    want_all("consumers", [&](const plugin::Config& topic, const std::string& pointer) {
      if (topic.at("name")) want(topic.require<std::string>("name"), broker.options().others, pointer + "/name");
    });
    return findings;
  });
}

}  // namespace dispytch::sqlite
