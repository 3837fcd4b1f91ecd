#include "listen/membership_keeper.hpp"

#include <chrono>
#include <cstdint>
#include <utility>

#include "base/thread.hpp"

namespace dispytch::listen {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kPatience{100};  // with one round of work, before the keeper steps in
constexpr milliseconds kRest{50};       // between two looks, once polling is of no use any more

}  // namespace

MembershipKeeper::MembershipKeeper(Dispatcher::KeepAlive keep_alive)
    : keep_alive_{std::move(keep_alive)}, thread_{[this](const std::stop_token& stop) { watch(stop); }} {}

MembershipKeeper::~MembershipKeeper() {
  thread_.request_stop();
  awake_.notify_all();
}

void MembershipKeeper::work_begins() noexcept {
  rounds_.fetch_add(1, std::memory_order_relaxed);
  working_.store(true, std::memory_order_seq_cst);
  if (!asleep_.load(std::memory_order_seq_cst)) return;
  const Lock lock{mutex_};
  awake_.notify_one();
}

// Sleeps while there is no work, looks every kPatience while there is.
void MembershipKeeper::watch(const std::stop_token& stop) {
  block_signals_in_this_thread();
  while (!stop.stop_requested()) {
    std::uint64_t seen = 0;
    {
      const Lock lock{mutex_};
      asleep_.store(true, std::memory_order_seq_cst);
      while (!working_.load(std::memory_order_seq_cst) && !stop.stop_requested()) awake_.wait(mutex_, stop);
      asleep_.store(false, std::memory_order_relaxed);
      seen = rounds_.load(std::memory_order_relaxed);
      pause(kPatience, stop);
    }
    if (stop.stop_requested()) return;
    while (working_.load(std::memory_order_relaxed) && rounds_.load(std::memory_order_relaxed) == seen && !stop.stop_requested()) {
      Turn expected = Turn::handler;
      if (turn_.compare_exchange_strong(expected, Turn::keeper, std::memory_order_acq_rel)) keep(stop);
      const Lock lock{mutex_};
      pause(kPatience / 10, stop);
    }
  }
}

void MembershipKeeper::pause(milliseconds time, const std::stop_token& stop) {
  const auto deadline = std::chrono::steady_clock::now() + time;
  while (!stop.stop_requested() && std::chrono::steady_clock::now() < deadline) awake_.wait_until(mutex_, stop, deadline);
}

void MembershipKeeper::keep(const std::stop_token& stop) {
  bool useful = true;
  while (!wanted_back_.load(std::memory_order_acquire) && !stop.stop_requested()) {
    if (useful) {
      useful = keep_alive_.poll();
    } else {
      const Lock lock{mutex_};
      if (!wanted_back_.load(std::memory_order_acquire)) back_.wait_for(mutex_, kRest);
    }
  }
  const Lock lock{mutex_};
  wanted_back_.store(false, std::memory_order_relaxed);
  turn_.store(Turn::stepping, std::memory_order_release);
  back_.notify_all();
}

void MembershipKeeper::take_back() noexcept {
  wanted_back_.store(true, std::memory_order_release);
  keep_alive_.wake();
  const Lock lock{mutex_};
  back_.notify_all();
  while (turn_.load(std::memory_order_acquire) != Turn::stepping) back_.wait(mutex_);
}

}  // namespace dispytch::listen
