// The C++ side of the plugin border: a plain class becomes a broker plugin. Header-only; there is nothing of dispytch to link.
//
// A plugin is one shared library with three classes of yours, and one line that names them:
//
//   class Producer {
//    public:
//     Accepted send(Strided<const MessageView> messages);               // [any] never blocks; takes a prefix
//     std::size_t reports(Strided<Report> out);                         // [one] never blocks; out.set(i, report); one for each taken
//     Status flush(std::chrono::milliseconds timeout);                  // [any] until each taken message has its report ready
//     Status close(std::chrono::milliseconds timeout);                  // optional; the destructor follows
//   };
//   class Consumer {
//    public:
//     Status poll(Limits limits, std::chrono::milliseconds timeout, BatchOut& out);  // [one] waits for one batch or one event
//     void wake();                                                      // [any] a waiting poll, or else the next, returns at once
//     Status settle(Strided<const Settlement> settlements);             // [any] never blocks
//     Status sync(std::chrono::milliseconds timeout);                   // [any] optional: what was settled is durable
//     Result<std::span<const Header>> headers(const InboundMessage&);   // [any] optional
//     Status pause(std::span<const Source> sources, bool on);           // [any] optional: claims CAN_PAUSE
//     Status seek(std::span<const Source> sources, std::chrono::milliseconds timeout);  // [one] with poll; optional: claims CAN_SEEK
//     Status begin(std::span<const std::uint64_t> tokens, bool on, std::chrono::milliseconds timeout);  // [any] optional: claims CAN_BEGIN
//     std::vector<Lag> lag();                                           // [any] never blocks; optional: the extension
//                                                                       // "dispytch.lag/1", whose contract is in lag.h
//     Status close(std::chrono::milliseconds timeout);                  // optional; the destructor follows
//   };
//   class Backend {
//    public:
//     Backend(Host host, Config config);                                  // or: static Result<std::unique_ptr<Backend>>
//                                                                         //     open(Host, Config, std::chrono::milliseconds timeout)
//     Result<std::unique_ptr<Producer>> producer(Config options);         // either may take (Config options, Opening opening) instead,
//     Result<std::unique_ptr<Consumer>> consumer(Config options);         // and either may be missing
//     Capabilities capabilities() const;                                  // optional: fewer than described, for this config and broker
//     Result<std::vector<Range>> ranges(std::string_view topic, std::string_view group,   // [any] these two are optional, together:
//                                       std::chrono::milliseconds timeout);               // the extension "dispytch.admin/1", whose
//     Status delete_up_to(std::span<const Source> sources, std::chrono::milliseconds timeout);  // contract is in admin.h
//     Capabilities producer_capabilities(Config options) const;           // [any] optional, either: what one opened with these options
//     Capabilities consumer_capabilities(Config options) const;           // can do; never blocks
//     static const void* extension(std::string_view id);                  // optional: other extensions; extensions.hpp has four ready
//     Status close(std::chrono::milliseconds timeout);                    // optional; the destructor follows
//   };
//
//   DISPYTCH_PLUGIN(Backend, .id = "my_broker", .version = "1.0.0", .capabilities = {keys, groups, ack_each}, .config_schema = kSchema)
//
// The thread tags are those of abi.h, whose eight rules hold here too. Every function may throw: nothing but a status crosses the border.
// (send may not, once it has taken a message.) `config` is the object under `config` of the operator's file; `options` is the whole
// document that abi.h describes at the open functions, with the plugin's own part at `options.at("config")`.
#pragma once

#include <cstdint>

#include <dispytch/plugin/abi.h>
#include <dispytch/plugin/batch.hpp>
#include <dispytch/plugin/config.hpp>
#include <dispytch/plugin/extensions.hpp>
#include <dispytch/plugin/host.hpp>
#include <dispytch/plugin/message.hpp>
#include <dispytch/plugin/opened.hpp>
#include <dispytch/plugin/status.hpp>
#include <dispytch/plugin/table.hpp>

namespace dispytch::plugin {

// What a backend may claim. produce, consume, pause, seek and begin follow from the members that its classes have.
inline constexpr Capabilities headers{DISPYTCH_CAN_HEADERS};
inline constexpr Capabilities keys{DISPYTCH_CAN_KEYS};
inline constexpr Capabilities partitions{DISPYTCH_CAN_PARTITIONS};
inline constexpr Capabilities order_by_key{DISPYTCH_CAN_ORDER_BY_KEY};
inline constexpr Capabilities order_by_source{DISPYTCH_CAN_ORDER_BY_SOURCE};
inline constexpr Capabilities groups{DISPYTCH_CAN_GROUPS};
inline constexpr Capabilities ack_each{DISPYTCH_CAN_ACK_EACH};
inline constexpr Capabilities ack_up_to{DISPYTCH_CAN_ACK_UP_TO};
inline constexpr Capabilities requeue{DISPYTCH_CAN_REQUEUE};
inline constexpr Capabilities reject{DISPYTCH_CAN_REJECT};
inline constexpr Capabilities count_attempts{DISPYTCH_CAN_COUNT_ATTEMPTS};
inline constexpr Capabilities persist{DISPYTCH_CAN_PERSIST};
inline constexpr Capabilities delay{DISPYTCH_CAN_DELAY};
inline constexpr Capabilities idempotent_produce{DISPYTCH_CAN_IDEMPOTENT_PRODUCE};
inline constexpr Capabilities transact{DISPYTCH_CAN_TRANSACT};
inline constexpr Capabilities patterns{DISPYTCH_CAN_PATTERNS};
inline constexpr Capabilities ephemeral{DISPYTCH_CAN_EPHEMERAL};
inline constexpr Capabilities instance{DISPYTCH_CAN_INSTANCE};
inline constexpr Capabilities null_headers{DISPYTCH_CAN_NULL_HEADERS};
inline constexpr Capabilities carry_attempts{DISPYTCH_CAN_CARRY_ATTEMPTS};

}  // namespace dispytch::plugin

/// Defines the plugin's one export: DISPYTCH_PLUGIN(Backend, .id = ..., .version = ..., .license = ..., .capabilities = {...},
/// .config_schema = ...), in this order, at namespace scope, without a semicolon. Compiled with -DDISPYTCH_PLUGIN_ENTRY=some_name the
/// table is reached by calling some_name(DISPYTCH_ABI_MINOR), for programs that link the plugin in.
#define DISPYTCH_PLUGIN(BackendType, ...)                                                           \
  namespace {                                                                                       \
  struct DispytchPlugin {                                                                           \
    using Type = BackendType;                                                                       \
    static constexpr ::dispytch::plugin::Description description{__VA_ARGS__};                      \
  };                                                                                                \
  }                                                                                                 \
  extern "C" DISPYTCH_EXPORT const dispytch_plugin* DISPYTCH_PLUGIN_ENTRY(std::uint32_t) noexcept { \
    return &::dispytch::plugin::detail::Table<DispytchPlugin>::value;                               \
  }
