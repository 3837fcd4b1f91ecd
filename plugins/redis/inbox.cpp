#include "inbox.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <limits>
#include <utility>

namespace dispytch::redis {
namespace {

using plugin::Error;
using plugin::Status;

constexpr std::uint64_t kAssigned = std::uint64_t{1} << 63;  // no place has this number

// "ATTEMPTS BEGUN DELIVERIES", as scripts.hpp writes them.
struct Noted {
  std::optional<std::uint16_t> attempts = {};
  std::uint16_t begun = 0;
};
std::uint16_t bounded(std::string_view digits) {
  std::uint32_t value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return static_cast<std::uint16_t>(std::min<std::uint32_t>(value, std::numeric_limits<std::uint16_t>::max()));
}
Noted read_record(std::string_view record) {
  Noted noted;
  const std::size_t first = record.find(' ');
  if (first == std::string_view::npos) return noted;
  const std::string_view attempts = record.substr(0, first);
  if (attempts != "-") noted.attempts = bounded(attempts);
  noted.begun = bounded(record.substr(first + 1, record.find(' ', first + 1) - first - 1));
  return noted;
}

}  // namespace

// A batch's own memory, and its share in the answers that its messages point into.
struct Inbox::Delivery {
  std::vector<plugin::InboundMessage> messages = {};
  std::vector<dispytch_header> headers = {};
  std::vector<std::size_t> first_header = {};  // of each message
  std::vector<std::shared_ptr<const redisReply>> owners = {};
};

Inbox::Inbox(const Layout& layout, const Streams& streams, plugin::Notify notify)
    : layout_{layout}, streams_{streams}, notify_{notify}, lanes_(streams.size()) {
  events_.push_back({.kind = Event::Kind::assigned});
}

std::uint32_t Inbox::take_place() {
  ++held_;
  if (free_.empty()) {
    places_.emplace_back();
    return static_cast<std::uint32_t>(places_.size() - 1);
  }
  const std::uint32_t index = free_.back();
  free_.pop_back();
  return index;
}

void Inbox::free_place(std::uint32_t index) {
  Place& place = places_[index];
  place.state = State::free;
  place.generation = place.generation == 0x7fffffff ? 1 : place.generation + 1;
  free_.push_back(index);
  --held_;
}

std::uint64_t Inbox::token_of(std::uint32_t index) const { return std::uint64_t{places_[index].generation} << 32 | (index + 1); }

Inbox::Place* Inbox::by_token(std::uint64_t token) {
  const auto index = static_cast<std::uint32_t>(token) - 1;
  if (index >= places_.size() || (token & kAssigned) != 0) return nullptr;
  Place& place = places_[index];
  return place.state == State::delivered && place.generation == token >> 32 ? &place : nullptr;
}

void Inbox::signal() {
  if (std::exchange(notified_, true)) return;
  changed_.notify_one();
  notify_();
}

void Inbox::arrived(const Stream& stream, std::span<const Arrival> arrivals) {
  const plugin::Lock lock{mutex_};
  if (closed_) return;
  std::set<EntryId> known;  // only what comes again can be in hand already
  if (std::ranges::any_of(arrivals, [](const Arrival& arrival) { return arrival.deliveries != 1 || !arrival.record.empty(); })) {
    for (const Place& place : places_) {
      if (place.state != State::free && place.slot == stream.slot) known.insert(place.id);
    }
  }
  Lane& lane = lanes_[stream.slot];
  for (const Arrival& arrival : arrivals) {
    if (known.contains(arrival.id)) continue;
    const std::uint32_t index = take_place();
    Place& place = places_[index];
    place.id = arrival.id;
    place.deliveries = arrival.deliveries;
    place.slot = static_cast<std::uint32_t>(stream.slot);
    place.state = State::waiting;
    lane.waiting.push_back({.place = index, .owner = arrival.owner, .entry = arrival.entry, .record = arrival.record});
  }
  if (!lane.waiting.empty() && !lane.paused && acknowledged_) signal();
}

std::size_t Inbox::waiting(const Stream& stream) const {
  const plugin::Lock lock{mutex_};
  return lanes_[stream.slot].waiting.size();
}

bool Inbox::may_read(const Stream& stream) const {
  const plugin::Lock lock{mutex_};
  return acknowledged_ && !lanes_[stream.slot].paused && !closed_;
}

std::vector<Inbox::Held> Inbox::held(const Stream& stream) const {
  const plugin::Lock lock{mutex_};
  std::vector<Held> all;
  for (const Place& place : places_) {
    if (place.state == State::free || place.slot != stream.slot) continue;
    all.push_back({.id = place.id, .deliveries = place.deliveries - (place.state == State::waiting ? 1 : 0)});
  }
  std::ranges::sort(all, {}, &Held::id);
  return all;
}

bool Inbox::holds_any() const {
  const plugin::Lock lock{mutex_};
  return held_ > 0;
}

// Takes out what waits in places that are free by now.
void Inbox::drop_waiting(Lane& lane) {
  std::erase_if(lane.waiting,
                [this](const Waiting& each) DISPYTCH_REQUIRES(mutex_) { return places_[each.place].state != State::waiting; });
}

void Inbox::lose(const Stream& stream, const std::set<EntryId>& ids, const Error& why) {
  const plugin::Lock lock{mutex_};
  std::vector<std::uint64_t> tokens;
  for (std::uint32_t index = 0; index < places_.size(); ++index) {
    const Place& place = places_[index];
    if (place.state == State::free || place.slot != stream.slot || !ids.contains(place.id)) continue;
    if (place.state == State::delivered) tokens.push_back(token_of(index));
    free_place(index);
  }
  drop_waiting(lanes_[stream.slot]);
  if (tokens.empty()) return;
  events_.push_back({.kind = Event::Kind::lost, .tokens = std::move(tokens), .why = why});
  signal();
}

void Inbox::lose_everything(const Error& why) {
  const plugin::Lock lock{mutex_};
  if (held_ == 0) return;
  bool delivered = false;
  std::vector<std::uint64_t> tokens;
  for (std::uint32_t index = 0; index < places_.size(); ++index) {
    if (places_[index].state == State::free) continue;
    if (places_[index].state == State::delivered) {
      delivered = true;
      tokens.push_back(token_of(index));
    }
    free_place(index);
  }
  for (Lane& lane : lanes_) lane.waiting.clear();
  if (!delivered) return;
  events_.push_back({.kind = Event::Kind::lost, .tokens = std::move(tokens), .why = why});
  signal();
}

void Inbox::down(Error why) {
  const plugin::Lock lock{mutex_};
  events_.push_back({.kind = Event::Kind::down, .why = std::move(why)});
  signal();
}

void Inbox::up() {
  const plugin::Lock lock{mutex_};
  events_.push_back({.kind = Event::Kind::up});
  signal();
}

void Inbox::close() {
  const plugin::Lock lock{mutex_};
  closed_ = true;
}

// ---- for the host ----

Status Inbox::poll(plugin::Limits limits, std::chrono::milliseconds timeout, plugin::BatchOut& out, const std::function<void()>& taken) {
  using std::chrono::steady_clock;
  const auto until = timeout.count() > 0 ? steady_clock::now() + timeout : steady_clock::time_point::min();
  bool took = false;
  {
    const plugin::Lock lock{mutex_};
    for (;;) {
      if (take_event(out)) break;
      took = limits.max_messages > 0 && acknowledged_ && take_messages(limits, out);
      if (took || woken_ || timeout.count() <= 0) break;
      notified_ = false;
      if (!changed_.wait_until(mutex_, until)) timeout = {};
    }
    woken_ = notified_ = false;
  }
  if (took) taken();
  return {};
}

void Inbox::wake() {
  const plugin::Lock lock{mutex_};
  woken_ = true;
  changed_.notify_one();
}

bool Inbox::take_event(plugin::BatchOut& out) {
  if (events_.empty()) return false;
  Event event = std::move(events_.front());
  events_.pop_front();
  switch (event.kind) {
    case Event::Kind::assigned: {
      std::vector<plugin::Source> sources;
      for (const auto& stream : streams_) sources.push_back({.topic = stream->topic, .source = stream->source()});
      out.assigned(std::move(sources), kAssigned);
      break;
    }
    case Event::Kind::lost: out.lost(std::move(event.tokens), std::move(event.why)); break;
    case Event::Kind::down: out.down(std::move(event.why)); break;
    case Event::Kind::up: out.up(); break;
  }
  return true;
}

bool Inbox::take_messages(plugin::Limits limits, plugin::BatchOut& out) {
  auto delivery = std::make_unique<Delivery>();
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    const std::size_t slot = (turn_ + i) % lanes_.size();
    if (lanes_[slot].paused || lanes_[slot].waiting.empty()) continue;
    if (!take_from(slot, limits, *delivery)) {
      turn_ = slot + 1;
      break;
    }
  }
  if (delivery->messages.empty()) return false;
  for (std::size_t i = 0; i < delivery->messages.size(); ++i) {
    plugin::InboundMessage& message = delivery->messages[i];
    if (message.n_headers > 0) message.headers = delivery->headers.data() + delivery->first_header[i];
  }
  const std::span<const plugin::InboundMessage> messages = delivery->messages;
  out.messages(messages, std::move(delivery));
  return true;
}

