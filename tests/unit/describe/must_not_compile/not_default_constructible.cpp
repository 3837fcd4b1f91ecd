// expect: dispytch: Order must be default-constructible: it is made empty and then read into
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
  explicit Order(int of) : id{of} {}
  int id;
};
DISPYTCH_EVENT(Order, id)
