#include "listen/keeper.hpp"

#include <chrono>
#include <csignal>
#include <utility>

#include <pthread.h>

#include "base/log.hpp"
#include "listen/engine.hpp"

namespace dispytch::listen {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kPatience{100};  // with one batch, before the keeper steps in
constexpr milliseconds kOnePoll{50};

}  // namespace

Keeper::Keeper(Engine& engine) : engine_{engine}, thread_{[this](const std::stop_token& stop) { watch(stop); }} {}

Keeper::~Keeper() {
  thread_.request_stop();
  awake_.notify_all();
}

void Keeper::batch_begins() noexcept {
  batches_.fetch_add(1, std::memory_order_relaxed);
  in_batch_.store(true, std::memory_order_seq_cst);
  if (!asleep_.load(std::memory_order_seq_cst)) return;
  const std::lock_guard lock{mutex_};
  awake_.notify_one();
}

// Sleeps while no batch is in hand, looks every kPatience while one is.
void Keeper::watch(const std::stop_token& stop) {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
  while (!stop.stop_requested()) {
    std::uint64_t seen = 0;
    {
      std::unique_lock lock{mutex_};
      asleep_.store(true, std::memory_order_seq_cst);
      awake_.wait(lock, stop, [this] { return in_batch_.load(std::memory_order_seq_cst); });
      asleep_.store(false, std::memory_order_relaxed);
      seen = batches_.load(std::memory_order_relaxed);
      awake_.wait_for(lock, stop, kPatience, [] { return false; });
    }
    if (stop.stop_requested()) return;
    while (in_batch_.load(std::memory_order_relaxed) && batches_.load(std::memory_order_relaxed) == seen && !stop.stop_requested()) {
      Turn expected = Turn::handler;
      if (turn_.compare_exchange_strong(expected, Turn::keeper, std::memory_order_acq_rel)) keep(stop);
      std::unique_lock lock{mutex_};
      awake_.wait_for(lock, stop, kPatience / 10, [] { return false; });
    }
  }
}

void Keeper::keep(const std::stop_token& stop) {
  while (!wanted_back_.load(std::memory_order_acquire) && !stop.stop_requested()) {
    if (engine_.stop_.stop_requested()) engine_.make_durable();
    if (auto stepped = engine_.step(kOnePoll, {}); !stepped) {
      // The thread that steps ends the listener with it once its handler is back: the broker may not say it a second time.
      log::warning(engine_.log_source_, "while a handler ran: " + stepped.error().text);
      engine_.error_meanwhile_ = std::move(stepped).error();
      std::unique_lock lock{mutex_};
      while (!wanted_back_.load(std::memory_order_acquire) && !stop.stop_requested()) back_.wait_for(lock, kOnePoll);
    }
  }
  const std::lock_guard lock{mutex_};
  wanted_back_.store(false, std::memory_order_relaxed);
  turn_.store(Turn::stepper, std::memory_order_release);
  back_.notify_all();
}

void Keeper::take_back() noexcept {
  wanted_back_.store(true, std::memory_order_release);
  engine_.consumer_->wake();
  std::unique_lock lock{mutex_};
  back_.notify_all();
  back_.wait(lock, [this] { return turn_.load(std::memory_order_acquire) == Turn::stepper; });
}

}  // namespace dispytch::listen
