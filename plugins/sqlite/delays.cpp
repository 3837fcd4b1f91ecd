#include "delays.hpp"

#include <algorithm>
#include <cstdint>

#include "appender.hpp"

namespace dispytch::sqlite {
namespace {

constexpr int kMostAtOnce = 1000;
constexpr std::int64_t kLookAgainMs = 1000;  // another process may have stored one, and died

}  // namespace

void Delays::added(std::int64_t due_ms) noexcept { next_ms_ = std::min<std::int64_t>(next_ms_, due_ms); }

std::optional<std::chrono::nanoseconds> Delays::due() {
  const std::int64_t left = std::max<std::int64_t>(next_ms_ - clock_.unix_ms(), 0);
  return left == 0 ? std::chrono::nanoseconds{0} : clock_.monotonic() + std::chrono::milliseconds{left};
}

void Delays::write(Writing& writing) {
  Appender appender{writing.database};
  appender.append_due(writing.now_ms, kMostAtOnce);
  appender.finish();
  Query query = writing.database.query("SELECT due_ms FROM delayed ORDER BY due_ms LIMIT 1");
  next_ms_ = std::min(query.next() ? query.integer(0) : writing.now_ms + kLookAgainMs, writing.now_ms + kLookAgainMs);
}

void Delays::failed(const plugin::Error&) { next_ms_ = clock_.unix_ms() + kLookAgainMs; }

}  // namespace dispytch::sqlite
