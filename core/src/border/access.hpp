// How the stations of core reach what stands behind the public Backend, Producer and Consumer.
#pragma once

#include <memory>

#include <dispytch/backend.hpp>

#include "border/adapter.hpp"
#include "border/consumer_handle.hpp"
#include "border/producer_handle.hpp"

namespace dispytch::border {

struct Access {
  /// A backend of a plugin that is loaded or linked in. Throws Exception as Backend::load does.
  static Backend open(const Library& library, const Properties& config, HostOptions options,
                      std::chrono::milliseconds timeout = std::chrono::seconds{10});
  static Adapter& adapter(const Backend& backend) noexcept { return *backend.adapter_; }

  static Producer make(std::unique_ptr<ProducerHandle> handle) noexcept;
  static Consumer make(std::unique_ptr<ConsumerHandle> handle) noexcept;
  /// Takes what stands behind it; the public object is empty afterwards.
  static std::unique_ptr<ProducerHandle> take(Producer&& producer) noexcept;
  static std::unique_ptr<ConsumerHandle> take(Consumer&& consumer) noexcept;
};

}  // namespace dispytch::border
