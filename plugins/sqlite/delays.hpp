// Messages that are to be delivered later: once their time has come, they are put at the ends of their partitions.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>

#include <dispytch/plugin/host.hpp>

#include "writer.hpp"

namespace dispytch::sqlite {

/// Every process that has the file open looks after them, so that they outlive the one that sent them: the first that comes does it.
class Delays final : public Work {
 public:
  explicit Delays(plugin::Clock clock) noexcept : clock_{clock} {}

  /// The writer's thread. A message was stored whose time comes then.
  void added(std::int64_t due_ms) noexcept;

 private:
  std::optional<std::chrono::nanoseconds> due() override;
  void write(Writing& writing) override;
  void written() override {}
  void failed(const plugin::Error&) override;

  const plugin::Clock clock_;
  std::atomic<std::int64_t> next_ms_ = 0;  // look then, in the host's time since 1970; 0: at once
};

}  // namespace dispytch::sqlite
