// Turns plain classes into the C table. The glue alone; a plugin's author reads backend.hpp.
#pragma once

#include <algorithm>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <dispytch/plugin/abi.h>
#include <dispytch/plugin/admin.h>
#include <dispytch/plugin/lag.h>
#include <dispytch/plugin/batch.hpp>
#include <dispytch/plugin/config.hpp>
#include <dispytch/plugin/extensions.hpp>
#include <dispytch/plugin/host.hpp>
#include <dispytch/plugin/message.hpp>
#include <dispytch/plugin/opened.hpp>
#include <dispytch/plugin/status.hpp>

namespace dispytch::plugin {

/// One or more DISPYTCH_CAN_* bits.
class Capabilities {
 public:
  constexpr Capabilities() noexcept = default;
  constexpr explicit Capabilities(std::uint64_t bits) noexcept : bits_{bits} {}
  constexpr Capabilities(std::initializer_list<Capabilities> all) noexcept {
    for (Capabilities one : all) bits_ |= one.bits_;
  }
  constexpr std::uint64_t bits() const noexcept { return bits_; }
  friend constexpr Capabilities operator|(Capabilities left, Capabilities right) noexcept { return Capabilities{left.bits_ | right.bits_}; }

 private:
  std::uint64_t bits_ = 0;
};

/// What a plugin says of itself before anything is opened: the arguments of DISPYTCH_PLUGIN.
struct Description {
  const char* id = nullptr;       ///< the file's name without .so
  const char* version = nullptr;  ///< of the plugin
  const char* license = "";       ///< an SPDX expression
  Capabilities capabilities = {};
  const char* config_schema = R"({"$defs":{}})";  ///< JSON Schema draft-07 with $defs backend, producer, consumer and topic
};

namespace detail {

template <class B>
concept OpensProducersWith = requires(B& backend, Config options, Opening opening) { backend.producer(options, opening); };
template <class B>
concept OpensProducers = OpensProducersWith<B> || requires(B& backend, Config options) { backend.producer(options); };
template <class B>
concept OpensConsumersWith = requires(B& backend, Config options, Opening opening) { backend.consumer(options, opening); };
template <class B>
concept OpensConsumers = OpensConsumersWith<B> || requires(B& backend, Config options) { backend.consumer(options); };

template <class B>
auto open_producer(B& backend, Config options, [[maybe_unused]] Opening opening) {
  if constexpr (OpensProducersWith<B>) {
    return backend.producer(std::move(options), opening);
  } else {
    return backend.producer(std::move(options));
  }
}
template <class B>
auto open_consumer(B& backend, Config options, [[maybe_unused]] Opening opening) {
  if constexpr (OpensConsumersWith<B>) {
    return backend.consumer(std::move(options), opening);
  } else {
    return backend.consumer(std::move(options));
  }
}
template <class B>
using ProducerOf = typename decltype(open_producer(std::declval<B&>(), Config{}, Opening{}))::value_type::element_type;
template <class B>
using ConsumerOf = typename decltype(open_consumer(std::declval<B&>(), Config{}, Opening{}))::value_type::element_type;

template <class C>
concept Syncs = requires(C& consumer, Milliseconds timeout) {
  { consumer.sync(timeout) } -> std::same_as<Status>;
};
template <class C>
concept ReadsHeaders = requires(C& consumer, const InboundMessage& message) {
  { consumer.headers(message) } -> std::same_as<Result<std::span<const Header>>>;
};
template <class C>
concept Pauses = requires(C& consumer, std::span<const Source> sources, bool on) {
  { consumer.pause(sources, on) } -> std::same_as<Status>;
};
template <class C>
concept Seeks = requires(C& consumer, std::span<const Source> sources, Milliseconds timeout) {
  { consumer.seek(sources, timeout) } -> std::same_as<Status>;
};

template <class C>
concept Begins = requires(C& consumer, std::span<const std::uint64_t> tokens, bool on, Milliseconds timeout) {
  { consumer.begin(tokens, on, timeout) } -> std::same_as<Status>;
};
template <class B>
concept JudgesProducers = requires(const B& backend, Config options) {
  { backend.producer_capabilities(options) } -> std::same_as<Capabilities>;
};
template <class B>
concept JudgesConsumers = requires(const B& backend, Config options) {
  { backend.consumer_capabilities(options) } -> std::same_as<Capabilities>;
};
template <class C>
concept SaysLag = requires(C& consumer) {
  { consumer.lag() } -> std::same_as<std::vector<Lag>>;
};

inline std::vector<Source> sources_from(const dispytch_source* sources, std::uint32_t stride, std::uint32_t count) {
  std::vector<Source> all;
  all.reserve(count);
  for (const dispytch_source& raw : Strided<const dispytch_source>{sources, stride, count}) all.push_back(source_from(raw));
  return all;
}

template <class B>
concept SaysRanges = requires(B& backend, std::string_view topic, std::string_view group, Milliseconds timeout) {
  { backend.ranges(topic, group, timeout) } -> std::same_as<Result<std::vector<Range>>>;
};
template <class B>
concept DeletesUpTo = requires(B& backend, std::span<const Source> sources, Milliseconds timeout) {
  { backend.delete_up_to(sources, timeout) } -> std::same_as<Status>;
};

/// The extension "dispytch.admin/1".
template <class B>
struct AdminTable {
  static dispytch_status ranges(dispytch_adapter* adapter, dispytch_bytes topic, dispytch_bytes group, dispytch_range* out,
                                std::uint32_t stride, std::uint32_t capacity, std::uint32_t* count, std::int32_t timeout_ms,
                                dispytch_error* error) noexcept {
    *count = 0;
    return guarded(error, [&]() -> Status {
      Result<std::vector<Range>> found = Opened<B>::of(adapter).backend->ranges(view(topic), view(group), timeout(timeout_ms));
      if (!found.ok()) return found.error();
      const Strided<dispytch_range> room{out, stride, capacity};
      for (std::size_t i = 0; i < std::min<std::size_t>(capacity, (*found).size()); ++i) {
        const Range& range = (*found)[i];
        room.set(i, {.partition = range.partition,
                     .flags = flag(range.stored.has_value(), DISPYTCH_RANGE_STORED),
                     .low = range.low,
                     .high = range.high,
                     .stored = range.stored.value_or(0)});
      }
      *count = static_cast<std::uint32_t>((*found).size());
      return {};
    });
  }
  static dispytch_status delete_up_to(dispytch_adapter* adapter, const dispytch_source* sources, std::uint32_t stride, std::uint32_t count,
                                      std::int32_t timeout_ms, dispytch_error* error) noexcept {
    return guarded(error, [&] {
      return Opened<B>::of(adapter).backend->delete_up_to(std::span<const Source>{sources_from(sources, stride, count)},
                                                          timeout(timeout_ms));
    });
  }

