// expect: dispytch: Order::state has a type without a description; write DISPYTCH_STRUCT or DISPYTCH_ENUM for it before this one
#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <dispytch/describe.hpp>

enum class State { open };

struct Order {
  static constexpr auto topic = "orders";
  static constexpr auto type = "order";
  State state = {};
};
DISPYTCH_EVENT(Order, state)
