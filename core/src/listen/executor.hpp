// Where handlers run: on the polling thread, on a pool, or wherever a simulator wants.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <vector>

#include "codec/json_codec.hpp"
#include "lane/item.hpp"
#include "listen/runner.hpp"

namespace dispytch::listen {

/// Messages that go to a worker together: the first of some lanes, and what follows them there.
struct Parcel {
  std::vector<lane::Item*> items = {};
  const handle::BoundHandler* batch_of = nullptr;  ///< set: they are one batch of that handler
  const Runner* runner = nullptr;
  const Clock* clock = nullptr;
  std::chrono::nanoseconds took{};  ///< by all that were tried
  std::size_t tried = 0;
  std::function<void(Parcel&)> returned = {};  ///< called at the end of run(), on its thread

  /// Tries the messages one after another, or all at once where they are a batch. One that isn't done keeps those of its lane behind it
  /// from being tried; of a source that was let go meanwhile none is begun.
  void run(codec::Decoder& decoder);
};

/// The owner of the listener's state calls it. It runs each parcel once, each on one thread.
class Executor {
 public:
  virtual ~Executor() = default;
  /// How many parcels run at a time.
  virtual std::size_t workers() const noexcept = 0;
  /// Takes a parcel, which stays the caller's memory until `returned`. Never blocks.
  virtual void submit(Parcel& parcel) = 0;
};

}  // namespace dispytch::listen
