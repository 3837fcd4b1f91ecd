// An emitter: takes messages, has the writer store them, and says what became of each.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

#include <dispytch/plugin/backend.hpp>

#include "appender.hpp"
#include "broker.hpp"
#include "outbox.hpp"
#include "writer.hpp"

namespace dispytch::sqlite {

/// Any thread.
class Producer final : private Work {
 public:
  Producer(Broker& broker, std::chrono::milliseconds timeout, plugin::Notify notify);
  ~Producer() override;

  plugin::Accepted send(plugin::Strided<const plugin::MessageView> messages);
  std::size_t reports(plugin::Strided<plugin::Report> out) { return outbox_.reports(out); }
  plugin::Status flush(std::chrono::milliseconds timeout);

 private:
  std::optional<std::chrono::nanoseconds> due() override;
  void write(Writing& writing) override;
  void written() override;
  void failed(const plugin::Error& why) override;

  void store(Outgoing& message, Writing& writing, Appender& appender);
  std::int32_t place(const Outgoing& message, std::int32_t partitions);

  Broker& broker_;
  const std::chrono::nanoseconds timeout_;
  Outbox outbox_;
  std::uint32_t next_without_key_ = 0;  // the writer's thread's
};

}  // namespace dispytch::sqlite
