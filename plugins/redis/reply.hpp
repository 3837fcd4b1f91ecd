// What the server answers, as hiredis parses it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include <hiredis/hiredis.h>

namespace dispytch::redis {

struct FreeReply {
  void operator()(redisReply* reply) const noexcept { freeReplyObject(reply); }
};
/// One answer, with all that it holds. Empty: there was none, since the connection broke.
using Reply = std::unique_ptr<redisReply, FreeReply>;

inline bool is_error(const redisReply& reply) noexcept { return reply.type == REDIS_REPLY_ERROR; }
inline bool is_nil(const redisReply& reply) noexcept { return reply.type == REDIS_REPLY_NIL; }

/// Returns the bytes of a string, a status or an error; empty for anything else.
inline std::string_view text(const redisReply& reply) noexcept {
  const bool has_text = reply.type == REDIS_REPLY_STRING || reply.type == REDIS_REPLY_STATUS || reply.type == REDIS_REPLY_ERROR;
  return has_text && reply.str != nullptr ? std::string_view{reply.str, reply.len} : std::string_view{};
}

/// Returns a number, or `otherwise` where the reply is none.
inline std::int64_t integer(const redisReply& reply, std::int64_t otherwise = 0) noexcept {
  return reply.type == REDIS_REPLY_INTEGER ? reply.integer : otherwise;
}

/// Returns the elements of an array; none for anything else.
inline std::span<redisReply* const> elements(const redisReply& reply) noexcept {
  if (reply.type != REDIS_REPLY_ARRAY || reply.element == nullptr) return {};
  return {reply.element, reply.elements};
}

/// Returns an element of an array; a nil where there are fewer.
inline const redisReply& element(const redisReply& reply, std::size_t index) noexcept {
  static constexpr redisReply kNil{REDIS_REPLY_NIL, 0, 0, nullptr, 0, nullptr};
  const auto all = elements(reply);
  return index < all.size() && all[index] != nullptr ? *all[index] : kNil;
}

/// Returns the value behind a name in an array of names and values, as XINFO answers; a nil where it isn't there.
inline const redisReply& member(const redisReply& reply, std::string_view name) noexcept {
  const auto all = elements(reply);
  for (std::size_t i = 0; i + 1 < all.size(); i += 2) {
    if (text(*all[i]) == name) return *all[i + 1];
  }
  return element(reply, all.size());
}

}  // namespace dispytch::redis