// Returns whether the limits allow more.
bool Inbox::take_from(std::size_t slot, plugin::Limits& limits, Delivery& delivery) {
  std::deque<Waiting>& waiting = lanes_[slot].waiting;
  while (!waiting.empty()) {
    if (limits.max_messages == 0) return false;
    fill(waiting.front(), places_[waiting.front().place], delivery);
    plugin::InboundMessage& message = delivery.messages.back();
    const std::uint64_t bytes = message.key.len + message.payload.len;
    if (bytes > limits.max_bytes && delivery.messages.size() > 1) {
      delivery.headers.resize(delivery.first_header.back());
      delivery.first_header.pop_back();
      delivery.messages.pop_back();
      return false;
    }
    places_[waiting.front().place].state = State::delivered;
    if (delivery.owners.empty() || delivery.owners.back() != waiting.front().owner)
      delivery.owners.push_back(std::move(waiting.front().owner));
    waiting.pop_front();
    --limits.max_messages;
    limits.max_bytes -= std::min(bytes, limits.max_bytes);
  }
  return true;
}

void Inbox::fill(const Waiting& waiting, const Place& place, Delivery& delivery) {
  const Stream& stream = *streams_[place.slot];
  plugin::InboundMessage& message = delivery.messages.emplace_back();
  delivery.first_header.push_back(delivery.headers.size());
  message.topic = plugin::bytes(stream.topic);
  message.source = stream.source();
  message.token = token_of(waiting.place);
  message.id = plugin::bytes(text(element(*waiting.entry, 0)));
  const Layout::Content content = layout_.read(element(*waiting.entry, 1), place.id, message, delivery.headers);
  message.n_headers = static_cast<std::uint32_t>(content.headers);
  message.flags |= plugin::flag(content.headers > 0, DISPYTCH_MSG_HEADERS);
  if (const auto offset = place.id.offset()) {
    message.offset = *offset;
    message.flags |= DISPYTCH_MSG_OFFSET;
  }
  message.attempt = place.deliveries;
  const Noted noted = read_record(waiting.record);
  message.attempts = noted.attempts.value_or(0);
  message.begun = noted.begun;
  message.flags |= plugin::flag(place.deliveries > 1 || noted.attempts.has_value(), DISPYTCH_MSG_REDELIVERED) |
                   plugin::flag(noted.attempts.has_value(), DISPYTCH_MSG_ATTEMPTS) | plugin::flag(noted.begun > 0, DISPYTCH_MSG_BEGUN);
}

std::optional<Inbox::Settled> Inbox::settle(std::uint64_t token) {
  const plugin::Lock lock{mutex_};
  Place* const place = by_token(token);
  if (place == nullptr) return std::nullopt;
  const Settled settled{.stream = streams_[place->slot].get(), .id = place->id};
  free_place(static_cast<std::uint32_t>(token) - 1);
  return settled;
}

std::optional<Inbox::Settled> Inbox::find(std::uint64_t token) const {
  const plugin::Lock lock{mutex_};
  const Place* const place = const_cast<Inbox*>(this)->by_token(token);
  if (place == nullptr) return std::nullopt;
  return Settled{.stream = streams_[place->slot].get(), .id = place->id};
}

bool Inbox::acknowledge(std::uint64_t token) {
  if (token != kAssigned) return false;
  const plugin::Lock lock{mutex_};
  const bool first = !std::exchange(acknowledged_, true);
  if (first) signal();
  return first;
}

void Inbox::pause(std::size_t slot, bool on) {
  const plugin::Lock lock{mutex_};
  lanes_[slot].paused = on;
  if (!on) signal();
}

}  // namespace dispytch::redis