  static constexpr dispytch_admin value{sizeof(dispytch_admin), 0, ranges, delete_up_to};
};

template <class B>
struct ProducerTable {
  using P = ProducerOf<B>;
  static P& of(dispytch_producer* producer) noexcept { return *reinterpret_cast<P*>(producer); }

  static dispytch_status open(dispytch_adapter* adapter, const char* json, std::size_t len, std::uint64_t cookie, std::int32_t timeout_ms,
                              dispytch_producer** out, dispytch_error* error) noexcept {
    return guarded(error, [&]() -> Status {
      Opened<B>& opened = Opened<B>::of(adapter);
      auto made = open_producer(*opened.backend, Config{std::string_view{json, len}},
                                Opening{.notify = Notify{opened.host.raw(), cookie}, .timeout = timeout(timeout_ms)});
      if (!made.ok()) return made.error();
      *out = reinterpret_cast<dispytch_producer*>((*made).release());
      return {};
    });
  }
  static dispytch_status send(dispytch_producer* producer, const dispytch_message* messages, std::uint32_t stride, std::uint32_t count,
                              std::uint32_t* accepted, dispytch_error* error) noexcept {
    *accepted = 0;
    try {
      const Accepted taken = of(producer).send(Strided<const MessageView>{messages, stride, count});
      *accepted = static_cast<std::uint32_t>(taken.count);
      if (!taken.status.ok()) return fill(error, taken.status.error());
      return taken.count == count ? DISPYTCH_OK : DISPYTCH_AGAIN;
    } catch (...) {
      return fill_from_exception(error);
    }
  }
  static dispytch_status reports(dispytch_producer* producer, dispytch_report* out, std::uint32_t stride, std::uint32_t capacity,
                                 std::uint32_t* count) noexcept {
    *count = 0;
    try {
      *count = static_cast<std::uint32_t>(of(producer).reports(Strided<Report>{out, stride, capacity}));
      return DISPYTCH_OK;
    } catch (...) {
      return fill_from_exception(nullptr);
    }
  }
  static dispytch_status flush(dispytch_producer* producer, std::int32_t timeout_ms, dispytch_error* error) noexcept {
    return guarded(error, [&] { return of(producer).flush(timeout(timeout_ms)); });
  }
  static dispytch_status close(dispytch_producer* producer, std::int32_t timeout_ms, dispytch_error* error) noexcept {
    return detail::close(std::unique_ptr<P>{&of(producer)}, timeout_ms, error);
  }

