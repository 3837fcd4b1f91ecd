// expect: dispytch: Order::name is a std::string_view, which would dangle once the message is gone; make it a std::string
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
  std::string_view name = {};
};
DISPYTCH_EVENT(Order, name)
