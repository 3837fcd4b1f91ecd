#include "settling.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <map>
#include <utility>

#include "errors.hpp"
#include "scripted.hpp"
#include "scripts.hpp"

namespace dispytch::redis {
namespace {

using plugin::Error;
using plugin::Level;
using plugin::Status;

constexpr std::size_t kBatch = 1'000;    // settlements in one script: Lua bears some thousands of arguments
constexpr std::size_t kMostBatches = 4;  // on their way
constexpr std::size_t kMostUnwrittenSettlements = 1 << 20;

std::string words_of(std::int64_t number) { return std::to_string(number); }

}  // namespace

void Settling::send(Connection& connection) {
  if (!connection.is_up()) return;
  while (in_flight_ < kMostBatches && connection.unwritten() < kMostUnwrittenSettlements) {
    const std::vector<Settlement> batch = queue_.take(kBatch);
    if (batch.empty()) break;
    send_batch(connection, batch);
  }
  send_beginnings(connection);
}

void Settling::send_batch(Connection& connection, const std::vector<Settlement>& batch) {
  std::map<const Stream*, std::vector<EntryId>> acknowledged;
  std::map<const Stream*, std::vector<std::string>> given_back;
  for (const Settlement& each : batch) {
    if (membership_.ephemeral) continue;
    if (!each.gives_back) {
      acknowledged[each.stream].push_back(each.id);
      continue;
    }
    std::vector<std::string>& words = given_back[each.stream];
    words.push_back(each.id.text());
    words.push_back(words_of(each.delay_ms));
    words.push_back(each.attempts ? words_of(*each.attempts) : "-");
    words.push_back(each.was_delivered ? "-" : "0");
  }
  auto state = std::make_shared<Batch>(Batch{.settlements = batch.size(), .unanswered = acknowledged.size() + given_back.size()});
  if (state->unanswered == 0) {
    queue_.done(batch.size());
    return;
  }
  ++in_flight_;
  const auto run = [&](const Stream* stream, const char* script, const std::vector<std::string>& words) {
    connection.send(run_script(script, *stream, membership_.group, membership_.member, words),
                    [this, stream, state](Reply reply) { on_settled(*stream, state, reply); });
  };
  for (auto& [stream, ids] : acknowledged) {
    std::ranges::sort(ids);
    std::vector<std::string> words;
    words.reserve(ids.size());
    for (const EntryId& id : ids) words.push_back(id.text());
    run(stream, kAcknowledge, words);
  }
  for (const auto& [stream, words] : given_back) {
    std::int64_t soonest = std::numeric_limits<std::int64_t>::max();
    for (const Settlement& each : batch) {
      if (each.stream == stream && each.gives_back) soonest = std::min(soonest, each.delay_ms);
    }
    connection.send(run_script(kGiveBack, *stream, membership_.group, membership_.member, words),
                    [this, stream = stream, state, soonest](Reply reply) {
                      if (reply) on_given_back_(*stream, soonest);
                      on_settled(*stream, state, reply);
                    });
  }
}

void Settling::on_settled(const Stream& stream, const std::shared_ptr<Batch>& batch, const Reply& reply) {
  if (!reply) return;  // on_down() has it sent again
  if (is_error(*reply)) {
    const Error error = error_of(text(*reply), "settling messages of stream `" + stream.topic + "`", membership_.server.name());
    membership_.server.host.log(Level::warning, error.text);
    // What a group that is gone doesn't have is settled no more; the rest is tried until it is on record.
    if (error.retriable) batch->settlements = 0;
  } else if (const std::size_t gone = elements(*reply).size(); gone > 0) {
    membership_.server.metrics.fenced_settles.record(static_cast<double>(gone));
    membership_.server.host.log(Level::warning, std::to_string(gone) + " messages of stream `" + stream.topic + "`, such as " +
                                                    std::string{text(element(*reply, 0))} +
                                                    ", were settled here and belong to another member by now, or were settled before");
  }
  if (--batch->unanswered > 0) return;
  --in_flight_;
  if (batch->settlements == 0) {
    queue_.take_again();
  } else {
    queue_.done(batch->settlements);
  }
}

void Settling::on_down() {
  in_flight_ = 0;
  queue_.take_again();
  const plugin::Lock lock{mutex_};
  for (const auto& beginning : beginnings_) beginning->sent = false;
}

void Settling::close() {
  queue_.close();
  const plugin::Lock lock{mutex_};
  closed_ = true;
  changed_.notify_all();
}

Status Settling::begin(const std::vector<Inbox::Settled>& messages, bool on, std::chrono::milliseconds timeout, Worker& worker) {
  if (membership_.ephemeral) return {};
  const auto deadline = Connection::Clock::now() + timeout;
  const auto beginning = std::make_shared<Beginning>(Beginning{.messages = messages, .on = on});
  {
    const plugin::Lock lock{mutex_};
    beginnings_.push_back(beginning);
  }
  worker.wake();
  if (!on) return {};
  const plugin::Lock lock{mutex_};
  while (!beginning->done && !closed_) {
    if (!changed_.wait_until(mutex_, deadline) && !beginning->done) break;
  }
  if (!beginning->done) {
    std::erase(beginnings_, beginning);
    return Status::timeout();
  }
  if (beginning->error.code != DISPYTCH_OK) return beginning->error;
  if (beginning->gone) return Error{.code = DISPYTCH_EFENCED, .text = "a message is about to be handled that another member has by now"};
  return {};
}

void Settling::send_beginnings(Connection& connection) {
  const plugin::Lock lock{mutex_};
  for (const auto& beginning : beginnings_) {
    if (std::exchange(beginning->sent, true)) continue;
    std::map<const Stream*, std::vector<std::string>> by_stream;
    for (const Inbox::Settled& message : beginning->messages) by_stream[message.stream].push_back(message.id.text());
    beginning->unanswered = by_stream.size();
    for (const auto& [stream, ids] : by_stream) {
      connection.send(run_script(kBegin, *stream, membership_.group, membership_.member, ids, beginning->on ? "1" : "-1"),
                      [this, beginning](Reply reply) { on_begun(beginning, reply); });
    }
  }
}

void Settling::on_begun(const std::shared_ptr<Beginning>& beginning, const Reply& reply) {
  if (!reply) return;
  const plugin::Lock lock{mutex_};
  if (is_error(*reply)) {
    beginning->error = error_of(text(*reply), "noting that messages are about to be handled", membership_.server.name());
  } else {
    beginning->gone |= !elements(*reply).empty();
  }
  if (--beginning->unanswered > 0) return;
  beginning->done = true;
  std::erase(beginnings_, beginning);
  changed_.notify_all();
}

}  // namespace dispytch::redis
