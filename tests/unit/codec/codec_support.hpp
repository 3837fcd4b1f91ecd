// What the codec's tests share: reading a payload and telling what came of it.
#pragma once

#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include <dispytch/describe.hpp>

#include "codec/json_codec.hpp"

namespace dispytch::codec {

inline const WireForm kEnvelope{};
inline const WireForm kFlat{.layout = WireForm::Layout::flat};

inline WireForm flat(WireForm::TypeFrom from, std::string name) {
  return {.layout = WireForm::Layout::flat, .type_from = from, .name = std::move(name)};
}

template <class T>
struct Decoded {
  bool good = false;
  T body = {};
  DecodeError error = {};
  EventMeta meta = {};
  std::string type = {};
};

template <class T>
Decoded<T> decode(std::string_view payload, const WireForm& form = kFlat, std::string_view header_type = {}) {
  static Decoder decoder;  // kept, as the listener keeps it: nothing of one payload may show in the next
  Decoded<T> result;
  result.good = decoder.open(payload, form, header_type, result.error);
  if (!result.good) return result;
  result.type = decoder.type();
  result.good = decoder.decode(detail::event_type<T>(), &result.body, &result.meta, result.error);
  return result;
}

template <class T>
T read(std::string_view payload, const WireForm& form = kFlat) {
  auto result = decode<T>(payload, form);
  EXPECT_TRUE(result.good) << to_string(result.error) << "\n" << payload;
  return std::move(result.body);
}

/// "/pointer @offset: expected ..., found ..."; empty where the payload was read.
template <class T>
std::string refusal(std::string_view payload, const WireForm& form = kFlat) {
  const auto [good, body, error, meta, type] = decode<T>(payload, form);
  if (good) return {};
  return error.pointer + " @" + std::to_string(error.offset) + ": expected " + error.expected + ", found " + error.found;
}

template <class T>
std::string written(const T& body, const WireForm& form = kFlat) {
  std::string out;
  const Result<void> result = encode(detail::event_type<T>(), &body, {.id = "an id", .timestamp_ms = 17}, form, out);
  EXPECT_TRUE(result.has_value()) << result.error().text;
  return out;
}

/// The text of the error; `out` must be as it was.
template <class T>
std::string refused(const T& body, const WireForm& form = kFlat) {
  std::string out = "before";
  const Result<void> result = encode(detail::event_type<T>(), &body, {.id = "an id", .timestamp_ms = 17}, form, out);
  EXPECT_EQ(out, "before");
  if (result) return {};
  EXPECT_EQ(result.error().code, ErrorCode::invalid);
  return result.error().text;
}

}  // namespace dispytch::codec
