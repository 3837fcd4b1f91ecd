// A partition, queue or subject that is read at present: what of it is unfinished, and what the broker may be told.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>

#include <dispytch/plugin/abi.h>

#include "settle/source_window.hpp"

namespace dispytch::settle {

/// One generation of a source, from its assignment until it is given up. The owner of the listener's state writes; others read `revoked`.
struct Source {
  Source(std::uint32_t source_id, std::size_t span) : id{source_id}, window{span} {}

  const std::uint32_t id;  ///< slot and generation
  std::string topic = {};  ///< as its assignment named it; empty: nothing announced it
  std::int32_t partition = -1;
  SourceWindow window;
  std::size_t running = 0;           ///< messages with a handler, its Completion, its emits, or on the way to the dead letters
  std::size_t references = 0;        ///< messages that still point here, let go or not
  std::size_t withheld_lanes = 0;    ///< lanes that have had their share
  bool withheld = false;             ///< the backend was asked to deliver nothing of it for now
  bool gone = false;                 ///< it belongs to somebody else: nothing of it may be settled any more
  std::atomic<bool> revoked{false};  ///< it is about to go, or gone: what has not begun must not begin
};

}  // namespace dispytch::settle
