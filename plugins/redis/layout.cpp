#include "layout.hpp"

#include <charconv>
#include <cstdint>
#include <string_view>

#include <dispytch/plugin/message.hpp>

#include "command.hpp"

namespace dispytch::redis {
namespace {

using plugin::bytes;
using plugin::view;

constexpr std::string_view kTombstone = "tombstone";
constexpr std::size_t kEntryBytes = 64;  // about what the server takes for an entry besides its fields

std::optional<std::int64_t> number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

std::size_t Layout::size_of(const dispytch_message& message) noexcept {
  std::size_t size = kEntryBytes + message.key.len + message.payload.len;
  for (std::uint32_t i = 0; i < message.n_headers; ++i) size += message.headers[i].key.len + message.headers[i].value.len;
  return size;
}

void Layout::write(std::string& out, const dispytch_message& message, bool make_stream, std::optional<std::uint64_t> max_length) const {
  const bool has_key = message.key.data != nullptr && !names_.key.empty();
  const bool has_time = (message.flags & DISPYTCH_MSG_TIMESTAMP) != 0 && !names_.timestamp.empty();
  const bool waits = (message.flags & DISPYTCH_MSG_DELIVER_AT) != 0;
  const bool has_id = message.id.data != nullptr && !names_.id.empty();
  const std::size_t fields =
      1 + std::size_t{has_key} + std::size_t{has_time} + std::size_t{waits} + std::size_t{has_id} + message.n_headers;
  CommandWriter writer{out};
  writer.begin(3 + (make_stream ? 0 : 1) + (max_length ? 3 : 0) + 2 * fields).word("XADD").word(view(message.topic));
  if (!make_stream) writer.word("NOMKSTREAM");
  if (max_length) writer.word("MAXLEN").word("~").word(*max_length);
  writer.word("*");
  if (has_key) writer.word(names_.key).word(view(message.key));
  if (message.payload.data != nullptr) {
    writer.word(names_.payload).word(view(message.payload));
  } else {
    writer.word(kTombstone).word("");
  }
  if (has_time) writer.word(names_.timestamp).word(message.timestamp_ms);
  if (waits) writer.word(names_.deliver_at).word(message.deliver_at_ms);
  if (has_id) writer.word(names_.id).word(view(message.id));
  for (std::uint32_t i = 0; i < message.n_headers; ++i) {
    const dispytch_header& header = message.headers[i];
    writer.word(header.value.data == nullptr ? names_.null_header_prefix : names_.header_prefix, view(header.key)).word(view(header.value));
  }
}

Layout::Content Layout::read(const redisReply& fields, const EntryId& id, dispytch_message& message,
                             std::vector<dispytch_header>& headers) const {
  Content content;
  message.flags |= DISPYTCH_MSG_TIMESTAMP | DISPYTCH_MSG_APPEND_TIME;
  message.timestamp_ms = static_cast<std::int64_t>(id.ms);
  const auto all = elements(fields);
  for (std::size_t i = 0; i + 1 < all.size(); i += 2) {
    const std::string_view name = text(*all[i]);
    const std::string_view value = text(*all[i + 1]);
    if (name == names_.payload) {
      message.payload = bytes(value);
    } else if (name == names_.key) {
      message.key = bytes(value);
    } else if (const auto time = name == names_.timestamp ? number(value) : std::nullopt) {
      message.timestamp_ms = *time;
      message.flags &= ~static_cast<std::uint32_t>(DISPYTCH_MSG_APPEND_TIME);
    } else if (const auto when = name == names_.deliver_at ? number(value) : std::nullopt) {
      content.deliver_at_ms = when;
    } else if (name == kTombstone || (!names_.id.empty() && name == names_.id)) {
      continue;
    } else if (!names_.null_header_prefix.empty() && name.starts_with(names_.null_header_prefix)) {
      headers.push_back({.key = bytes(name.substr(names_.null_header_prefix.size())), .value = {}});
      ++content.headers;
    } else {
      const bool ours = !names_.header_prefix.empty() && name.starts_with(names_.header_prefix);
      headers.push_back({.key = bytes(ours ? name.substr(names_.header_prefix.size()) : name), .value = bytes(value)});
      ++content.headers;
    }
  }
  return content;
}

std::optional<std::int64_t> Layout::deliver_at(const redisReply& fields) const {
  const auto all = elements(fields);
  for (std::size_t i = 0; i + 1 < all.size(); i += 2) {
    if (text(*all[i]) == names_.deliver_at) return number(text(*all[i + 1]));
  }
  return std::nullopt;
}

}  // namespace dispytch::redis
