// expect: dispytch: Order::topic has a placeholder that doesn't fill the whole of a segment between dots
#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <dispytch/describe.hpp>

struct Order {
  static constexpr auto topic = "{id}s.placed";
  static constexpr auto type = "order";
  int id = 0;
};
DISPYTCH_EVENT(Order, id)
