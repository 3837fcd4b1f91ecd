// Messages on their way to the host, copied out of the file: an open statement would keep SQLite from tidying up.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <dispytch/plugin/backend.hpp>

#include "database.hpp"
#include "holdings.hpp"

namespace dispytch::sqlite {

/// A batch and the bytes that it points at. Filled by one thread, then read by any.
class Batch {
 public:
  std::span<const plugin::InboundMessage> messages() const noexcept { return messages_; }
  bool empty() const noexcept { return messages_.empty(); }
  std::size_t size() const noexcept { return messages_.size(); }

  /// Adds the messages of a source from its next offset on, as many as the limits allow, of which it takes what it has used. Returns the
  /// offset after the last one, nullopt where there was none, or none that fits. Throws Failure.
  std::optional<std::int64_t> read(Database& database, const Readable& source, plugin::Limits& limits);
  /// Takes the messages beyond the first so many back.
  void shrink(std::size_t size) { messages_.resize(size); }

 private:
  dispytch_bytes copy(std::optional<std::string_view> bytes);

  std::vector<plugin::InboundMessage> messages_;
  std::vector<std::unique_ptr<std::byte[]>> blocks_;
  std::size_t left_ = 0;  // bytes at the end of the last block
  std::byte* end_ = nullptr;
  std::deque<std::vector<dispytch_header>> headers_;
  std::vector<std::shared_ptr<const std::string>> topics_;
};

}  // namespace dispytch::sqlite