  static std::uint64_t capabilities_for(dispytch_adapter* adapter, const char* json, std::size_t len) noexcept {
    try {
      return Opened<B>::of(adapter).backend->producer_capabilities(Config{std::string_view{json, len}}).bits() | DISPYTCH_CAN_PRODUCE;
    } catch (...) {
      return 0;  // of what is wrong with the options open speaks
    }
  }

  static constexpr dispytch_producer_api make() noexcept {
    dispytch_producer_api api{sizeof(dispytch_producer_api), 0, open, send, reports, flush, close, nullptr};
    if constexpr (JudgesProducers<B>) api.capabilities_for = capabilities_for;
    return api;
  }
  static constexpr dispytch_producer_api value = make();
};

template <class B>
struct ConsumerTable {
  using C = ConsumerOf<B>;
  static C& of(dispytch_consumer* consumer) noexcept { return *reinterpret_cast<C*>(consumer); }

  static dispytch_status open(dispytch_adapter* adapter, const char* json, std::size_t len, std::uint64_t cookie, std::int32_t timeout_ms,
                              dispytch_consumer** out, dispytch_error* error) noexcept {
    return guarded(error, [&]() -> Status {
      Opened<B>& opened = Opened<B>::of(adapter);
      auto made = open_consumer(*opened.backend, Config{std::string_view{json, len}},
                                Opening{.notify = Notify{opened.host.raw(), cookie}, .timeout = timeout(timeout_ms)});
      if (!made.ok()) return made.error();
      *out = reinterpret_cast<dispytch_consumer*>((*made).release());
      return {};
    });
  }
  static dispytch_status poll(dispytch_consumer* consumer, std::uint32_t max_messages, std::uint64_t max_bytes, std::int32_t timeout_ms,
                              const dispytch_batch** out, dispytch_error* error) noexcept {
    *out = nullptr;
    return guarded(error, [&] {
      BatchOut batch;
      Status status = of(consumer).poll(Limits{max_messages, max_bytes}, timeout(timeout_ms), batch);
      if (status.ok() && batch.empty()) return Status::timeout();
      if (status.ok()) *out = batch.take();
      return status.ok() ? Status{} : std::move(status);
    });
  }
  static void wake(dispytch_consumer* consumer) noexcept {
    try {
      of(consumer).wake();
    } catch (...) {  // nobody to tell: the poll ends at its timeout all the same
    }
  }
  static void release(dispytch_consumer*, const dispytch_batch* batch) noexcept { Batch::release(batch); }
  static dispytch_status settle(dispytch_consumer* consumer, const dispytch_settlement* settlements, std::uint32_t stride,
                                std::uint32_t count, dispytch_error* error) noexcept {
    return guarded(error, [&] { return of(consumer).settle(Strided<const Settlement>{settlements, stride, count}); });
  }
  static dispytch_status sync([[maybe_unused]] dispytch_consumer* consumer, [[maybe_unused]] std::int32_t timeout_ms,
                              [[maybe_unused]] dispytch_error* error) noexcept {
    if constexpr (Syncs<C>) {
      return guarded(error, [&] { return of(consumer).sync(timeout(timeout_ms)); });
    } else {
      return DISPYTCH_OK;
    }
  }
  static dispytch_status headers([[maybe_unused]] dispytch_consumer* consumer, [[maybe_unused]] const dispytch_message* message,
                                 const dispytch_header** out, std::uint32_t* count) noexcept {
    *out = nullptr;
    *count = 0;
    if constexpr (ReadsHeaders<C>) {
      return guarded(nullptr, [&]() -> Status {
        auto found = of(consumer).headers(*message);
        if (!found.ok()) return found.error();
        *out = (*found).data();
        *count = static_cast<std::uint32_t>((*found).size());
        return {};
      });
    } else {
      return DISPYTCH_OK;
    }
  }
  static dispytch_status pause(dispytch_consumer* consumer, const dispytch_source* sources, std::uint32_t stride, std::uint32_t count,
                               std::int32_t on, dispytch_error* error) noexcept {
    return guarded(error, [&] { return of(consumer).pause(std::span<const Source>{sources_from(sources, stride, count)}, on != 0); });
  }
  static dispytch_status seek(dispytch_consumer* consumer, const dispytch_source* sources, std::uint32_t stride, std::uint32_t count,
                              std::int32_t timeout_ms, dispytch_error* error) noexcept {
    return guarded(error,
                   [&] { return of(consumer).seek(std::span<const Source>{sources_from(sources, stride, count)}, timeout(timeout_ms)); });
  }
  static dispytch_status close(dispytch_consumer* consumer, std::int32_t timeout_ms, dispytch_error* error) noexcept {
    return detail::close(std::unique_ptr<C>{&of(consumer)}, timeout_ms, error);
  }

