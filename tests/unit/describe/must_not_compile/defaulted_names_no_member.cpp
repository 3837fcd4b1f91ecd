// expect: dispytch: Order::defaulted names something that is no described member
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
  static constexpr auto defaulted = dispytch::fields("id", "nmae");
  int id = 0;
  int name = 0;
};
DISPYTCH_EVENT(Order, id, name)
