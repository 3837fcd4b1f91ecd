#include <dispytch/message.hpp>

#include <algorithm>
#include <cstdint>
#include <string>

#include <dispytch/result.hpp>

#include "border/error.hpp"
#include "text/bytes.hpp"

namespace dispytch {
namespace {

using text::view;

// The message's headers: beside it, or fetched from the plugin.
std::span<const dispytch_header> headers_of(const dispytch_message& raw, const dispytch_consumer_api* api, dispytch_consumer* consumer) {
  if (raw.n_headers > 0) return {raw.headers, raw.n_headers};
  if ((raw.flags & DISPYTCH_MSG_HEADERS) == 0) return {};
  const dispytch_header* headers = nullptr;
  std::uint32_t count = 0;
  const dispytch_status status = api->headers(consumer, &raw, &headers, &count);
  if (status < 0) {
    throw Exception{border::error_code(status), "the headers of a message of topic `" + std::string{view(raw.topic)} +
                                                    "` can't be read: the plugin reports " +
                                                    std::string{to_string(border::error_code(status))} + "."};
  }
  return {headers, count};
}

}  // namespace

std::vector<Header> Message::headers() const {
  std::vector<Header> all;
  for (const dispytch_header& header : headers_of(*raw_, api_, consumer_))
    all.push_back({dispytch::view(header.key), optional_view(header.value)});
  return all;
}

std::optional<std::string_view> Message::header(std::string_view name) const {
  const std::span<const dispytch_header> headers = headers_of(*raw_, api_, consumer_);
  const auto last =
      std::find_if(headers.rbegin(), headers.rend(), [&](const dispytch_header& header) { return dispytch::view(header.key) == name; });
  return last == headers.rend() ? std::nullopt : optional_view(last->value);
}

}  // namespace dispytch
