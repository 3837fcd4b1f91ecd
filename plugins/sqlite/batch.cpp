#include "batch.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "layout.hpp"
#include "record.hpp"

namespace dispytch::sqlite {
namespace {

constexpr std::size_t kBlock = std::size_t{64} << 10;

std::size_t length(std::optional<std::string_view> bytes) noexcept { return bytes ? bytes->size() : 0; }

}  // namespace

dispytch_bytes Batch::copy(std::optional<std::string_view> bytes) {
  if (!bytes || bytes->empty()) return plugin::optional_bytes(bytes ? std::optional<std::string_view>{""} : std::nullopt);
  if (bytes->size() > left_) {
    left_ = std::max(kBlock, bytes->size());
    blocks_.push_back(std::make_unique_for_overwrite<std::byte[]>(left_));
    end_ = blocks_.back().get();
  }
  std::byte* const place = end_;
  std::memcpy(place, bytes->data(), bytes->size());
  end_ += bytes->size();
  left_ -= bytes->size();
  return {reinterpret_cast<const std::uint8_t*>(place), bytes->size()};
}

std::optional<std::int64_t> Batch::read(Database& database, const Readable& source, plugin::Limits& limits) {
  std::optional<std::int64_t> next;
  Query query = database.query(
      "SELECT id, timestamp_ms, stamped, key, payload, headers, event_id FROM messages WHERE id >= ?1 AND id < ?2 "
      "ORDER BY id LIMIT ?3",
      row_of(source.partition, source.next), row_of(source.partition + 1, 0), limits.max_messages);
  const std::uint64_t base = token_base(source.slot, source.serial);
  topics_.push_back(source.topic);
  const dispytch_bytes topic = plugin::bytes(*source.topic);
  while (query.next()) {
    const auto key = query.optional_bytes(3), payload = query.optional_bytes(4), headers = query.optional_bytes(5);
    const std::uint64_t bytes = length(key) + length(payload);
    if (bytes > limits.max_bytes && !messages_.empty()) {
      limits.max_messages = 0;
      break;
    }
    const std::int64_t offset = offset_of_row(query.integer(0));
    plugin::InboundMessage& message = messages_.emplace_back();
    message.topic = topic;
    message.key = copy(key);
    message.payload = copy(payload);
    message.id = copy(query.optional_bytes(6));
    message.timestamp_ms = query.integer(1);
    message.flags = DISPYTCH_MSG_PARTITION | DISPYTCH_MSG_OFFSET | DISPYTCH_MSG_TIMESTAMP |
                    plugin::flag(query.integer(2) == 0, DISPYTCH_MSG_APPEND_TIME) | plugin::flag(headers.has_value(), DISPYTCH_MSG_HEADERS);
    message.offset = offset;
    message.partition = source.number;
    message.source = source.source;
    message.token = message_token(base, offset);
    if (headers) {
      const std::vector<dispytch_header>& all = headers_.emplace_back(decode_headers(plugin::view(copy(headers))));
      message.headers = all.data();
      message.n_headers = static_cast<std::uint32_t>(all.size());
    }
    limits.max_bytes -= std::min(bytes, limits.max_bytes);
    --limits.max_messages;
    next = offset + 1;
  }
  return next;
}

}  // namespace dispytch::sqlite
