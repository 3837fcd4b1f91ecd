#include "broker.hpp"

#include "member.hpp"

namespace dispytch::memory {
namespace {

constexpr std::size_t kMaxPartitionsOfAll = Member::kMaxSlots;  // one consumer may hold all of them

}  // namespace

std::shared_ptr<Broker> Broker::open(const Options& options) {
  if (options.broker.empty()) return std::shared_ptr<Broker>{new Broker{options}};
  static plugin::Mutex registry_mutex;                                             // of the registry
  static auto* const registry = new std::map<std::string, std::weak_ptr<Broker>>;  // never destroyed: plugins aren't unloaded
  const plugin::Lock registry_lock{registry_mutex};
  std::weak_ptr<Broker>& known = (*registry)[options.broker];
  if (std::shared_ptr<Broker> broker = known.lock()) {
    const plugin::Lock lock{broker->mutex};
    broker->add(options);
    return broker;
  }
  std::shared_ptr<Broker> broker{new Broker{options}};
  known = broker;
  return broker;
}

Broker::Broker(const Options& options)
    : others_{options.others}, auto_create_{options.auto_create}, rebalance_timeout_{options.rebalance_timeout} {
  add(options);
}

void Broker::add(const Options& options) {
  for (const auto& [name, topic] : options.topics) {
    const auto known = topics_.find(name);
    if (known == topics_.end()) {
      create(name, topic);
    } else if (known->second->options() != topic) {
      throw plugin::Exception{DISPYTCH_ECONFIG, "/config/topics/" + name + ": broker `" + options.broker +
                                                    "`, which another backend has opened, has this topic with other partitions or bounds; "
                                                    "say the same in both places"};
    }
  }
}

Topic* Broker::find(std::string_view name) noexcept {
  const auto known = topics_.find(name);
  return known == topics_.end() ? nullptr : known->second.get();
}

Topic& Broker::topic(std::string_view name) {
  if (Topic* const known = find(name)) return *known;
  if (name.empty()) throw plugin::Exception{DISPYTCH_EINVAL, "expected the name of a topic, found an empty string"};
  if (auto_create_) return create(std::string{name}, others_);
  missing(name, "; name it under `topics`, or set auto_create: true");
}

Topic& Broker::existing_topic(std::string_view name) {
  if (Topic* const known = find(name)) return *known;
  missing(name, "");
}

void Broker::missing(std::string_view name, std::string_view advice) const {
  std::string text = "no topic `" + std::string{name} + "` in the memory backend" + std::string{advice} + ". There are: ";
  for (const auto& [other, topic] : topics_) text += (text.back() == ' ' ? "" : ", ") + other;
  throw plugin::Exception{DISPYTCH_ENOTFOUND, text};
}

Topic& Broker::create(const std::string& name, const TopicOptions& options) {
  if (partitions_ + static_cast<std::size_t>(options.partitions) > kMaxPartitionsOfAll) {
    throw plugin::Exception{DISPYTCH_ETOOBIG, "topic `" + name + "` would bring the memory backend to more than " +
                                                  std::to_string(kMaxPartitionsOfAll) + " partitions"};
  }
  Topic& topic = *topics_.emplace(name, std::make_unique<Topic>(name, options)).first->second;
  partitions_ += static_cast<std::size_t>(options.partitions);
  for (TopicWatcher* watcher : watchers) watcher->created(topic);
  return topic;
}

Group& Broker::group(const std::string& name) { return groups_.try_emplace(name, name, rebalance_timeout_).first->second; }

const Group* Broker::find_group(const std::string& name) const noexcept {
  const auto known = groups_.find(name);
  return known == groups_.end() ? nullptr : &known->second;
}

Group& Broker::nameless_group(bool looks) { return nameless_groups_.emplace_back("", rebalance_timeout_, looks); }

void Broker::dissolve(Group& group) noexcept {
  nameless_groups_.remove_if([&](const Group& other) { return &other == &group; });
}

}  // namespace dispytch::memory
