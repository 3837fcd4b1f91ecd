// expect: dispytch: Order::on is a time point that doesn't count s, ms, us or ns in 64 bits
#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <dispytch/describe.hpp>

struct Order {
  static constexpr auto topic = "orders";
  static constexpr auto type = "order";
  std::chrono::sys_days on = {};
};
DISPYTCH_EVENT(Order, on)
