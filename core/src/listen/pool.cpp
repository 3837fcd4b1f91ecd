#include "listen/pool.hpp"

#include "base/thread.hpp"

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
    const Lock lock{mutex_};
    units_.push_back(&unit);
  }
  changed_.notify_one();
}

void Pool::work(const std::stop_token& stop) {
  block_signals_in_this_thread();
  codec::Decoder decoder;
  while (true) {
    WorkUnit* unit = nullptr;
    {
      const Lock lock{mutex_};
      while (units_.empty() && !stop.stop_requested()) changed_.wait(mutex_, stop);
      if (units_.empty()) return;
      unit = units_.front();
      units_.pop_front();
    }
    unit->run(decoder);
  }
}

}  // namespace dispytch::listen
