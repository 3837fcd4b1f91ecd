// expect: dispytch: Order::value is a variant of a struct with a field `type`, where the variant's tag goes
#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <dispytch/describe.hpp>

struct A {
  static constexpr dispytch::WireName wire_names[] = {{"kind", "type"}};
  int kind = 0;
};
DISPYTCH_STRUCT(A, kind)
struct B {
  static constexpr auto type = "b";
};
DISPYTCH_STRUCT(B)

struct Order {
  static constexpr auto topic = "orders";
  static constexpr auto type = "order";
  std::optional<std::variant<A, B>> value = {};
};
DISPYTCH_EVENT(Order, value)
