// What the Python framework wrote, we read; what we write of it has the same values.
#include <cstdint>

#include <gtest/gtest.h>

#include "codec/json_codec.hpp"
#include "unit/codec/wire_samples.hpp"

namespace {

using dispytch::WireForm;
using dispytch::codec::DecodeError;
using dispytch::codec::Decoder;
using dispytch::codec::encode;
using dispytch::codec::EventMeta;
using dispytch::codec::scan_type;
using dispytch::codec::write_key;
using dispytch::detail::event_type;
using nlohmann::json;
using samples::Captured;

const WireForm kEnvelope{};
const WireForm kFlat{.layout = WireForm::Layout::flat, .type_from = WireForm::TypeFrom::field, .name = "type"};

std::string rfc3339(samples::Microseconds at) {
  const auto day = std::chrono::floor<std::chrono::days>(at);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss time{at - day};
  char text[40];
  const int size =
      std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02ld:%02ld:%02ld", int{date.year()}, unsigned{date.month()}, unsigned{date.day()},
                    long{time.hours().count()}, long{time.minutes().count()}, long{time.seconds().count()});
  const auto fraction = static_cast<long>(time.subseconds().count());
  if (fraction != 0) std::snprintf(text + size, sizeof text - static_cast<std::size_t>(size), ".%06ld", fraction);
  return std::string{text} + "Z";
}

template <class T>
json optional_json(const std::optional<T>& value) {
  return value ? json(*value) : json{};
}

json user_json(const samples::User& user) {
  return {{"id", user.id}, {"email", user.email}, {"address", {{"city", user.address.city}, {"zip", optional_json(user.address.zip)}}}};
}

/// The struct as JSON, put together by hand: what the type table says plays no part.
json as_json(const samples::UserRegistered& event) {
  return {{"user", user_json(event.user)},
          {"items", event.items},
          {"ratio", event.ratio},
          {"big", event.big},
          {"negative", event.negative},
          {"flag", event.flag},
          {"coupon", optional_json(event.coupon)},
          {"tags", event.tags},
          {"colour", event.colour == samples::Colour::red ? "red" : "blue"},
          {"at", rfc3339(event.at)},
          {"wireName", event.wire_name},
          {"timestamp", event.timestamp}};
}

json as_json(const samples::Sample& event) {
  const auto& body = event.body;
  return {{"id", event.id},
          {"type", event.type_field},
          {"timestamp", event.timestamp},
          {"body",
           {{"number", body.number},
            {"customer", user_json(body.customer)},
            {"items", body.items},
            {"ratio", body.ratio},
            {"big", body.big},
            {"negative", body.negative},
            {"tiny", body.tiny},
            {"flag", body.flag},
            {"coupon", optional_json(body.coupon)},
            {"tags", body.tags},
            {"colour", body.colour == samples::Colour::red ? "red" : "blue"},
            {"price", body.price},
            {"at", rfc3339(body.at)},
            {"ref", body.ref},
            {"wireName", body.wire_name}}}};
}

template <class T>
T decode(const Captured& message, const WireForm& form, EventMeta* meta, Decoder& decoder) {
  DecodeError error;
  T event{};
  EXPECT_TRUE(decoder.open(message.value, form, {}, error)) << to_string(error);
  EXPECT_EQ(decoder.type(), T::type);
  EXPECT_TRUE(decoder.decode(event_type<T>(), &event, meta, error)) << to_string(error) << "\n" << message.value;
  return event;
}

TEST(WireSamples, EnvelopedMessagesAreReadAsTheyWereWritten) {
  const auto messages = samples::load("enveloped.jsonl");
  ASSERT_EQ(messages.size(), 18U);
  Decoder decoder;
  for (const Captured& message : messages) {
    EventMeta meta;
    const auto event = decode<samples::UserRegistered>(message, kEnvelope, &meta, decoder);
    const json expected = json::parse(message.value);
    EXPECT_EQ(as_json(event), expected.at("body")) << message.value;
    EXPECT_EQ(meta.id, expected.at("id").get<std::string>());
    EXPECT_EQ(meta.timestamp_ms, expected.at("timestamp").get<std::int64_t>());
  }
}

TEST(WireSamples, FlatMessagesAreReadAsTheyWereWritten) {
  const auto messages = samples::load("flat.jsonl");
  ASSERT_EQ(messages.size(), 24U);
  Decoder decoder;
  for (const Captured& message : messages) {
    const auto event = decode<samples::Sample>(message, kFlat, nullptr, decoder);
    EXPECT_EQ(as_json(event), json::parse(message.value)) << message.value;
  }
}

TEST(WireSamples, EnvelopedMessagesAreWrittenWithTheSameValues) {
  Decoder decoder;
  for (const Captured& message : samples::load("enveloped.jsonl")) {
    EventMeta meta;
    const auto event = decode<samples::UserRegistered>(message, kEnvelope, &meta, decoder);
    std::string payload;
    encode(event_type<samples::UserRegistered>(), &event, meta, kEnvelope, payload).value();
    EXPECT_EQ(json::parse(payload), json::parse(message.value)) << payload;
  }
}

TEST(WireSamples, FlatMessagesAreWrittenWithTheSameValues) {
  Decoder decoder;
  for (const Captured& message : samples::load("flat.jsonl")) {
    const auto event = decode<samples::Sample>(message, kFlat, nullptr, decoder);
    std::string payload;
    encode(event_type<samples::Sample>(), &event, {}, kFlat, payload).value();
    EXPECT_EQ(json::parse(payload), json::parse(message.value)) << payload;
  }
}

TEST(WireSamples, KeysAreThoseThatWereWritten) {
  Decoder decoder;
  for (const Captured& message : samples::load("enveloped.jsonl")) {
    const auto event = decode<samples::UserRegistered>(message, kEnvelope, nullptr, decoder);
    std::string key;
    EXPECT_TRUE(write_key(event_type<samples::UserRegistered>(), &event, key));
    EXPECT_EQ(key, message.key);
    EXPECT_EQ(event_type<samples::UserRegistered>().topic, message.topic);
  }
  for (const Captured& message : samples::load("flat.jsonl")) {
    const auto event = decode<samples::Sample>(message, kFlat, nullptr, decoder);
    std::string key;
    EXPECT_TRUE(write_key(event_type<samples::Sample>(), &event, key));
    EXPECT_EQ(key, message.key);
  }
}

TEST(WireSamples, TheScanFindsTheTypeOfEachMessage) {
  for (const Captured& message : samples::load("enveloped.jsonl")) EXPECT_EQ(scan_type(message.value, kEnvelope), "user_registered");
  for (const Captured& message : samples::load("flat.jsonl")) EXPECT_EQ(scan_type(message.value, kFlat), "sample");
}

}  // namespace
