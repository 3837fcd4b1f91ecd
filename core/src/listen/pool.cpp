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

void Pool::submit(Parcel& parcel) {
  {
    const Lock lock{mutex_};
    parcels_.push_back(&parcel);
  }
  changed_.notify_one();
}

void Pool::work(const std::stop_token& stop) {
  block_signals_in_this_thread();
  codec::Decoder decoder;
  while (true) {
    Parcel* parcel = nullptr;
    {
      const Lock lock{mutex_};
      while (parcels_.empty() && !stop.stop_requested()) changed_.wait(mutex_, stop);
      if (parcels_.empty()) return;
      parcel = parcels_.front();
      parcels_.pop_front();
    }
    parcel->run(decoder);
  }
}

}  // namespace dispytch::listen
