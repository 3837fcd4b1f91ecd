#include "consumer.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <random>
#include <utility>

#include "command.hpp"
#include "opening.hpp"
#include "records.hpp"
#include "session.hpp"

namespace dispytch::redis {
namespace {

using plugin::Error;
using plugin::Exception;
using plugin::Status;
using std::chrono::milliseconds;
using Clock = Connection::Clock;

constexpr milliseconds kDestroyed{1'000};      // for a consumer that is destroyed without a close
constexpr milliseconds kWithoutServer{1'000};  // for a close that has no server to talk to

// No two members have the same, whatever host and process they run in.
std::string new_member(const Server& server) {
  std::array<char, 256> host{};
  gethostname(host.data(), host.size() - 1);
  std::random_device random;
  return std::string{kMemberPrefix} + std::string{server.host.application()} + ":" + host.data() + ":" + std::to_string(getpid()) + ":" +
         std::to_string(random());
}

}  // namespace

// What opening has found.
struct Consumer::Opened {
  ConsumerOptions options;  // judged first: `dispytch check` names no topics
  Subscription subscription;
  Inbox::Streams streams = {};
  std::vector<EntryId> positions = {};

  Opened(const Server& server, const plugin::Config& config, milliseconds timeout)
      : options{config.at("config"), server.config}, subscription{config} {
    Session session{server.options, server.client_name("opening"), timeout};
    if (!subscription.ephemeral) require_version(session);
    for (const std::string& topic : subscription.topics) {
      const bool named_before = std::ranges::any_of(streams, [&](const auto& stream) { return stream->topic == topic; });
      if (named_before) continue;
      positions.push_back(prepare(session, server, subscription, topic));
      streams.push_back(std::make_unique<Stream>(topic, streams.size(), subscription.group));
    }
  }
};

Consumer::Consumer(const Server& server, const plugin::Config& options, plugin::Opening opening)
    : Consumer{server, Opened{server, options, opening.timeout}, opening.notify} {}

Consumer::Consumer(const Server& server, Opened opened, plugin::Notify notify)
    : server_{server},
      streams_{std::move(opened.streams)},
      inbox_{server.layout, streams_, notify},
      membership_{.server = server,
                  .streams = streams_,
                  .inbox = inbox_,
                  .group = opened.subscription.group,
                  .member = opened.subscription.instance.empty() ? new_member(server) : opened.subscription.instance,
                  .ephemeral = opened.subscription.ephemeral,
                  .prefetch = opened.options.prefetch,
                  .claim_after = opened.options.claim_after},
      reads_outage_{server, "a listener, reading"},
      works_outage_{server, "a listener"},
      reads_{{.options = &server.options,
              .client_name = server.client_name("reading"),
              .longest_block = Reading::kBlock,
              .on_up =
                  [this] {
                    reads_outage_.ends();
                    upkeep_.on_reading_anew();
                  },
              .on_down = [this](const Error& why) { reads_outage_.begins(why); }}},
      works_{{.options = &server.options,
              .client_name = server.client_name("listener"),
              .on_up =
                  [this] {
                    const bool again = works_outage_.ends() || std::exchange(was_up_, true);
                    upkeep_.on_up(Clock::now(), again);
                  },
              .on_down =
                  [this](const Error& why) {
                    works_outage_.begins(why);
                    settling_.on_down();
                  }}},
      settling_{membership_, [this](const Stream& stream, std::int64_t delay_ms) { upkeep_.expect_due(stream, milliseconds{delay_ms}); }},
      upkeep_{membership_, works_, settling_},
      reading_{membership_, reads_, settling_, [this](std::string_view error) { upkeep_.on_refusal(error); }} {
  for (const auto& stream : streams_) reading_.begin_at(*stream, opened.positions[stream->slot]);
  worker_.start({&reads_, &works_}, [this](Connection::Time now) { return step(now); });
}

Consumer::~Consumer() { static_cast<void>(close(kDestroyed)); }

// ---- the worker's thread ----

Connection::Time Consumer::step(Connection::Time now) {
  settling_.send(works_);
  Connection::Time next = upkeep_.step(now);
  next = std::min(next, reading_.step(now, upkeep_.ready()));
  if (!reading_.is_waiting()) {
    asked_to_unblock_ = false;
  } else if (works_.is_up() && reading_.is_short(upkeep_.ready()) && !std::exchange(asked_to_unblock_, true)) {
    works_.send(command({"CLIENT", "UNBLOCK", std::to_string(reads_.client_id())}), [](Reply) {});
  }
  assess(now);
  bool leaving = false;
  {
    const plugin::Lock lock{mutex_};
    leaving = leaving_;
  }
  if (leaving) {
    if (leave(now)) {
      const plugin::Lock lock{mutex_};
      left_ = true;
      changed_.notify_all();
    } else if (give_up_at_) {
      next = std::min(next, *give_up_at_);
    }
  }
  return next;
}

// Tells the host when reading becomes impossible, and when it is possible again.
void Consumer::assess(Connection::Time) {
  std::optional<Error> trouble;
  const auto of = [](const Outage& outage) { return Error{.code = DISPYTCH_EUNAVAILABLE, .text = outage.text(), .retriable = true}; };
  if (reads_outage_.is_down()) {
    trouble = of(reads_outage_);
  } else if (works_outage_.is_down()) {
    trouble = of(works_outage_);
  } else {
    trouble = upkeep_.trouble();
  }
  if (trouble.has_value() == told_.has_value()) return;
  if (trouble) {
    inbox_.down(*trouble);
  } else {
    inbox_.up();
  }
  told_ = std::move(trouble);
}

// Step by step: nothing is read any more, what was settled is on record, and what is in hand is given back. Returns whether that is done.
bool Consumer::leave(Connection::Time now) {
  reading_.stop();
  upkeep_.stop();
  if (membership_.ephemeral || upkeep_.has_left()) return true;
  if (!works_.is_up()) {
    if (!give_up_at_) give_up_at_ = now + kWithoutServer;
    return now >= *give_up_at_;
  }
  if (reading_.is_waiting()) {
    if (!std::exchange(asked_to_unblock_, true)) {
      works_.send(command({"CLIENT", "UNBLOCK", std::to_string(reads_.client_id())}), [](Reply) {});
    }
    return false;
  }
  if (!upkeep_.is_idle() || !settling_.is_empty()) return false;
  inbox_.close();
  if (!upkeep_.is_leaving()) upkeep_.leave();
  return upkeep_.has_left();
}

// ---- the border ----

Status Consumer::poll(plugin::Limits limits, milliseconds timeout, plugin::BatchOut& out) {
  return inbox_.poll(limits, timeout, out, [this] { worker_.wake(); });
}

Status Consumer::settle(plugin::Strided<const plugin::Settlement> settlements) {
  std::size_t stale = 0;
  bool unknown_action = false;
  for (const plugin::Settlement& settlement : settlements) {
    const bool gives_back = settlement.action == DISPYTCH_REQUEUE;
    if (!gives_back && settlement.action != DISPYTCH_ACK && settlement.action != DISPYTCH_REJECT) {
      unknown_action = true;
      continue;
    }
    if (inbox_.acknowledge(settlement.token)) continue;
    const auto settled = inbox_.settle(settlement.token);
    if (!settled) {
      ++stale;
      continue;
    }
    Settlement out{.stream = settled->stream, .id = settled->id, .gives_back = gives_back};
    if (gives_back) {
      out.delay_ms = settlement.delay_ms;
      if ((settlement.flags & DISPYTCH_SETTLE_ATTEMPTS) != 0) out.attempts = settlement.attempts;
    }
    settling_.settle(out);
  }
  worker_.wake();
  if (unknown_action) {
    return Error{.code = DISPYTCH_ENOTIMPL,
                 .text = "a stream shared by a group can acknowledge a message, give one back and drop one, and nothing else"};
  }
  if (stale > 0) {
    return Error{.code = DISPYTCH_EFENCED,
                 .text = std::to_string(stale) + " of " + std::to_string(settlements.size()) +
                         " tokens are stale: settled before, or of messages that this consumer no longer has"};
  }
  return {};
}

plugin::Result<std::span<const plugin::Header>> Consumer::headers(const plugin::InboundMessage& message) {
  return std::span<const plugin::Header>{message.headers, message.n_headers};
}

Status Consumer::sync(milliseconds timeout) {
  worker_.wake();
  return settling_.sync(timeout);
}

Status Consumer::pause(std::span<const plugin::Source> sources, bool on) {
  for (const plugin::Source& source : sources) {
    const std::size_t slot = DISPYTCH_SOURCE_SLOT(source.source);
    if (slot >= streams_.size()) return Error{.code = DISPYTCH_EINVAL, .text = "there is no source " + std::to_string(source.source)};
    inbox_.pause(slot, on);
  }
  worker_.wake();
  return {};
}

Status Consumer::begin(std::span<const std::uint64_t> tokens, bool on, milliseconds timeout) {
  std::vector<Inbox::Settled> messages;
  for (const std::uint64_t token : tokens) {
    const auto message = inbox_.find(token);
    if (!message) return Error{.code = DISPYTCH_EFENCED, .text = "a message is about to be handled that this consumer no longer has"};
    messages.push_back(*message);
  }
  return settling_.begin(messages, on, timeout, worker_);
}

Status Consumer::close(milliseconds timeout) {
  if (std::exchange(closed_, true)) return {};
  const auto begun = Clock::now();
  {
    const plugin::Lock lock{mutex_};
    leaving_ = true;
  }
  worker_.wake();
  {
    const plugin::Lock lock{mutex_};
    const auto deadline = begun + timeout;
    while (!left_ && Clock::now() < deadline) changed_.wait_until(mutex_, deadline);
  }
  settling_.close();
  worker_.stop();
  if (!upkeep_.has_left() && !membership_.ephemeral) {
    return Error{.code = DISPYTCH_EUNAVAILABLE,
                 .text = "Redis at " + server_.name() +
                         " did not take in time what was settled and given back; other members take it up after "
                         "`claim_after`",
                 .retriable = true};
  }
  return {};
}

}  // namespace dispytch::redis
