#include "kit/emitter.hpp"

#include <algorithm>
#include <cstdint>
#include <set>

namespace dispytch::conformance {

using Clock = std::chrono::steady_clock;

Emitter::Emitter(Scene& scene, Milliseconds timeout) : scene_{scene}, producer_{scene.producer(timeout)} {}

bool Emitter::offer() {
  const Sent sent = producer_->send({scene_.in_one_source(sent_)}, static_cast<std::uint64_t>(sent_) + 1);
  expect(sent.outcome.ok(), "message ", sent_, " was refused: ", to_string(sent.outcome));
  if (sent.accepted == 0) return false;
  ++sent_;
  fates_.emplace_back();
  return true;
}

void Emitter::send(int count) {
  const auto deadline = Clock::now() + scene_.options.patience;
  for (const int goal = sent_ + count; sent_ < goal;) {
    const std::uint64_t seen = scene_.host.notified(producer_->cookie());
    if (offer()) continue;
    pull();
    expect(Clock::now() < deadline, "send is full, and in ", scene_.options.patience.count(), " ms there was no room");
    scene_.host.wait(producer_->cookie(), seen, Milliseconds{20});
  }
}

void Emitter::pull() {
  // Until there are no more, as a host does: a plugin may notify once for many.
  for (std::vector<Report> some = producer_->reports(); !some.empty(); some = producer_->reports()) {
    for (const Report& report : some) note(report);
  }
}

void Emitter::note(const Report& report) {
  if (report.token == 0) return;
  expect(report.token <= fates_.size(), "a report carries the token ", report.token, ", which no message had");
  Fate& fate = fates_[report.token - 1];
  if (fate.reports++ > 0) return;
  fate.code = report.code;
  fate.flags = report.flags;
  fate.text = report.text;
}

void Emitter::await_all(Milliseconds patience) {
  const auto deadline = Clock::now() + patience;
  const auto missing = [&] { return std::count_if(fates_.begin(), fates_.end(), [](const Fate& fate) { return fate.reports == 0; }); };
  while (true) {
    const std::uint64_t seen = scene_.host.notified(producer_->cookie());
    pull();
    if (missing() == 0) return;
    expect(Clock::now() < deadline, missing(), " of ", fates_.size(), " messages that were taken have no report after ", patience.count(),
           " ms");
    scene_.host.wait(producer_->cookie(), seen, Milliseconds{20});
  }
}

std::size_t Emitter::count_ok() const {
  return static_cast<std::size_t>(std::count_if(fates_.begin(), fates_.end(), [](const Fate& fate) { return fate.ok(); }));
}

std::vector<int> look(Scene& scene, std::size_t least) {
  const auto consumer = scene.outside_consumer({.group = "-look"});
  Reader reader{scene, *consumer};
  std::vector<int> numbers;
  for (const Received& message : reader.take(least)) numbers.push_back(message.number);
  auto until = Clock::now() + scene.options.quiet;
  while (Clock::now() < until) {
    reader.step(Milliseconds{20});
    if (reader.inbox.empty()) continue;
    for (; !reader.inbox.empty(); reader.inbox.pop_front()) numbers.push_back(reader.inbox.front().number);
    until = Clock::now() + scene.options.quiet;
  }
  return numbers;
}

void expect_the_truth(const Emitter& emitter, const std::vector<int>& stored) {
  const std::set<int> there{stored.begin(), stored.end()};
  for (int number = 0; number < emitter.sent(); ++number) {
    const Fate& fate = emitter.fate(number);
    expect(!fate.ok() || there.contains(number), "message ", number, " was confirmed, and the broker doesn't have it");
    expect(fate.may_be_stored() || !there.contains(number), "the report of message ", number, ", ", name_of(fate.code), " (", fate.text,
           "), doesn't say MAYBE_SENT, and the broker has the message");
  }
}

void expect_order(const Emitter& emitter, const std::vector<int>& stored) {
  std::set<int> seen;
  int last = -1;
  for (const int number : stored) {
    if (!seen.insert(number).second || number >= emitter.sent() || !emitter.fate(number).ok()) continue;
    expect(number > last, "message ", number, " is at the broker behind message ", last, ", which was sent later to the same source");
    last = number;
  }
}

}  // namespace dispytch::conformance
