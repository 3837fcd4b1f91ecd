// How an event lies in a message's payload: the wire form, chosen per event, topic or backend.
#pragma once

#include <cstdint>
#include <string>

namespace dispytch {

/// The wire form of the JSON codec.
///
/// Resolved by itself for each message: the event's own `static constexpr auto wire`, else the topic's in the config file, else
/// the backend's, else this default.
struct WireForm {
  enum class Layout : std::uint8_t {
    envelope,  ///< {"id","type","body","timestamp"}, the form of Dispytch 0.10
    flat,      ///< the body alone, the form of Dispytch 0.11
  };
  /// Where a flat payload's type stands. An envelope has its own field for it.
  enum class TypeFrom : std::uint8_t {
    none,    ///< nowhere: a topic with several types can't be routed then
    field,   ///< a top-level field of the payload, named by `name`
    header,  ///< a message header, named by `name`
    fixed,   ///< every message of the topic is of the type `name`
  };

  Layout layout = Layout::envelope;
  TypeFrom type_from = TypeFrom::none;
  std::string name = {};

  bool operator==(const WireForm&) const = default;
};

}  // namespace dispytch
