// What happens to an order, from event to event: placed, paid, ready to be shipped.
#pragma once

#include <cstdint>
#include <string>

#include <dispytch/describe.hpp>

namespace orders {

/// A customer's orders stay in order.
struct OrderPlaced {
  static constexpr auto topic = "orders";
  static constexpr auto type = "order_placed";
  static constexpr auto partition_by = "customer";

  std::string order = {}, customer = {}, article = {};
  int pieces = 1;
  std::int64_t cents = 0;  ///< for all pieces
};
DISPYTCH_EVENT(OrderPlaced, order, customer, article, pieces, cents)

/// The warehouse deals with one article's orders in their order: who has paid first is served first.
struct PaymentTaken {
  static constexpr auto topic = "payments";
  static constexpr auto type = "payment_taken";
  static constexpr auto partition_by = "article";

  std::string order = {}, customer = {}, article = {};
  int pieces = 1;
};
DISPYTCH_EVENT(PaymentTaken, order, customer, article, pieces)

struct ShipmentReady {
  static constexpr auto topic = "shipments";
  static constexpr auto type = "shipment_ready";
  static constexpr auto partition_by = "customer";

  std::string order = {}, customer = {}, article = {};
  int pieces = 1;
};
DISPYTCH_EVENT(ShipmentReady, order, customer, article, pieces)

}  // namespace orders
