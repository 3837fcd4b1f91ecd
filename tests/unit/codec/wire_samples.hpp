// The captured messages of tests/wire, and the events that they are.
#pragma once

#include <chrono>
#include <cstdint>
#include <fstream>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include <dispytch/describe.hpp>

namespace samples {

using Microseconds = std::chrono::sys_time<std::chrono::microseconds>;

enum class Colour { red, blue };
DISPYTCH_ENUM(Colour, red, blue)

struct Address {
  std::string city = {};
  std::optional<std::string> zip = {};
};
DISPYTCH_STRUCT(Address, city, zip)

struct User {
  int id = 0;
  std::string email = {};
  Address address = {};
};
DISPYTCH_STRUCT(User, id, email, address)

struct UserRegistered {
  static constexpr auto topic = "user_events";
  static constexpr auto type = "user_registered";
  static constexpr auto partition_by = "user.id";
  static constexpr dispytch::WireName wire_names[] = {{"wire_name", "wireName"}};

  User user = {};
  std::vector<std::string> items = {};
  double ratio = 0;
  std::uint64_t big = 0;
  std::int64_t negative = 0;
  bool flag = false;
  std::optional<std::string> coupon = {};
  std::map<std::string, int> tags = {};
  Colour colour = {};
  Microseconds at = {};
  std::string wire_name = {};
  std::int64_t timestamp = 0;
};
DISPYTCH_EVENT(UserRegistered, user, items, ratio, big, negative, flag, coupon, tags, colour, at, wire_name, timestamp)

struct SampleBody {
  static constexpr dispytch::WireName wire_names[] = {{"wire_name", "wireName"}};

  int number = 0;
  User customer = {};
  std::vector<std::string> items = {};
  double ratio = 0;
  std::uint64_t big = 0;
  std::int64_t negative = 0;
  double tiny = 0;
  bool flag = false;
  std::optional<std::string> coupon = {};
  std::map<std::string, int> tags = {};
  Colour colour = {};
  std::string price = {};
  Microseconds at = {};
  std::string ref = {};
  std::string wire_name = {};
};
DISPYTCH_STRUCT(SampleBody, number, customer, items, ratio, big, negative, tiny, flag, coupon, tags, colour, price, at, ref, wire_name)

struct Sample {
  static constexpr auto topic = "samples";
  static constexpr auto type = "sample";
  static constexpr auto partition_by = "body.customer.id";

  std::string id = {};
  std::string type_field = "sample";
  SampleBody body = {};
  std::int64_t timestamp = 0;

  static constexpr dispytch::WireName wire_names[] = {{"type_field", "type"}};
};
DISPYTCH_EVENT(Sample, id, type_field, body, timestamp)

struct Captured {
  std::string topic = {};
  std::string key = {};
  std::string value = {};
};

inline std::vector<Captured> load(const std::string& file) {
  std::ifstream in{std::string{DISPYTCH_WIRE_SAMPLES} + "/" + file};
  if (!in) throw std::runtime_error{"cannot read " + file};
  std::vector<Captured> messages;
  for (std::string line; std::getline(in, line);) {
    const auto json = nlohmann::json::parse(line);
    messages.push_back({json.at("topic"), json.at("key"), json.at("value")});
  }
  return messages;
}

}  // namespace samples
