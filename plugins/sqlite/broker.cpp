#include "broker.hpp"

#include <cstdint>
#include <string>
#include <utility>

#include "catalog.hpp"
#include "errors.hpp"

namespace dispytch::sqlite {
namespace {

// A topic of the file that has another number of partitions than the config says.
plugin::Exception other_partitions(const Topic& topic, std::int32_t wanted, const std::string& path) {
  return {DISPYTCH_ECONFIG, "/config/topics/" + topic.name + ": topic `" + topic.name + "` has " + std::to_string(topic.partitions.size()) +
                                " partitions in `" + path + "`, the config says " + std::to_string(wanted) +
                                "; another number would move keys to other partitions: say the same"};
}

}  // namespace

Broker::Broker(Options options, plugin::Host host)
    : options_{std::move(options)},
      host_{host},
      clock_{host.clock()},
      file_{options_, host},
      bell_{file_, host},
      delays_{clock_},
      retention_{clock_} {
  try {
    create_topics();
    writer_ = std::make_unique<Writer>(file_, bell_, host, options_.busy_timeout);
  } catch (const Failure& failure) {
    throw plugin::Exception{error_of(failure, "opening", file_.path())};
  }
  writer_->add(delays_, false);
  writer_->add(retention_, false);
}

Broker::~Broker() {
  writer_->remove(delays_);
  writer_->remove(retention_);
}

// What a topic keeps may be said anew; its number of partitions may not.
void Broker::create_topics() {
  if (options_.topics.empty()) return;
  const std::unique_ptr<Database> database = file_.connect();
  Transaction transaction{*database};
  for (const auto& [name, wanted] : options_.topics) {
    const std::optional<Topic> known = find_topic(*database, name);
    if (!known) {
      create_topic(*database, name, wanted, clock_.unix_ms());
    } else if (known->partitions.size() != static_cast<std::size_t>(wanted.partitions)) {
      throw other_partitions(*known, wanted.partitions, file_.path());
    } else if (known->retention != wanted.retention) {
      set_retention(*database, *known, wanted.retention);
      host_.log(plugin::Level::info, "topic `" + name + "` of `" + file_.path() + "` keeps from now on what this config says");
    }
  }
  transaction.commit();
}

}  // namespace dispytch::sqlite
