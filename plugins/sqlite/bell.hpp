// Tells listeners, also those of other processes, that something was written: a small file beside the broker's, which is written to after
// each transaction and watched by inotify. The broker's own files would not do: they change before what was written can be read.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <dispytch/plugin/host.hpp>
#include <dispytch/plugin/mutex.hpp>

#include "file.hpp"
#include "signal.hpp"

namespace dispytch::sqlite {

/// A file descriptor that is closed with it.
class Descriptor {
 public:
  explicit Descriptor(int number = -1) noexcept : number_{number} {}
  ~Descriptor();
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const noexcept { return number_; }
  void reset(int number) noexcept;

 private:
  int number_;
};

/// Any thread. Its own thread runs while somebody listens.
class Bell {
 public:
  Bell(const File& file, const plugin::Host& host);
  ~Bell();
  Bell(const Bell&) = delete;
  Bell& operator=(const Bell&) = delete;

  /// Something was written, by this process.
  void ring() noexcept;

  /// The signal is set whenever somebody has rung, until it is removed. Throws Failure.
  void add(Signal& signal);
  void remove(Signal& signal);

 private:
  void open_bell();
  void watch();
  void listen();
  void signal_all();
  bool has_changed(Database& database, std::int64_t& version);

  const File& file_;
  const plugin::Host host_;
  const std::string path_;
  Descriptor bell_;     // written to by the thread that writes alone
  Descriptor inotify_;  // the bell's thread's; -1: the system has none to give, and the slow look at the file has to do
  Descriptor stop_;
  bool warned_ = false;  // the bell's thread's

  plugin::Mutex mutex_;
  std::vector<Signal*> signals_ DISPYTCH_GUARDED_BY(mutex_);
  std::thread thread_ DISPYTCH_GUARDED_BY(mutex_);
};

}  // namespace dispytch::sqlite
