// expect: dispytch: Order::values is a variant with two alternatives of the same `type`
#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <dispytch/describe.hpp>

struct A {};
DISPYTCH_STRUCT(A)
struct B {
  static constexpr auto type = "A";
};
DISPYTCH_STRUCT(B)

struct Order {
  static constexpr auto topic = "orders";
  static constexpr auto type = "order";
  std::vector<std::variant<A, B>> values = {};
};
DISPYTCH_EVENT(Order, values)
