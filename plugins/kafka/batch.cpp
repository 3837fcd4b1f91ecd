#include "batch.hpp"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <string_view>

#include <dispytch/plugin/status.hpp>

#include "tokens.hpp"

namespace dispytch::kafka {
namespace {

constexpr std::size_t kLeastCapacity = 64;

dispytch_bytes bytes(const void* data, std::size_t size) noexcept { return {static_cast<const std::uint8_t*>(data), size}; }

std::vector<dispytch_header> read_headers(const rd_kafka_message_t* message) {
  std::vector<dispytch_header> all;
  rd_kafka_headers_t* headers = nullptr;  // the message's
  if (rd_kafka_message_headers(message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return all;
  all.reserve(rd_kafka_header_cnt(headers));
  const char* name = nullptr;
  const void* value = nullptr;
  std::size_t size = 0;
  for (std::size_t i = 0; rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR; ++i) {
    all.push_back({plugin::bytes(name), bytes(value, size)});
  }
  return all;
}

}  // namespace

void Batch::add(MessageHandle message, const Origin& origin) {
  if (raw_.size() == views_.size()) {
    views_.resize(std::max(kLeastCapacity, 2 * views_.size()));
    raw_.reserve(views_.size());
  }
  dispytch_message& view = views_[raw_.size()];
  view.topic = origin.topic;
  view.key = bytes(message->key, message->key_len);
  view.payload = bytes(message->payload, message->len);
  rd_kafka_timestamp_type_t kind = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
  view.timestamp_ms = rd_kafka_message_timestamp(message.get(), &kind);
  if (view.timestamp_ms < 0) kind = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;  // -1: other clients' way to say none
  // Whether there are headers isn't to be known without reading them, so it is always worth asking.
  view.flags = DISPYTCH_MSG_PARTITION | DISPYTCH_MSG_OFFSET | DISPYTCH_MSG_HEADERS |
               plugin::flag(kind != RD_KAFKA_TIMESTAMP_NOT_AVAILABLE, DISPYTCH_MSG_TIMESTAMP) |
               plugin::flag(kind == RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME, DISPYTCH_MSG_APPEND_TIME);
  view.offset = message->offset;
  view.partition = origin.partition;
  view.source = origin.source;
  view.token = message_token(origin.token_base, message->offset);
  raw_.push_back(message.release());
}

void Batch::clear() noexcept {
  for (rd_kafka_message_t* message : raw_) rd_kafka_message_destroy(message);
  raw_.clear();
  const plugin::Lock lock{mutex_};
  headers_.clear();
  hint_ = 0;
}

std::optional<std::size_t> Batch::index_of(const dispytch_message& message) noexcept {
  const dispytch_message* first = views_.data();
  if (!std::less<>{}(&message, first) && std::less<>{}(&message, first + size())) return static_cast<std::size_t>(&message - first);
  for (std::size_t tried = 0; tried < size(); ++tried) {
    const std::size_t index = (hint_ + tried) % size();
    if (first[index].token == message.token) {
      hint_ = index + 1;
      return index;
    }
  }
  return std::nullopt;
}

std::optional<std::span<const dispytch_header>> Batch::headers(const dispytch_message& message) {
  const plugin::Lock lock{mutex_};
  const std::optional<std::size_t> index = index_of(message);
  if (!index) return std::nullopt;
  const auto [known, added] = headers_.try_emplace(*index);
  if (added) known->second = read_headers(raw_[*index]);
  return known->second;
}

BatchPool::Lease BatchPool::take() {
  const plugin::Lock lock{mutex_};
  if (free_.empty()) free_.push_back(std::make_unique<Batch>());
  leased_.push_back({std::move(free_.back()), false});
  free_.pop_back();
  return {*this, *leased_.back().batch};
}

void BatchPool::publish(Batch& batch) {
  const plugin::Lock lock{mutex_};
  find(batch)->published = true;
}

void BatchPool::give_back(Batch& batch) noexcept {
  std::unique_ptr<Batch> ended;
  {
    const plugin::Lock lock{mutex_};
    const auto leased = find(batch);
    ended = std::move(leased->batch);
    leased_.erase(leased);
  }
  ended->clear();  // now that nobody can find it any more: headers() looks into every batch that it finds
  const plugin::Lock lock{mutex_};
  free_.push_back(std::move(ended));
}

std::vector<BatchPool::Leased>::iterator BatchPool::find(const Batch& batch) noexcept {
  return std::find_if(leased_.begin(), leased_.end(), [&](const Leased& leased) { return leased.batch.get() == &batch; });
}

std::span<const dispytch_header> BatchPool::headers(const dispytch_message& message) {
  const plugin::Lock lock{mutex_};
  for (const Leased& leased : leased_) {
    if (!leased.published) continue;
    if (const auto found = leased.batch->headers(message)) return *found;
  }
  return {};
}

}  // namespace dispytch::kafka
