#include "consumer.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

#include "batch.hpp"
#include "errors.hpp"

namespace dispytch::sqlite {
namespace {

using std::chrono::milliseconds;
using SteadyClock = std::chrono::steady_clock;  // a waiting thread waits in real time, whatever the host's clock shows

constexpr milliseconds kLongestLook{1000};  // of one look: a lease may have ended meanwhile

}  // namespace

Consumer::Consumer(Broker& broker, plugin::Subscription subscription, plugin::Notify notify)
    : broker_{broker},
      subscription_{std::move(subscription)},
      signal_{notify},
      holdings_{subscription_.has_group(), broker.host().abi_minor() >= 1},
      deleted_unread_{broker.host().counter("messages_deleted_unread", "messages")} {
  try {
    require_topics();
    database_ = broker_.file().connect_for_reading();
    if (!subscription_.has_group()) take_new_topics();
    broker_.bell().add(signal_);
  } catch (const Failure& failure) {
    throw plugin::Exception{error_of(failure, "opening", broker_.file().path())};
  }
  if (subscription_.has_group()) member_ = std::make_unique<Member>(broker_, subscription_, holdings_, signal_);
}

Consumer::~Consumer() {
  member_.reset();
  broker_.bell().remove(signal_);
}

// Those that are named exist, or are created now.
void Consumer::require_topics() {
  const std::unique_ptr<Database> database = broker_.file().connect();
  std::vector<std::string> missing;
  for (const std::string& name : subscription_.names) {
    if (!find_topic(*database, name)) missing.push_back(name);
  }
  if (missing.empty()) return;
  if (!broker_.options().auto_create) {
    throw plugin::Exception{DISPYTCH_ENOTFOUND, no_topic(missing.front(), broker_.file().path())};
  }
  Transaction transaction{*database};
  for (const std::string& name : missing) {
    if (!find_topic(*database, name)) create_topic(*database, name, broker_.options().others, broker_.clock().unix_ms());
  }
  transaction.commit();
}

// Without a group there is nobody to share with: all is this consumer's.
void Consumer::take_new_topics() {
  std::vector<Taken> all;
  for (const Topic& topic : all_topics(*database_)) {
    if (topics_.contains(topic.id) || !subscription_.wants(topic.name)) continue;
    topics_.insert(topic.id);
    const auto name = std::make_shared<const std::string>(topic.name);
    for (std::size_t i = 0; i < topic.partitions.size(); ++i) {
      const Bounds bounds = bounds_of(*database_, topic.partitions[i]);
      const bool from_oldest = has_looked_ || subscription_.from_oldest;
      all.push_back({.position = {.partition = topic.partitions[i], .next = from_oldest ? bounds.low : bounds.high},
                     .topic = name,
                     .number = static_cast<std::int32_t>(i),
                     .bounds = bounds});
    }
  }
  holdings_.assigned(all);
  holdings_.joined();
  has_looked_ = true;
}

// What others have written: the ends of the partitions, new topics, and changes of the group.
void Consumer::refresh() {
  if (const auto missing = broker_.file().missing()) {
    holdings_.down(*missing);
    return;
  }
  if (member_ == nullptr) {
    take_new_topics();
    holdings_.up();
  } else if (const auto group = member_->group()) {
    member_->look(generation_of(*database_, *group));
  }
  for (Query query = database_->query("SELECT id, low, high FROM partitions"); query.next();) {
    holdings_.bounds(query.integer(0), {query.integer(1), query.integer(2)});
  }
}

bool Consumer::read(plugin::Limits limits, plugin::BatchOut& out) {
  const std::vector<Readable> sources = holdings_.readable();
  auto batch = std::make_unique<Batch>();
  for (std::size_t i = 0; i < sources.size() && limits.max_messages > 0; ++i) {
    const Readable& source = sources[(turn_ + i) % sources.size()];
    const std::size_t before = batch->size();
    const auto next = batch->read(*database_, source, limits);
    if (!next) continue;
    const std::int64_t first = batch->messages()[before].offset;
    if (!holdings_.delivered(source, *next)) {
      batch->shrink(before);
    } else if (first > source.next) {
      deleted_unread_.record(static_cast<double>(first - source.next));
      broker_.host().log(plugin::Level::warning, "topic `" + *source.topic + "`, partition " + std::to_string(source.number) + ": the " +
                                                     std::to_string(first - source.next) + " messages from offset " +
                                                     std::to_string(source.next) + " on were deleted before group `" + subscription_.group +
                                                     "` had read them; it goes on at " + std::to_string(first));
    }
  }
  ++turn_;
  if (batch->empty()) return false;
  const std::span<const plugin::InboundMessage> messages = batch->messages();
  out.messages(messages, std::move(batch));
  return true;
}

plugin::Status Consumer::poll(plugin::Limits limits, milliseconds timeout, plugin::BatchOut& out) {
  const SteadyClock::time_point until = SteadyClock::now() + std::max(timeout, milliseconds{0});
  try {
    bool is_first = true;
    for (SteadyClock::time_point look_until = SteadyClock::time_point::min();; is_first = false) {
      const Signal::Seen seen = signal_.wait_until(look_until);
      if (seen.set || !is_first || holdings_.readable().empty()) refresh();
      if (holdings_.take_event(out, broker_.clock().monotonic())) return {};
      const bool may_read = limits.max_messages > 0 && (member_ == nullptr || member_->holds());
      if (may_read && read(limits, out)) return {};
      const SteadyClock::time_point now = SteadyClock::now();
      if (seen.woken || now >= until) return {};
      look_until = std::min(until, now + kLongestLook);
    }
  } catch (const Failure& failure) {
    return error_of(failure, "reading", broker_.file().path());
  }
}

plugin::Status Consumer::settle(plugin::Strided<const plugin::Settlement> settlements) {
  plugin::Error error{.code = DISPYTCH_OK};
  bool some = false, gives_up = false;
  for (const plugin::Settlement& settlement : settlements) {
    if (is_event(settlement.token)) {
      const Holdings::Settled settled = holdings_.settle_event(settlement.token);
      if (settled == Holdings::Settled::stale) error = {.code = DISPYTCH_EFENCED, .text = "the event that was acknowledged is over"};
      gives_up = gives_up || settled == Holdings::Settled::released;
      if (settled == Holdings::Settled::done) signal_.set();  // there may be messages
    } else if (settlement.action != DISPYTCH_ACK_UP_TO) {
      error = {.code = DISPYTCH_ENOTIMPL,
               .text = "the sqlite backend acknowledges up to a message, and neither single ones nor back into the topic"};
    } else if (!holdings_.settle_up_to(settlement.token)) {
      error = {.code = DISPYTCH_EFENCED, .text = "the message is settled already, or its partition belongs to this consumer no more"};
    } else {
      some = true;
    }
  }
  if (member_ != nullptr && (some || gives_up)) member_->settled(gives_up);
  if (error.code != DISPYTCH_OK) return error;
  return {};
}

plugin::Status Consumer::sync(milliseconds timeout) {
  if (member_ == nullptr) return {};
  member_->settled(true);
  if (holdings_.wait_until_stored(SteadyClock::now() + timeout)) return {};
  return plugin::Status::timeout();
}

plugin::Status Consumer::pause(std::span<const plugin::Source> sources, bool on) {
  plugin::Status status;
  for (const plugin::Source& source : sources) {
    if (!holdings_.pause(source.source, on)) {
      status = plugin::Error{.code = DISPYTCH_EFENCED, .text = "a source to be paused is no longer this consumer's"};
    }
  }
  if (!on) signal_.set();
  return status;
}

plugin::Status Consumer::seek(std::span<const plugin::Source> sources, milliseconds) {
  try {
    refresh();  // so that an offset that others have just written is known
  } catch (const Failure& failure) {
    return error_of(failure, "reading", broker_.file().path());
  }
  for (const plugin::Source& source : sources) {
    if (!source.offset || *source.offset < 0) {
      return plugin::Error{.code = DISPYTCH_EINVAL, .text = "expected an offset to go to, 0 or more"};
    }
    if (!holdings_.seek(source.source, *source.offset)) {
      return plugin::Error{.code = DISPYTCH_EFENCED, .text = "a source to be moved is no longer this consumer's"};
    }
  }
  signal_.set();
  return {};
}

plugin::Status Consumer::close(milliseconds timeout) {
  if (member_ == nullptr || member_->close(SteadyClock::now() + timeout)) return {};
  return plugin::Error{.code = DISPYTCH_EUNAVAILABLE,
                       .text = "`" + broker_.file().path() + "` could not be written to within " + std::to_string(timeout.count()) +
                               " ms: the last positions aren't stored, and others get the partitions after `session_timeout`"};
}

}  // namespace dispytch::sqlite