  static std::uint64_t capabilities_for(dispytch_adapter* adapter, const char* json, std::size_t len) noexcept {
    try {
      return Opened<B>::of(adapter).backend->consumer_capabilities(Config{std::string_view{json, len}}).bits() | DISPYTCH_CAN_CONSUME;
    } catch (...) {
      return 0;  // of what is wrong with the options open speaks
    }
  }
  static dispytch_status begin(dispytch_consumer* consumer, const std::uint64_t* tokens, std::uint32_t count, std::int32_t on,
                               std::int32_t timeout_ms, dispytch_error* error) noexcept {
    return guarded(error, [&] { return of(consumer).begin(std::span<const std::uint64_t>{tokens, count}, on != 0, timeout(timeout_ms)); });
  }

  static constexpr dispytch_consumer_api make() noexcept {
    dispytch_consumer_api api{
        sizeof(dispytch_consumer_api), 0, open, poll, wake, release, settle, sync, headers, nullptr, nullptr, close, nullptr, nullptr};
    if constexpr (Pauses<C>) api.pause = pause;
    if constexpr (Seeks<C>) api.seek = seek;
    if constexpr (JudgesConsumers<B>) api.capabilities_for = capabilities_for;
    if constexpr (Begins<C>) api.begin = begin;
    return api;
  }
  static constexpr dispytch_consumer_api value = make();
};

/// The extension "dispytch.lag/1".
template <class B>
struct LagTable {
  static dispytch_status lag(dispytch_consumer* consumer, dispytch_lag* out, std::uint32_t stride, std::uint32_t capacity,
                             std::uint32_t* count, dispytch_error* error) noexcept {
    *count = 0;
    return guarded(error, [&]() -> Status {
      const std::vector<Lag> known = ConsumerTable<B>::of(consumer).lag();
      const Strided<dispytch_lag> room{out, stride, capacity};
      for (std::size_t i = 0; i < std::min<std::size_t>(capacity, known.size()); ++i) {
        room.set(i, {.source = known[i].source, .reserved = 0, .messages = known[i].messages});
      }
      *count = static_cast<std::uint32_t>(known.size());
      return {};
    });
  }

  static constexpr dispytch_lag_api value{sizeof(dispytch_lag_api), 0, lag};
};

/// The table of a plugin: `Plugin` names the backend's class as Type and describes it as description.
template <class Plugin>
struct Table {
  using B = typename Plugin::Type;
  static_assert(OpensProducers<B> || OpensConsumers<B>,
                "the backend of a plugin has a member producer(Config) or consumer(Config), or one that takes an Opening as well");
  static_assert(SaysRanges<B> == DeletesUpTo<B>,
                "the extension dispytch.admin/1 is two members of the backend, ranges and delete_up_to, of which this one has only one");

