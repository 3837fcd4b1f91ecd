// expect: dispytch: Order::wire says that the type is in a field or header, or fixed, and doesn't name it
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
  static constexpr dispytch::EventWire wire = {.layout = dispytch::WireForm::Layout::flat,
                                               .type_from = dispytch::WireForm::TypeFrom::field};
  int id = 0;
};
DISPYTCH_EVENT(Order, id)
