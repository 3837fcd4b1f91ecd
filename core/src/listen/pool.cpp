#include "listen/pool.hpp"

#include <csignal>

#include <pthread.h>

namespace dispytch::listen {

Pool::Pool(std::size_t threads) {
  workers_.reserve(threads);
  for (std::size_t i = 0; i < threads; ++i) workers_.emplace_back([this](const std::stop_token& stop) { work(stop); });
}

Pool::~Pool() {
  for (std::jthread& worker : workers_) worker.request_stop();
  workers_.clear();
}

void Pool::submit(WorkUnit& unit) {
  {
    const std::lock_guard lock{mutex_};
    units_.push_back(&unit);
  }
  changed_.notify_one();
}

void Pool::work(const std::stop_token& stop) {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
  codec::Decoder decoder;
  while (true) {
    WorkUnit* unit = nullptr;
    {
      std::unique_lock lock{mutex_};
      if (!changed_.wait(lock, stop, [this] { return !units_.empty(); })) return;
      unit = units_.front();
      units_.pop_front();
    }
    unit->run(decoder);
  }
}

}  // namespace dispytch::listen
