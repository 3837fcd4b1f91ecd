// expect: dispytch: shop::Order must be described in the namespace that it is in
#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <dispytch/describe.hpp>

namespace shop {
struct Order {
  int id = 0;
};
}  // namespace shop
DISPYTCH_STRUCT(shop::Order, id)
