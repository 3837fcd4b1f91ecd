#include "reading.hpp"

#include <algorithm>
#include <utility>

#include "command.hpp"
#include "delivery.hpp"

namespace dispytch::redis {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kMostInOneRead = 256;  // entries of one stream in one answer
constexpr milliseconds kPause{250};          // after a refusal

}  // namespace

Reading::Reading(const Membership& membership, Connection& connection, Settling& settling, std::function<void(std::string_view)> on_refusal)
    : membership_{membership},
      connection_{connection},
      settling_{settling},
      on_refusal_{std::move(on_refusal)},
      positions_(membership.streams.size()),
      asked_(membership.streams.size()) {}

void Reading::begin_at(const Stream& stream, EntryId id) { positions_[stream.slot] = id; }

bool Reading::wanted(const Stream& stream, const std::vector<bool>& ready) const {
  return ready[stream.slot] && membership_.inbox.may_read(stream) && membership_.inbox.waiting(stream) < membership_.prefetch;
}

bool Reading::is_short(const std::vector<bool>& ready) const {
  if (!outstanding_ || stopped_) return false;
  return std::ranges::any_of(membership_.streams, [&](const auto& stream) { return !asked_[stream->slot] && wanted(*stream, ready); });
}

Connection::Time Reading::step(Connection::Time now, const std::vector<bool>& ready) {
  if (outstanding_ || stopped_ || !connection_.is_up()) return Connection::Time::max();
  if (now < not_before_) return not_before_;
  std::vector<const Stream*> streams;
  std::size_t room = kMostInOneRead;
  for (const auto& stream : membership_.streams) {
    asked_[stream->slot] = wanted(*stream, ready);
    if (!asked_[stream->slot]) continue;
    streams.push_back(stream.get());
    room = std::min(room, membership_.prefetch - membership_.inbox.waiting(*stream));
  }
  if (streams.empty()) return Connection::Time::max();
  std::string command;
  CommandWriter writer{command};
  writer.begin((membership_.ephemeral ? 1 : 4) + 4 + 1 + 2 * streams.size());
  if (membership_.ephemeral) {
    writer.word("XREAD");
  } else {
    writer.word("XREADGROUP").word("GROUP").word(membership_.group).word(membership_.member);
  }
  writer.word("COUNT").word(std::max<std::size_t>(room, 1)).word("BLOCK").word(kBlock.count()).word("STREAMS");
  for (const Stream* stream : streams) writer.word(stream->topic);
  for (const Stream* stream : streams) writer.word(membership_.ephemeral ? positions_[stream->slot].text() : ">");
  outstanding_ = true;
  connection_.send(command, [this](Reply reply) { on_reply(std::move(reply)); });
  return Connection::Time::max();
}

void Reading::on_reply(Reply reply) {
  outstanding_ = false;
  if (!reply) return;
  if (is_error(*reply)) {
    not_before_ = Connection::Clock::now() + kPause;
    on_refusal_(text(*reply));
    return;
  }
  const std::shared_ptr<const redisReply> owner{reply.release(), FreeReply{}};
  for (const redisReply* of_stream : elements(*owner)) {
    const std::string_view key = text(element(*of_stream, 0));
    const auto found = std::ranges::find_if(membership_.streams, [key](const auto& stream) { return stream->topic == key; });
    if (found != membership_.streams.end()) take(**found, owner, element(*of_stream, 1));
  }
}

void Reading::take(const Stream& stream, const std::shared_ptr<const redisReply>& owner, const redisReply& entries) {
  std::vector<Arrival> arrivals;
  arrivals.reserve(elements(entries).size());
  for (const redisReply* entry : elements(entries)) {
    const auto id = EntryId::parse(text(element(*entry, 0)));
    if (!id) continue;
    arrivals.push_back({.owner = owner, .entry = entry, .id = *id});
    positions_[stream.slot] = *id;
  }
  deliver(membership_, settling_, stream, std::move(arrivals));
}

}  // namespace dispytch::redis
