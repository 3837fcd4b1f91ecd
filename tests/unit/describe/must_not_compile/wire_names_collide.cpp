// expect: dispytch: Order::wire_names gives two members the same name on the wire
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
  static constexpr dispytch::WireName wire_names[] = {{"id", "name"}};
  int id = 0;
  int name = 0;
};
DISPYTCH_EVENT(Order, id, name)
