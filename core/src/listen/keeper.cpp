#include "listen/keeper.hpp"

#include <chrono>
#include <utility>

#include "base/log.hpp"
#include "base/thread.hpp"
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
  const Lock lock{mutex_};
  awake_.notify_one();
}

// Sleeps while no batch is in hand, looks every kPatience while one is.
void Keeper::watch(const std::stop_token& stop) {
  block_signals_in_this_thread();
  while (!stop.stop_requested()) {
    std::uint64_t seen = 0;
    {
      const Lock lock{mutex_};
      asleep_.store(true, std::memory_order_seq_cst);
      while (!in_batch_.load(std::memory_order_seq_cst) && !stop.stop_requested()) awake_.wait(mutex_, stop);
      asleep_.store(false, std::memory_order_relaxed);
      seen = batches_.load(std::memory_order_relaxed);
      pause(kPatience, stop);
    }
    if (stop.stop_requested()) return;
    while (in_batch_.load(std::memory_order_relaxed) && batches_.load(std::memory_order_relaxed) == seen && !stop.stop_requested()) {
      Turn expected = Turn::handler;
      if (turn_.compare_exchange_strong(expected, Turn::keeper, std::memory_order_acq_rel)) keep(stop);
      const Lock lock{mutex_};
      pause(kPatience / 10, stop);
    }
  }
}

void Keeper::pause(milliseconds time, const std::stop_token& stop) {
  const auto deadline = std::chrono::steady_clock::now() + time;
  while (!stop.stop_requested() && std::chrono::steady_clock::now() < deadline) awake_.wait_until(mutex_, stop, deadline);
}

void Keeper::keep(const std::stop_token& stop) {
  while (!wanted_back_.load(std::memory_order_acquire) && !stop.stop_requested()) {
    if (engine_.stop_.stop_requested()) engine_.make_durable();
    if (auto stepped = engine_.step(kOnePoll, {}); !stepped) {
      // The thread that steps ends the listener with it once its handler is back: the broker may not say it a second time.
      log::warning(engine_.log_source_, "while a handler ran: " + stepped.error().text);
      engine_.error_meanwhile_ = std::move(stepped).error();
      const Lock lock{mutex_};
      while (!wanted_back_.load(std::memory_order_acquire) && !stop.stop_requested()) back_.wait_for(mutex_, kOnePoll);
    }
  }
  const Lock lock{mutex_};
  wanted_back_.store(false, std::memory_order_relaxed);
  turn_.store(Turn::stepper, std::memory_order_release);
  back_.notify_all();
}

void Keeper::take_back() noexcept {
  wanted_back_.store(true, std::memory_order_release);
  engine_.consumer_->wake();
  const Lock lock{mutex_};
  back_.notify_all();
  while (turn_.load(std::memory_order_acquire) != Turn::stepper) back_.wait(mutex_);
}

}  // namespace dispytch::listen
