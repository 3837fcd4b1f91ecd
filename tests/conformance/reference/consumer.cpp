#include "reference/consumer.hpp"

#include <algorithm>
#include <cstdint>
#include <random>

namespace dispytch::reference {
namespace {

using std::chrono::milliseconds;

constexpr std::uint64_t kAssigned = ~std::uint64_t{0} - 1;
constexpr milliseconds kDown{300};  // without a connection before it is worth a word

std::string new_member() {
  std::random_device random;
  return "member-" + std::to_string(random()) + "-" + std::to_string(random());
}

}  // namespace

// What a batch points at.
struct Consumer::Delivery {
  std::deque<Fetched> fetched;
  std::deque<std::vector<plugin::Header>> headers;
  std::vector<plugin::InboundMessage> messages;
};

Consumer::Consumer(const Address& address, Membership membership, plugin::Notify notify)
    : membership_{std::move(membership)},
      notify_{notify},
      member_{new_member()},
      link_{address,
            {.hello = [] { return Frame::object(); },
             .greeted =
                 [this](const Frame& answer) {
                   const std::lock_guard lock{mutex_};
                   lease_ = milliseconds{answer.at("lease_ms").get<std::int64_t>()};
                   subscribe();
                 },
             .lost =
                 [this](const std::string& why) {
                   const std::lock_guard lock{mutex_};
                   lost(why);
                 },
             .turn =
                 [this] {
                   const std::lock_guard lock{mutex_};
                   turn();
                 }}} {}

plugin::Status Consumer::join(milliseconds timeout) {
  const auto deadline = std::chrono::system_clock::now() + timeout;
  std::unique_lock lock{mutex_};
  const auto decided = [&] {
    const Trouble trouble = link_.trouble();
    const bool login = trouble.login && !makes("tries_a_refused_login_again");
    return joined_ || !refusal_.empty() || login || (makes("opens_once") && !trouble.why.empty());
  };
  while (!decided() && (makes("opens_for_ever") || std::chrono::system_clock::now() < deadline)) changed_.wait_for(lock, milliseconds{10});
  if (joined_) return {};
  if (!refusal_.empty()) return plugin::Error{.code = DISPYTCH_ENOTFOUND, .text = refusal_};
  const Trouble trouble = link_.trouble();
  const std::string text = makes("hides_the_address") ? "the broker" : link_.address().text;
  return plugin::Error{.code = trouble.login ? DISPYTCH_EAUTH : DISPYTCH_EUNAVAILABLE,
                       .text = text + " can't be used: " + (trouble.why.empty() ? "it doesn't answer" : trouble.why),
                       .retriable = !trouble.login};
}

Frame Consumer::with_member(const char* what) const { return {{"do", what}, {"group", membership_.group}, {"member", member_}}; }

void Consumer::subscribe() {
  if (joined_ && makes("comes_back_as_another")) member_ = new_member();
  Frame has = Frame::array();
  for (const auto& [token, place] : in_hand_) has.push_back({{"topic", place.first}, {"offset", place.second}});
  for (const Place& place : settled_) has.push_back({{"topic", place.first}, {"offset", place.second}});
  Frame request = with_member("subscribe");
  request["topics"] = membership_.topics;
  request["start"] = membership_.start == "latest" ? "latest" : "earliest";
  request["ephemeral"] = membership_.ephemeral && !makes("leaves_a_group_behind");
  request["has"] = has;
  link_.request(request, [this](const Frame& answer) {
    const std::lock_guard lock{mutex_};
    joined(answer);
  });
}

void Consumer::joined(const Frame& answer) {
  if (answer.contains("error")) {
    refusal_ = answer["text"];
    changed_.notify_all();
    return;
  }
  if (joined_ && !answer.at("known").get<bool>() && !makes("comes_back_as_another")) {
    lose_what_it_had("the broker gave up waiting for this member");
  }
  heard_ = Clock::now();
  joined_ = subscribed_ = true;
  gone_ = false;
  fetching_ = false;
  acknowledging_ = 0;
  if (makes("forgets_acknowledgements") && link_.trouble().why.empty() && announced_) settled_.clear();
  if (std::exchange(said_down_, false) && !makes("never_says_up")) news_.push_back({.kind = News::Kind::up});
  beat_ = Clock::now();
  notify_();
  changed_.notify_all();
  acknowledge();
  fetch();
}

// What it had in hand may be somebody else's by now.
void Consumer::lose_what_it_had(const std::string& why) {
  if (makes("hides_what_is_lost") || in_hand_.empty()) return;
  News news{.kind = News::Kind::lost, .why = why};
  for (const auto& [token, place] : in_hand_) news.tokens.push_back(token);
  in_hand_.clear();
  ahead_.clear();
  news_.push_back(std::move(news));
  notify_();
  changed_.notify_all();
}

void Consumer::lost(const std::string& why) {
  if (!std::exchange(gone_, true)) gone_since_ = Clock::now();
  subscribed_ = fetching_ = false;
  acknowledging_ = 0;
  if (makes("says_down_again_and_again") && joined_) news_.push_back({.kind = News::Kind::down, .why = why});
  changed_.notify_all();
}

void Consumer::turn() {
  if (joined_ && gone_ && !said_down_ && !makes("never_says_down") && Clock::now() - gone_since_ > kDown) {
    said_down_ = true;
    news_.push_back({.kind = News::Kind::down, .why = link_.address().text + ": " + link_.trouble().why});
    notify_();
    changed_.notify_all();
  }
  const bool beats = !makes("sends_no_heartbeat") && !makes("comes_back_as_another");
  if (joined_ && beats && Clock::now() - heard_ > lease_ * 3 / 4) lose_what_it_had("the broker was silent for too long to be sure of it");
  if (!subscribed_) return;
  acknowledge();
  fetch();
  if ((makes("sends_no_heartbeat") && !in_hand_.empty()) || Clock::now() - beat_ < std::min(lease_ / 4, milliseconds{300})) return;
  beat_ = Clock::now();
  link_.request(with_member("beat"), [this](const Frame& answer) {
    const std::lock_guard lock{mutex_};
    heard_ = Clock::now();
    if (answer.contains("error")) link_.restart("the broker gave up waiting for this member");
  });
}

void Consumer::fetch() {
  constexpr std::size_t kAhead = 100;
  if (fetching_ || !assigned_ || ahead_.size() >= kAhead / 2) return;
  fetching_ = true;
  Frame request = with_member("fetch");
  request["most"] = kAhead;
  link_.request(request, [this](const Frame& answer) {
    const std::lock_guard lock{mutex_};
    take(answer);
  });
}

void Consumer::take(const Frame& answer) {
  fetching_ = false;
  if (answer.contains("error")) return link_.restart("the broker gave up waiting for this member");
  for (const Frame& frame : answer.at("messages")) {
    ahead_.push_back({++last_token_, frame});
    in_hand_[last_token_] = {frame.at("topic"), frame.at("offset")};
  }
  notify_();
  changed_.notify_all();
}

void Consumer::acknowledge() {
  if (!subscribed_ || settled_.size() <= acknowledging_) return;
  Frame request = with_member("ack");
  request["messages"] = Frame::array();
  if (makes("settles_what_is_not_stored")) request["volatile"] = true;
  for (std::size_t i = acknowledging_; i < settled_.size(); ++i) {
    request["messages"].push_back({{"topic", settled_[i].first}, {"offset", settled_[i].second}});
  }
  const std::size_t count = settled_.size() - acknowledging_;
  acknowledging_ = settled_.size();
  link_.request(request, [this, count](const Frame& answer) {
    const std::lock_guard lock{mutex_};
    if (answer.contains("error") || count > acknowledging_) return;
    settled_.erase(settled_.begin(), settled_.begin() + static_cast<std::ptrdiff_t>(count));
    acknowledging_ -= count;
    changed_.notify_all();
  });
}

plugin::Status Consumer::poll(plugin::Limits limits, milliseconds timeout, plugin::BatchOut& out) {
  const auto deadline = std::chrono::system_clock::now() + timeout;
  std::unique_lock lock{mutex_};
  while (!next(limits, out)) {
    if (std::exchange(woken_, false) || timeout.count() == 0) return plugin::Status::timeout();
    if (changed_.wait_until(lock, deadline) == std::cv_status::timeout) {
      woken_ = false;
      return next(limits, out) ? plugin::Status{} : plugin::Status::timeout();
    }
  }
  return {};
}

bool Consumer::next(plugin::Limits limits, plugin::BatchOut& out) {
  if (!std::exchange(announced_, true)) {
    std::vector<plugin::Source> sources;
    for (const std::string& topic : membership_.topics) {
      const std::uint32_t source = source_of(topic);
      const bool again = std::any_of(sources.begin(), sources.end(), [&](const plugin::Source& one) { return one.source == source; });
      if (!again) sources.push_back({.topic = topic, .source = source});
    }
    out.assigned(std::move(sources), kAssigned);
    return true;
  }
  if (!news_.empty()) {
    News news = std::move(news_.front());
    news_.pop_front();
    const plugin::Error why{.code = DISPYTCH_EUNAVAILABLE, .text = news.why};
    if (news.kind == News::Kind::lost) out.lost(std::move(news.tokens), why);
    if (news.kind == News::Kind::down) out.down(why);
    if (news.kind == News::Kind::up) out.up();
    return true;
  }
  if (limits.max_messages == 0 || ahead_.empty()) return false;
  auto delivery = std::make_unique<Delivery>();
  std::uint64_t bytes = 0;
  while (!ahead_.empty() && delivery->fetched.size() < limits.max_messages) {
    const Frame& message = ahead_.front().frame.at("message");
    for (const char* const part : {"key", "payload"})
      bytes += message[part].is_string() ? message[part].get_ref<const std::string&>().size() : 0;
    if (bytes > limits.max_bytes && !delivery->fetched.empty()) break;
    delivery->fetched.push_back(std::move(ahead_.front()));
    ahead_.pop_front();
  }
  const auto text = [](const Frame& value) {
    return value.is_string() ? plugin::bytes(value.get_ref<const std::string&>()) : dispytch_bytes{};
  };
  for (const Fetched& fetched : delivery->fetched) {
    const Frame& content = fetched.frame.at("message");
    plugin::InboundMessage& message = delivery->messages.emplace_back();
    message.topic = text(fetched.frame.at("topic"));
    message.key = text(content.at("key"));
    message.payload = text(content.at("payload"));
    std::vector<plugin::Header>& headers = delivery->headers.emplace_back();
    for (const Frame& header : content.at("headers")) headers.push_back({text(header.at(0)), text(header.at(1))});
    message.headers = headers.data();
    message.n_headers = static_cast<std::uint32_t>(headers.size());
    message.offset = fetched.frame.at("offset");
    message.attempt = fetched.frame.at("deliveries");
    message.timestamp_ms = content.value("timestamp", std::int64_t{0});
    message.flags = DISPYTCH_MSG_OFFSET | plugin::flag(!headers.empty(), DISPYTCH_MSG_HEADERS) |
                    plugin::flag(content.contains("timestamp"), DISPYTCH_MSG_TIMESTAMP) |
                    plugin::flag(message.attempt > 1, DISPYTCH_MSG_REDELIVERED);
    message.source = source_of(fetched.frame.at("topic").get<std::string>());
    message.token = fetched.token;
  }
  const std::span<const plugin::InboundMessage> messages = delivery->messages;
  out.messages(messages, std::move(delivery));
  link_.wake();
  return true;
}

void Consumer::wake() {
  const std::lock_guard lock{mutex_};
  woken_ = true;
  changed_.notify_all();
}

plugin::Status Consumer::settle(plugin::Strided<const plugin::Settlement> settlements) {
  const std::lock_guard lock{mutex_};
  bool stale = false;
  for (const plugin::Settlement settlement : settlements) {
    if (settlement.token == kAssigned) {
      assigned_ = true;
      continue;
    }
    const auto found = in_hand_.find(settlement.token);
    if (found == in_hand_.end()) {
      stale = true;
      continue;
    }
    if (settlement.action != DISPYTCH_ACK)
      return plugin::Error{.code = DISPYTCH_ENOTIMPL, .text = "a message can be acknowledged and nothing else"};
    settled_.push_back(found->second);
    in_hand_.erase(found);
  }
  link_.wake();
  if (stale) return plugin::Error{.code = DISPYTCH_EFENCED, .text = "a message was settled that this consumer no longer has"};
  return {};
}

// Until all that was settled before the call is confirmed, or until the time is over.
void Consumer::wait_for_acknowledgements(std::unique_lock<std::mutex>& lock, milliseconds timeout) {
  const auto deadline = std::chrono::system_clock::now() + timeout;
  while (!settled_.empty() && std::chrono::system_clock::now() < deadline) changed_.wait_for(lock, milliseconds{10});
}

plugin::Status Consumer::sync(milliseconds timeout) {
  if (makes("syncs_without_waiting")) return {};
  std::unique_lock lock{mutex_};
  wait_for_acknowledgements(lock, makes("syncs_for_ever") ? milliseconds{3'600'000} : timeout);
  if (settled_.empty()) return {};
  return plugin::Error{
      .code = DISPYTCH_EUNAVAILABLE, .text = link_.address().text + " did not store what was settled in time", .retriable = true};
}

plugin::Status Consumer::close(milliseconds timeout) {
  bool stored = false;
  {
    std::unique_lock lock{mutex_};
    if (makes("closes_without_waiting")) settled_.clear();
    wait_for_acknowledgements(lock, makes("closes_for_ever") ? milliseconds{3'600'000} : timeout);
    stored = settled_.empty();
    if (subscribed_ && !makes("drops_what_it_had_ahead")) {
      bool left = false;
      link_.request(with_member("leave"), [&](const Frame&) {
        const std::lock_guard inner{mutex_};
        left = true;
        changed_.notify_all();
      });
      const auto deadline = std::chrono::system_clock::now() + std::min(timeout, milliseconds{500});
      while (!left && subscribed_ && std::chrono::system_clock::now() < deadline) changed_.wait_for(lock, milliseconds{10});
    }
    if (makes("drops_what_it_had_ahead")) {
      for (const Fetched& fetched : ahead_) settled_.push_back({fetched.frame.at("topic"), fetched.frame.at("offset")});
      acknowledge();
      wait_for_acknowledgements(lock, milliseconds{500});
    }
    lock.unlock();
    link_.stop();
  }
  if (stored) return {};
  return plugin::Error{.code = DISPYTCH_EUNAVAILABLE,
                       .text = link_.address().text + " did not store what was settled before the close in time"};
}

std::uint32_t Consumer::source_of(const std::string& topic) const {
  if (makes("takes_topics_for_one_source")) return DISPYTCH_SOURCE(0, 1);
  return DISPYTCH_SOURCE(std::find(membership_.topics.begin(), membership_.topics.end(), topic) - membership_.topics.begin(), 1);
}

}  // namespace dispytch::reference
