#include "inflight/item.hpp"

#include <cstdint>
#include <span>
#include <utility>

namespace dispytch::inflight {
namespace {

// Where a view of the original's lies in the copy.
dispytch_bytes copy(dispytch_bytes from, std::string& into) {
  if (from.data == nullptr) return from;
  const std::size_t at = into.size();
  into.append(reinterpret_cast<const char*>(from.data), from.len);
  return {reinterpret_cast<const std::uint8_t*>(into.data() + at), from.len};
}

}  // namespace

bool Item::own(const dispytch_consumer_api& api, dispytch_consumer* consumer) {
  if (owned) return true;
  bool complete = true;
  std::span<const dispytch_header> headers{raw->headers, raw->n_headers};
  if (raw->n_headers == 0 && (raw->flags & DISPYTCH_MSG_HEADERS) != 0) {
    const dispytch_header* read = nullptr;
    std::uint32_t count = 0;
    complete = api.headers(consumer, raw, &read, &count) >= 0;
    if (complete) headers = {read, count};
  }
  auto made = std::make_shared<OwnedMessage>();
  std::size_t size = raw->topic.len + raw->key.len + raw->payload.len + raw->id.len;
  for (const dispytch_header& header : headers) size += header.key.len + header.value.len;
  made->bytes.reserve(size + 1);  // once: views into it are made while it fills; not empty, so that an empty value has an address
  made->raw = *raw;
  made->raw.topic = copy(raw->topic, made->bytes);
  made->raw.key = copy(raw->key, made->bytes);
  made->raw.payload = copy(raw->payload, made->bytes);
  made->raw.id = copy(raw->id, made->bytes);
  for (const dispytch_header& header : headers) made->headers.push_back({copy(header.key, made->bytes), copy(header.value, made->bytes)});
  made->raw.headers = made->headers.data();
  made->raw.n_headers = static_cast<std::uint32_t>(made->headers.size());
  made->raw.flags &= ~std::uint32_t{DISPYTCH_MSG_HEADERS};
  owned = std::move(made);
  raw = &owned->raw;
  return complete;
}

void ItemPool::grow() {
  auto& chunk = chunks_.emplace_back(std::make_unique<Item[]>(kChunk));
  for (std::size_t i = 0; i < kChunk; ++i) put_back(chunk[i]);
}

}  // namespace dispytch::inflight
