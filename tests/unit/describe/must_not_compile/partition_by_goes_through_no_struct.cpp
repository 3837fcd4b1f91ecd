// expect: dispytch: Order::partition_by names no described member
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
DISPYTCH_STRUCT(Customer, id)

struct Order {
  static constexpr auto topic = "orders";
  static constexpr auto type = "order";
  static constexpr auto partition_by = "customer.name";
  Customer customer = {};
};
DISPYTCH_EVENT(Order, customer)
