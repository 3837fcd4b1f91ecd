#include "record.hpp"

namespace dispytch::sqlite {
namespace {

constexpr std::size_t kLengthBytes = 4;

void put_length(std::string& out, std::size_t length) {
  for (std::size_t i = 0; i < kLengthBytes; ++i) out += static_cast<char>(length >> 8 * i & 0xff);
}

std::size_t take_length(std::string_view& blob) {
  if (blob.size() < kLengthBytes) throw Failure{SQLITE_CORRUPT, 0, "the headers of a message are cut off"};
  std::size_t length = 0;
  for (std::size_t i = 0; i < kLengthBytes; ++i) length |= std::size_t{static_cast<unsigned char>(blob[i])} << 8 * i;
  blob.remove_prefix(kLengthBytes);
  return length;
}

std::string_view take(std::string_view& blob, std::size_t length) {
  if (blob.size() < length) throw Failure{SQLITE_CORRUPT, 0, "the headers of a message are cut off"};
  const std::string_view bytes = blob.substr(0, length);
  blob.remove_prefix(length);
  return bytes;
}

}  // namespace

std::string encode_headers(std::span<const dispytch_header> headers) {
  std::string blob;
  for (const dispytch_header& header : headers) {
    put_length(blob, header.key.len);
    blob += plugin::view(header.key);
    put_length(blob, header.value.data == nullptr ? 0 : header.value.len + 1);
    blob += plugin::view(header.value);
  }
  return blob;
}

std::vector<dispytch_header> decode_headers(std::string_view blob) {
  std::vector<dispytch_header> headers;
  while (!blob.empty()) {
    dispytch_header& header = headers.emplace_back();
    header.key = plugin::bytes(take(blob, take_length(blob)));
    const std::size_t length = take_length(blob);
    if (length > 0) header.value = plugin::bytes(take(blob, length - 1));
  }
  return headers;
}

Record::Record(const plugin::MessageView& message)
    : timestamp_ms{message.timestamp_ms()}, deliver_at_ms{message.deliver_at_ms()}, partition{message.partition()} {
  const std::string headers = encode_headers(message.headers());
  const std::optional<std::string_view> parts[] = {message.key(), message.payload(),
                                                   headers.empty() ? std::nullopt : std::optional<std::string_view>{headers}, message.id()};
  std::size_t total = 0;
  for (const auto& bytes : parts) total += bytes ? bytes->size() : 0;
  bytes_.reserve(total);
  for (std::size_t i = 0; i < 4; ++i) {
    if (!parts[i]) continue;
    parts_[i] = {bytes_.size(), parts[i]->size(), true};
    bytes_ += *parts[i];
    if (i < 3) size_ = bytes_.size();
  }
}

}  // namespace dispytch::sqlite
