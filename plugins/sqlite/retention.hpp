// Deletes what topics are not to keep, and gives the space back, in small steps between what others write.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>

#include <dispytch/plugin/host.hpp>

#include "catalog.hpp"
#include "writer.hpp"

namespace dispytch::sqlite {

class RetentionWork final : public Work {
 public:
  explicit RetentionWork(plugin::Clock clock) noexcept : clock_{clock} {}

  /// Any thread. A group has settled something: there may be more to delete.
  void settled() noexcept;

 private:
  std::optional<std::chrono::nanoseconds> due() override;
  void write(Writing& writing) override;
  void written() override {}
  void failed(const plugin::Error&) override;

  const plugin::Clock clock_;
  static constexpr std::int64_t kNever = INT64_MIN;
  std::atomic<std::int64_t> settled_at_ = kNever;  // in nanoseconds
  bool applies_ = false;                           // to some topic, as far as is known; the rest is the writer's thread's as well
  std::chrono::nanoseconds next_{0};
};

/// Deletes from the front of a partition what is before `offset`, at most `most` messages, within a transaction. Returns how many. Throws
/// Failure.
std::int64_t delete_before(Database& database, std::int64_t partition, std::int64_t offset, std::int64_t most);

/// What the topic's retention lets go of a partition, looking at no more than `most` messages: everything before the offset returned.
std::int64_t first_to_keep(Database& database, const Retention& retention, std::int64_t partition, std::int64_t now_ms, std::int64_t most);

}  // namespace dispytch::sqlite
