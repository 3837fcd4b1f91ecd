// expect: dispytch: Order::customers has a type without a description; write DISPYTCH_STRUCT or DISPYTCH_ENUM for it before this one
#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <dispytch/describe.hpp>

struct Customer {
  int id = 0;
};

struct Order {
  static constexpr auto topic = "orders";
  static constexpr auto type = "order";
  std::map<std::string, Customer> customers = {};
};
DISPYTCH_EVENT(Order, customers)
