// The order service: three listeners, each of which emits what the next one handles.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include <dispytch/dispytch.hpp>

#include "store.hpp"

namespace orders {

/// The section `application:` of the config file.
struct Settings {
  int sessions = 4;
  std::int64_t credit_cents = 100'000;    ///< that each customer has
  std::map<std::string, int> stock = {};  ///< pieces at the start, by article
};
DISPYTCH_SETTINGS(Settings, sessions, credit_cents, stock)

/// Takes the money for orders that are placed.
dispytch::HandlerGroup payments();
/// Takes from the stock what is paid, many orders by one transaction.
dispytch::HandlerGroup warehouse();
/// Ships what is ready.
dispytch::HandlerGroup shipping();

/// Returns the whole service over a store, which outlives it.
dispytch::App order_service(Store& store);

}  // namespace orders
