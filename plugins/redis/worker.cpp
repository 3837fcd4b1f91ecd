#include "worker.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <system_error>
#include <utility>

#include <dispytch/plugin/host.hpp>

namespace dispytch::redis {

Worker::Worker() : bell_{eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)} {
  if (bell_ < 0) throw std::system_error{errno, std::generic_category(), "no eventfd is to be had"};
}

Worker::~Worker() {
  stop();
  ::close(bell_);
}

void Worker::start(std::vector<Connection*> connections, std::function<Time(Time now)> step) {
  connections_ = std::move(connections);
  step_ = std::move(step);
  const plugin::SignalsBlocked blocked;
  thread_ = std::jthread{[this](const std::stop_token& stop) { run(stop); }};
}

void Worker::wake() noexcept {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(bell_, &one, sizeof one);  // fails only where it rings already
}

void Worker::stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  wake();
  thread_.join();
  for (Connection* connection : connections_) connection->close();
}

void Worker::run(const std::stop_token& stop) {
  std::vector<pollfd> polled;
  std::vector<Connection*> of;
  while (!stop.stop_requested()) {
    Time now = Connection::Clock::now();
    for (Connection* connection : connections_) connection->step(now);
    Time next = step_(now);
    polled.assign(1, {.fd = bell_, .events = POLLIN, .revents = 0});
    of.assign(1, nullptr);
    for (Connection* connection : connections_) {
      next = std::min(next, connection->next_step());
      connection->flush();
      if (connection->descriptor() < 0) continue;
      polled.push_back({.fd = connection->descriptor(), .events = connection->wanted_events(), .revents = 0});
      of.push_back(connection);
    }
    now = Connection::Clock::now();
    constexpr std::chrono::milliseconds kLongest{60'000};
    const auto wait = next <= now ? std::chrono::milliseconds{0}
                                  : std::min(kLongest, std::chrono::ceil<std::chrono::milliseconds>(std::min(next, now + kLongest) - now));
    if (::poll(polled.data(), polled.size(), static_cast<int>(wait.count())) < 0) continue;
    now = Connection::Clock::now();
    if (polled[0].revents != 0) {
      std::uint64_t rung = 0;
      [[maybe_unused]] const ssize_t got = ::read(bell_, &rung, sizeof rung);
    }
    for (std::size_t i = 1; i < polled.size(); ++i) {
      if (polled[i].revents != 0 && of[i]->descriptor() == polled[i].fd) of[i]->on_ready(polled[i].revents, now);
    }
  }
}

}  // namespace dispytch::redis