  static dispytch_status open(const dispytch_host* raw, const char* json, std::size_t len, std::int32_t timeout_ms, dispytch_adapter** out,
                              dispytch_error* error) noexcept {
    return guarded(error, [&]() -> Status {
      const Host host{raw};
      Config config = Config{std::string_view{json, len}}.at("config");
      std::unique_ptr<B> backend;
      if constexpr (requires { B::open(host, config, timeout(timeout_ms)); }) {
        auto made = B::open(host, std::move(config), timeout(timeout_ms));
        if (!made.ok()) return made.error();
        backend = std::move(*made);
      } else {
        backend = std::make_unique<B>(host, std::move(config));
      }
      *out = reinterpret_cast<dispytch_adapter*>(new Opened<B>{host, std::move(backend)});
      return {};
    });
  }
  static std::uint64_t capabilities_of([[maybe_unused]] dispytch_adapter* adapter) noexcept {
    if constexpr (requires(const B& backend) {
                    { backend.capabilities() } -> std::same_as<Capabilities>;
                  }) {
      try {
        return (Opened<B>::of(adapter).backend->capabilities().bits() | derived()) & capabilities();
      } catch (...) {
        return 0;
      }
    } else {
      return capabilities();
    }
  }
  static dispytch_status close(dispytch_adapter* adapter, std::int32_t timeout_ms, dispytch_error* error) noexcept {
    const std::unique_ptr<Opened<B>> opened{&Opened<B>::of(adapter)};
    return detail::close(std::move(opened->backend), timeout_ms, error);
  }
  static const void* extension([[maybe_unused]] const char* id) noexcept {
    if constexpr (DeletesUpTo<B>) {
      if (std::string_view{id} == DISPYTCH_EXTENSION_ADMIN) return &AdminTable<B>::value;
    }
    if constexpr (HasGroups<B>) {
      if (std::string_view{id} == DISPYTCH_EXTENSION_GROUPS) return &GroupsTable<B>::value;
    }
    if constexpr (SaysBacklog<B>) {
      if (std::string_view{id} == DISPYTCH_EXTENSION_BACKLOG) return &BacklogTable<B>::value;
    }
    if constexpr (Declares<B>) {
      if (std::string_view{id} == DISPYTCH_EXTENSION_DECLARE) return &DeclareTable<B>::value;
    }
    if constexpr (Browses<B>) {
      if (std::string_view{id} == DISPYTCH_EXTENSION_BROWSE) return &BrowseTable<B>::value;
    }
    if constexpr (OpensConsumers<B>) {
      if constexpr (SaysLag<ConsumerOf<B>>) {
        if (std::string_view{id} == DISPYTCH_EXTENSION_LAG) return &LagTable<B>::value;
      }
    }
    if constexpr (requires {
                    { B::extension(std::string_view{}) } -> std::convertible_to<const void*>;
                  }) {
      try {
        return B::extension(std::string_view{id});
      } catch (...) {
        return nullptr;
      }
    } else {
      return nullptr;
    }
  }

  // What follows from the members that the classes have.
  static constexpr std::uint64_t derived() noexcept {
    std::uint64_t bits = 0;
    if constexpr (OpensProducers<B>) bits |= DISPYTCH_CAN_PRODUCE;
    if constexpr (OpensConsumers<B>) {
      bits |= DISPYTCH_CAN_CONSUME;
      if constexpr (Pauses<ConsumerOf<B>>) bits |= DISPYTCH_CAN_PAUSE;
      if constexpr (Seeks<ConsumerOf<B>>) bits |= DISPYTCH_CAN_SEEK;
      if constexpr (Begins<ConsumerOf<B>>) bits |= DISPYTCH_CAN_BEGIN;
    }
    return bits;
  }
  static constexpr std::uint64_t capabilities() noexcept { return Plugin::description.capabilities.bits() | derived(); }

  static constexpr dispytch_plugin make() noexcept {
    dispytch_plugin table{};
    table.size = sizeof(dispytch_plugin);
    table.abi_major = DISPYTCH_ABI_MAJOR;
    table.abi_minor = DISPYTCH_ABI_MINOR;
    table.id = Plugin::description.id;
    table.version = Plugin::description.version;
    table.license = Plugin::description.license;
    table.config_schema = Plugin::description.config_schema;
    table.capabilities = capabilities();
    if constexpr (OpensProducers<B>) table.producer = &ProducerTable<B>::value;
    if constexpr (OpensConsumers<B>) table.consumer = &ConsumerTable<B>::value;
    table.open = open;
    table.capabilities_of = capabilities_of;
    table.close = close;
    table.extension = extension;
    return table;
  }
  static constexpr dispytch_plugin value = make();
  static_assert(value.id != nullptr && value.version != nullptr, "DISPYTCH_PLUGIN needs .id and .version");
};

}  // namespace detail
}  // namespace dispytch::plugin
