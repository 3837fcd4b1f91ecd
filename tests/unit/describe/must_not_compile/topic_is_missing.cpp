// expect: dispytch: Order is an event and says no topic: static constexpr auto topic
#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <dispytch/describe.hpp>

struct Order {
  static constexpr auto type = "order";
  int id = 0;
};
DISPYTCH_EVENT(Order, id)
