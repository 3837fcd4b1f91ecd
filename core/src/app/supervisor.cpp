#include "app/supervisor.hpp"

#include <algorithm>
#include <exception>
#include <utility>

#include "base/log.hpp"

namespace dispytch::app {

Supervisor::~Supervisor() {
  request_stop();
  for (std::thread& thread : take_threads()) thread.join();
}

std::vector<std::thread> Supervisor::take_threads() {
  const Lock lock{mutex_};
  std::vector<std::thread> threads;
  for (Entry& entry : entries_) {
    if (entry.thread.joinable()) threads.push_back(std::move(entry.thread));
  }
  return threads;
}

void Supervisor::start(Kind kind, std::string name, Body body) {
  const Lock lock{mutex_};
  const std::size_t index = entries_.size();
  entries_.push_back({kind, std::move(name)});
  entries_.back().thread = std::thread{[this, index, body = std::move(body), stop = stop_.get_token()] {
    std::optional<Error> error;
    try {
      if (Result<void> result = body(stop); !result) error = std::move(result).error();
    } catch (const Exception& exception) {
      error = exception.error();
    } catch (const std::exception& exception) {
      error = Error{.code = ErrorCode::handler, .text = exception.what()};
    } catch (...) {
      error = Error{.code = ErrorCode::handler, .text = "it threw something that is no std::exception"};
    }
    ended(index, std::move(error));
  }};
}

void Supervisor::ended(std::size_t index, std::optional<Error> error) {
  {
    const Lock lock{mutex_};
    Entry& entry = entries_[index];
    entry.running = false;
    if (error) {
      log::error("app", entry.name + " ended with an error: " + error->text);
      if (!failure_) failure_ = std::move(error);
      stop_.request_stop();
    }
  }
  changed_.notify_all();
}

void Supervisor::request_stop() noexcept { stop_.request_stop(); }

std::size_t Supervisor::count_running(std::optional<Kind> kind) const {
  return static_cast<std::size_t>(
      std::ranges::count_if(entries_, [kind](const Entry& entry) { return entry.running && (!kind || entry.kind == *kind); }));
}

void Supervisor::wait(const std::stop_token& stop, const std::function<bool()>& over) {
  constexpr std::chrono::milliseconds kLook{20};
  UniqueLock lock{mutex_};
  const bool has_listeners = std::ranges::any_of(entries_, [](const Entry& entry) { return entry.kind == Kind::listener; });
  while (!stop.stop_requested() && !stop_.stop_requested()) {
    if (count_running({}) == 0) return;
    if (!has_listeners && count_running(Kind::task) == 0) return;
    lock.unlock();
    const bool done = over && over();
    lock.lock();
    if (done) return;
    changed_.wait_for(mutex_, kLook);
  }
}

bool Supervisor::join(std::chrono::milliseconds timeout) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  {
    const Lock lock{mutex_};
    while (count_running({}) > 0 && changed_.wait_until(mutex_, deadline)) {}
    if (count_running({}) > 0) return false;
  }
  for (std::thread& thread : take_threads()) thread.join();
  return true;
}

bool Supervisor::tasks_running() const {
  const Lock lock{mutex_};
  return count_running(Kind::task) > 0;
}

std::optional<Error> Supervisor::failure() const {
  const Lock lock{mutex_};
  return failure_;
}

std::string Supervisor::still_running() const {
  const Lock lock{mutex_};
  std::string names;
  for (const Entry& entry : entries_) {
    if (!entry.running) continue;
    if (!names.empty()) names += ", ";
    names += entry.name;
  }
  return names;
}

}  // namespace dispytch::app
