#include "partition.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <new>

namespace dispytch::memory {
namespace {

constexpr std::uint8_t kEmpty = 0;  // what present but empty bytes point at

// Copies bytes to `to` and moves it on. Absent stays absent, empty stays present.
dispytch_bytes copy(const dispytch_bytes& from, std::uint8_t*& to) noexcept {
  if (from.data == nullptr) return {nullptr, 0};
  if (from.len == 0) return {&kEmpty, 0};
  std::memcpy(to, from.data, from.len);
  const dispytch_bytes result{to, from.len};
  to += from.len;
  return result;
}

}  // namespace

std::size_t size_of(const dispytch_message& message) noexcept {
  std::size_t size = message.key.len + message.payload.len;
  for (std::uint32_t i = 0; i < message.n_headers; ++i) size += message.headers[i].key.len + message.headers[i].value.len;
  return size;
}

Record& Segment::append(const dispytch_message& message, std::size_t size) {
  const std::size_t header_bytes = message.n_headers * sizeof(dispytch_header);
  auto* const memory = static_cast<std::byte*>(arena_.allocate(header_bytes + size, alignof(dispytch_header)));
  auto* bytes = reinterpret_cast<std::uint8_t*>(memory + header_bytes);

  Record& record = records_[static_cast<std::size_t>(count_)];
  record.size = size;
  record.view = dispytch_message{};
  record.view.key = copy(message.key, bytes);
  record.view.payload = copy(message.payload, bytes);
  if (message.n_headers != 0) {
    auto* const headers = new (memory) dispytch_header[message.n_headers];
    for (std::uint32_t i = 0; i < message.n_headers; ++i) {
      headers[i].key = copy(message.headers[i].key, bytes);
      headers[i].value = copy(message.headers[i].value, bytes);
    }
    record.view.headers = headers;
    record.view.n_headers = message.n_headers;
    record.view.flags = DISPYTCH_MSG_HEADERS;
  }
  ++count_;
  return record;
}

std::int64_t Partition::append(const dispytch_message& message, std::size_t size, std::int64_t now_ms) {
  if (segments_.empty() || segments_.back()->full()) segments_.push_back(std::make_shared<Segment>());
  dispytch_message& view = segments_.back()->append(message, size).view;
  view.topic = {reinterpret_cast<const std::uint8_t*>(topic_.data()), topic_.size()};
  view.partition = index_;
  view.offset = end_;
  view.flags |= DISPYTCH_MSG_PARTITION | DISPYTCH_MSG_OFFSET | DISPYTCH_MSG_TIMESTAMP;
  if ((message.flags & DISPYTCH_MSG_TIMESTAMP) != 0) {
    view.timestamp_ms = message.timestamp_ms;
  } else {
    view.timestamp_ms = now_ms;
    view.flags |= DISPYTCH_MSG_APPEND_TIME;
  }
  if ((message.flags & DISPYTCH_MSG_DELIVER_AT) != 0) {
    view.deliver_at_ms = message.deliver_at_ms;
    view.flags |= DISPYTCH_MSG_DELIVER_AT;
  }
  return end_++;
}

Partition::Dropped Partition::drop_before(std::int64_t offset) noexcept {
  Dropped dropped;
  for (offset = std::min(offset, end_); start_ < offset;) {
    dropped.bytes += at(start_).size;
    ++dropped.messages;
    ++start_;
    if (start_ % Segment::kRecords == 0) segments_.pop_front();
  }
  return dropped;
}

}  // namespace dispytch::memory
