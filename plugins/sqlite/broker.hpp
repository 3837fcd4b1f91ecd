// What the emitters and listeners of one backend share: the file, the thread that writes, the bell.
#pragma once

#include <memory>

#include <dispytch/plugin/host.hpp>

#include "bell.hpp"
#include "delays.hpp"
#include "file.hpp"
#include "options.hpp"
#include "retention.hpp"
#include "writer.hpp"

namespace dispytch::sqlite {

/// Any thread.
class Broker {
 public:
  /// Opens the file and creates the topics that the options name. Throws plugin::Exception.
  Broker(Options options, plugin::Host host);
  ~Broker();
  Broker(const Broker&) = delete;
  Broker& operator=(const Broker&) = delete;

  const Options& options() const noexcept { return options_; }
  const plugin::Host& host() const noexcept { return host_; }
  const plugin::Clock& clock() const noexcept { return clock_; }
  const File& file() const noexcept { return file_; }
  Bell& bell() noexcept { return bell_; }
  Writer& writer() noexcept { return *writer_; }
  Delays& delays() noexcept { return delays_; }
  RetentionWork& retention() noexcept { return retention_; }

 private:
  void create_topics();

  const Options options_;
  const plugin::Host host_;
  const plugin::Clock clock_;
  const File file_;
  Bell bell_;
  Delays delays_;
  RetentionWork retention_;
  std::unique_ptr<Writer> writer_;  // last: its thread uses all the others
};

}  // namespace dispytch::sqlite
