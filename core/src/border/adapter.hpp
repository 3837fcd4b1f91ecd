// An opened backend: a plugin with one config. It opens producers and consumers, which keep it alive.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string_view>

#include <dispytch/plugin/abi.h>
#include <dispytch/result.hpp>

#include "border/document.hpp"
#include "border/host.hpp"
#include "border/library.hpp"

namespace dispytch::border {

class ProducerHandle;
class ConsumerHandle;

/// How long a destructor waits for a plugin to close what the program did not close by itself.
inline constexpr std::chrono::milliseconds kCloseTimeout{5'000};

class Adapter : public std::enable_shared_from_this<Adapter> {
 public:
  /// `json`: of config_document(), validated. Blocks up to `timeout`. The plugin's own error, or one that says how it broke the contract.
  static Result<std::shared_ptr<Adapter>> open(const Library& library, std::string_view json, HostOptions options,
                                               std::chrono::milliseconds timeout);
  /// Closes within kCloseTimeout; an error goes to the log.
  ~Adapter();
  Adapter(const Adapter&) = delete;
  Adapter& operator=(const Adapter&) = delete;

  const Library& library() const noexcept { return library_; }
  /// What this backend can do, given its config and broker: DISPYTCH_CAN_*. Any thread.
  std::uint64_t capabilities() const noexcept;
  bool can(std::uint64_t bits) const noexcept { return (capabilities() & bits) == bits; }
  /// The same of a producer or consumer that would be opened with that `json`: where a plugin doesn't tell one from another, what the
  /// backend can. Any thread, never blocks.
  std::uint64_t producer_capabilities(std::string_view json) const noexcept;
  std::uint64_t consumer_capabilities(std::string_view json) const noexcept;
  /// Whether the options of a consumer may have the key that belongs to that capability: a plugin of version 1.0 might refuse one that it
  /// doesn't know.
  bool takes_option(std::uint64_t capability) const noexcept { return library_.table().abi_minor >= 1 && can(capability); }
  MetricRegistry& metrics() noexcept { return host_.metrics(); }
  /// For the extensions of the plugin.
  dispytch_adapter* raw() const noexcept { return raw_; }

  /// Any thread; both block up to `timeout`. `json`: of config_document() or consumer_document(). ErrorCode::not_implemented where the
  /// plugin can't produce, or can't consume. `notify` may be empty, and be set later.
  Result<std::unique_ptr<ProducerHandle>> open_producer(std::string_view json, NotifyCallback notify, std::chrono::milliseconds timeout);
  Result<std::unique_ptr<ConsumerHandle>> open_consumer(std::string_view json, NotifyCallback notify, std::chrono::milliseconds timeout);
  /// Opens a consumer by a document, which the consumer remembers. Throws Exception (ErrorCode::invalid) where a text of it is no UTF-8.
  Result<std::unique_ptr<ConsumerHandle>> open_consumer(ConsumerDocument document, NotifyCallback notify,
                                                        std::chrono::milliseconds timeout);

 private:
  friend class Admin;
  friend class ProducerHandle;
  friend class ConsumerHandle;
  Adapter(const Library& library, HostOptions options);

  const Library& library_;
  HostServices host_;
  dispytch_adapter* raw_ = nullptr;
};

}  // namespace dispytch::border
