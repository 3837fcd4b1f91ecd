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

void Pool::submit(Parcel& parcel) {
  {
    const std::lock_guard lock{mutex_};
    parcels_.push_back(&parcel);
  }
  changed_.notify_one();
}

void Pool::work(const std::stop_token& stop) {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
  codec::Decoder decoder;
  while (true) {
    Parcel* parcel = nullptr;
    {
      std::unique_lock lock{mutex_};
      if (!changed_.wait(lock, stop, [this] { return !parcels_.empty(); })) return;
      parcel = parcels_.front();
      parcels_.pop_front();
    }
    parcel->run(decoder);
  }
}

}  // namespace dispytch::listen
