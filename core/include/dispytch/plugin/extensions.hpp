// What an operator asks of a broker from outside of any consumer, through the SDK: the extensions "dispytch.groups/1",
// "dispytch.backlog/1", "dispytch.declare/1" and "dispytch.browse/1". A backend offers one by having the members that are listed at its
// concept.
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <dispytch/plugin/abi.h>
#include <dispytch/plugin/backlog.h>
#include <dispytch/plugin/browse.h>
#include <dispytch/plugin/declare.h>
#include <dispytch/plugin/groups.h>
#include <dispytch/plugin/batch.hpp>
#include <dispytch/plugin/config.hpp>
#include <dispytch/plugin/message.hpp>
#include <dispytch/plugin/opened.hpp>
#include <dispytch/plugin/status.hpp>

namespace dispytch::plugin {

/// A consumer group: a row of Backend::list_groups.
struct Group {
  std::string name = {};
  std::optional<std::string> state = {};      ///< the broker's own word
  std::optional<std::uint32_t> members = {};  ///< nullopt: unknown
};

/// A row of Backend::members_of.
struct GroupMember {
  std::string name = {};
  std::optional<std::string> instance = {};
  std::optional<std::string> address = {};
};

/// Where a group stands in one source: a row of Backend::positions_of and move_group.
struct GroupPosition {
  std::string topic = {};
  std::optional<std::int32_t> partition = {};
  std::optional<std::int64_t> offset = {};  ///< of the message to come next; nullopt: the group has no position there
  std::optional<std::string> id = {};       ///< of that message, where it is no integer
  std::optional<std::int64_t> low = {}, high = {};
};

/// Where a group is to go on: an element of Backend::move_group.
struct GroupMove {
  std::string topic = {};
  std::optional<std::int32_t> partition = {};  ///< nullopt: every one of the topic
  std::uint32_t to = 0;                        ///< DISPYTCH_MOVE_TO_*
  std::int64_t value = 0;
  std::string id = {};
};

/// What waits for a group in one source. What is not said is unknown.
struct Backlog {
  std::string topic = {};
  std::optional<std::int32_t> partition = {};
  std::optional<std::int64_t> waiting = {}, in_hand = {}, position = {}, end = {}, oldest_ms = {};
};

/// What a config wants of the broker and is not so.
struct Finding {
  std::uint32_t kind = DISPYTCH_MISSING;  ///< DISPYTCH_MISSING, _DIFFERS, _SURPLUS
  bool can_make = false;
  bool made = false;
  std::string object = {};
  std::optional<std::string> setting = {}, found = {}, wanted = {}, pointer = {};
};

/// What bounds a look at messages.
struct Look {
  std::string topic = {};
  std::string group = {};  ///< empty: the topic's own messages
  std::optional<std::int32_t> partition = {};
  std::optional<std::int64_t> offset = {}, time_ms = {};
  std::optional<std::string> id = {};
};

namespace detail {

inline dispytch_bytes optional_bytes_of(const std::optional<std::string>& text) noexcept { return text ? bytes(*text) : dispytch_bytes{}; }

inline dispytch_group to_raw(const Group& row) noexcept {
  return {.name = bytes(row.name),
          .state = optional_bytes_of(row.state),
          .flags = flag(row.members.has_value(), DISPYTCH_GROUP_MEMBERS),
          .members = row.members.value_or(0)};
}
inline dispytch_member to_raw(const GroupMember& row) noexcept {
  return {.name = bytes(row.name), .instance = optional_bytes_of(row.instance), .address = optional_bytes_of(row.address)};
}
inline dispytch_position to_raw(const GroupPosition& row) noexcept {
  return {.topic = bytes(row.topic),
          .id = optional_bytes_of(row.id),
          .partition = row.partition.value_or(0),
          .flags = flag(row.partition.has_value(), DISPYTCH_POSITION_PARTITION) | flag(row.offset.has_value(), DISPYTCH_POSITION_OFFSET) |
                   flag(row.low.has_value(), DISPYTCH_POSITION_LOW) | flag(row.high.has_value(), DISPYTCH_POSITION_HIGH),
          .offset = row.offset.value_or(0),
          .low = row.low.value_or(0),
          .high = row.high.value_or(0)};
}
inline dispytch_backlog_row to_raw(const Backlog& row) noexcept {
  return {.topic = bytes(row.topic),
          .partition = row.partition.value_or(0),
          .flags = flag(row.partition.has_value(), DISPYTCH_BACKLOG_PARTITION) | flag(row.waiting.has_value(), DISPYTCH_BACKLOG_WAITING) |
                   flag(row.in_hand.has_value(), DISPYTCH_BACKLOG_IN_HAND) | flag(row.position.has_value(), DISPYTCH_BACKLOG_POSITION) |
                   flag(row.end.has_value(), DISPYTCH_BACKLOG_END) | flag(row.oldest_ms.has_value(), DISPYTCH_BACKLOG_OLDEST),
          .waiting = row.waiting.value_or(0),
          .in_hand = row.in_hand.value_or(0),
          .position = row.position.value_or(0),
          .end = row.end.value_or(0),
          .oldest_ms = row.oldest_ms.value_or(0)};
}
inline dispytch_finding to_raw(const Finding& row) noexcept {
  return {.kind = row.kind,
          .flags = flag(row.can_make, DISPYTCH_FINDING_CAN_MAKE) | flag(row.made, DISPYTCH_FINDING_MADE),
          .object = bytes(row.object),
          .setting = optional_bytes_of(row.setting),
          .found = optional_bytes_of(row.found),
          .wanted = optional_bytes_of(row.wanted),
          .pointer = optional_bytes_of(row.pointer)};
}

/// Rows on their way to the host, until it releases them.
class HandedOut : public dispytch_rows {
 public:
  HandedOut() noexcept : dispytch_rows{} { size = sizeof(dispytch_rows); }
  virtual ~HandedOut() = default;
  HandedOut(const HandedOut&) = delete;
  HandedOut& operator=(const HandedOut&) = delete;
  static void release(dispytch_adapter*, const dispytch_rows* rows) noexcept { delete static_cast<const HandedOut*>(rows); }
};

template <class Row>
class Rows final : public HandedOut {
  using Raw = decltype(to_raw(std::declval<const Row&>()));

 public:
  explicit Rows(std::vector<Row> given) : rows_{std::move(given)} {
    raw_.reserve(rows_.size());
    for (const Row& row : rows_) raw_.push_back(to_raw(row));
    stride = sizeof(Raw);
    count = static_cast<std::uint32_t>(raw_.size());
    first = raw_.data();
  }

 private:
  std::vector<Row> rows_;
  std::vector<Raw> raw_;  // views of rows_
};

/// Hands out the rows that `body` returns.
template <class F>
dispytch_status hand_out(const dispytch_rows** out, dispytch_error* error, F&& body) noexcept {
  *out = nullptr;
  return guarded(error, [&]() -> Status {
    auto found = std::forward<F>(body)();
    if (!found.ok()) return found.error();
    using Row = typename std::remove_cvref_t<decltype(*found)>::value_type;
    *out = new Rows<Row>{std::move(*found)};
    return {};
  });
}

inline std::optional<std::string_view> topic_of(dispytch_bytes topic) noexcept { return optional_view(topic); }

template <class B>
concept HasGroups = requires(B& backend, std::string_view group, std::optional<std::string_view> topic, std::span<const GroupMove> moves,
                             bool dry_run, std::chrono::milliseconds timeout) {
  { backend.list_groups(timeout) } -> std::same_as<Result<std::vector<Group>>>;
  { backend.members_of(group, timeout) } -> std::same_as<Result<std::vector<GroupMember>>>;
  { backend.positions_of(group, topic, timeout) } -> std::same_as<Result<std::vector<GroupPosition>>>;
  { backend.move_group(group, moves, dry_run, timeout) } -> std::same_as<Result<std::vector<GroupPosition>>>;
  { backend.forget_group(group, timeout) } -> std::same_as<Status>;
};

/// The extension "dispytch.groups/1".
template <class B>
struct GroupsTable {
  static dispytch_status list(dispytch_adapter* adapter, std::int32_t timeout_ms, const dispytch_rows** out,
                              dispytch_error* error) noexcept {
    return hand_out(out, error, [&] { return Opened<B>::of(adapter).backend->list_groups(timeout(timeout_ms)); });
  }
  static dispytch_status members(dispytch_adapter* adapter, dispytch_bytes group, std::int32_t timeout_ms, const dispytch_rows** out,
                                 dispytch_error* error) noexcept {
    return hand_out(out, error, [&] { return Opened<B>::of(adapter).backend->members_of(view(group), timeout(timeout_ms)); });
  }
  static dispytch_status positions(dispytch_adapter* adapter, dispytch_bytes group, dispytch_bytes topic, std::int32_t timeout_ms,
                                   const dispytch_rows** out, dispytch_error* error) noexcept {
    return hand_out(out, error,
                    [&] { return Opened<B>::of(adapter).backend->positions_of(view(group), topic_of(topic), timeout(timeout_ms)); });
  }
  static dispytch_status move(dispytch_adapter* adapter, dispytch_bytes group, const dispytch_move* moves, std::uint32_t stride,
                              std::uint32_t count, std::int32_t dry_run, std::int32_t timeout_ms, const dispytch_rows** out,
                              dispytch_error* error) noexcept {
    return hand_out(out, error, [&] {
      std::vector<GroupMove> all;
      for (const dispytch_move& raw : Strided<const dispytch_move>{moves, stride, count}) {
        GroupMove& move = all.emplace_back(
            GroupMove{.topic = std::string{view(raw.topic)}, .to = raw.to, .value = raw.value, .id = std::string{view(raw.id)}});
        if ((raw.flags & DISPYTCH_MOVE_PARTITION) != 0) move.partition = raw.partition;
      }
      return Opened<B>::of(adapter).backend->move_group(view(group), std::span<const GroupMove>{all}, dry_run != 0, timeout(timeout_ms));
    });
  }
  static dispytch_status forget(dispytch_adapter* adapter, dispytch_bytes group, std::int32_t timeout_ms, dispytch_error* error) noexcept {
    return guarded(error, [&] { return Opened<B>::of(adapter).backend->forget_group(view(group), timeout(timeout_ms)); });
  }
  static constexpr dispytch_groups value{sizeof(dispytch_groups), 0, list, members, positions, move, forget, HandedOut::release};
};

template <class B>
concept SaysBacklog =
    requires(B& backend, std::string_view group, std::optional<std::string_view> topic, std::chrono::milliseconds timeout) {
      { backend.backlog_of(group, topic, timeout) } -> std::same_as<Result<std::vector<Backlog>>>;
    };

/// The extension "dispytch.backlog/1".
template <class B>
struct BacklogTable {
  static dispytch_status ask(dispytch_adapter* adapter, dispytch_bytes group, dispytch_bytes topic, std::int32_t timeout_ms,
                             const dispytch_rows** out, dispytch_error* error) noexcept {
    return hand_out(out, error,
                    [&] { return Opened<B>::of(adapter).backend->backlog_of(view(group), topic_of(topic), timeout(timeout_ms)); });
  }
  static constexpr dispytch_backlog value{sizeof(dispytch_backlog), 0, ask, HandedOut::release};
};

template <class B>
concept Declares = requires(B& backend, Config document, bool make, std::chrono::milliseconds timeout) {
  { backend.declare(document, make, timeout) } -> std::same_as<Result<std::vector<Finding>>>;
};

/// The extension "dispytch.declare/1".
template <class B>
struct DeclareTable {
  static dispytch_status declare(dispytch_adapter* adapter, const char* json, std::size_t len, std::int32_t make, std::int32_t timeout_ms,
                                 const dispytch_rows** out, dispytch_error* error) noexcept {
    return hand_out(out, error, [&] {
      return Opened<B>::of(adapter).backend->declare(Config{std::string_view{json, len}}, make != 0, timeout(timeout_ms));
    });
  }
  static constexpr dispytch_declare value{sizeof(dispytch_declare), 0, declare, HandedOut::release};
};

/// browse() returns the browser, whose `read` puts messages into `out`, with all headers in place. Nothing put and no error: that were all.
/// Status::timeout(): there are more. `disturbs()`: DISPYTCH_BROWSE_COUNTS, _REORDERS, _HIDES, or 0.
template <class B>
concept Browses = requires(B& backend, Look look, std::chrono::milliseconds timeout, Limits limits, BatchOut& out) {
  { (*backend.browse(look, timeout))->disturbs() } -> std::convertible_to<std::uint32_t>;
  { (*backend.browse(look, timeout))->read(limits, timeout, out) } -> std::same_as<Status>;
};

/// The extension "dispytch.browse/1".
template <class B>
struct BrowseTable {
  using Browser = typename decltype(std::declval<B&>().browse(Look{}, std::chrono::milliseconds{}))::value_type::element_type;
  static Browser& browser_of(dispytch_browser* browser) noexcept { return *reinterpret_cast<Browser*>(browser); }

  static dispytch_status open(dispytch_adapter* adapter, const dispytch_look* raw, std::int32_t timeout_ms, dispytch_browser** out,
                              std::uint32_t* disturbs, dispytch_error* error) noexcept {
    *disturbs = 0;
    return guarded(error, [&]() -> Status {
      if (!DISPYTCH_HAS(dispytch_look, raw, reserved)) return Error{.code = DISPYTCH_EINVAL, .text = "the host's struct is too short"};
      Look look{.topic = std::string{view(raw->topic)}, .group = std::string{view(raw->group)}};
      if ((raw->flags & DISPYTCH_BROWSE_PARTITION) != 0) look.partition = raw->partition;
      if ((raw->flags & DISPYTCH_BROWSE_OFFSET) != 0) look.offset = raw->offset;
      if ((raw->flags & DISPYTCH_BROWSE_TIME) != 0) look.time_ms = raw->time_ms;
      if (raw->id.data != nullptr) look.id = std::string{view(raw->id)};
      auto made = Opened<B>::of(adapter).backend->browse(std::move(look), timeout(timeout_ms));
      if (!made.ok()) return made.error();
      *disturbs = (*made)->disturbs();
      *out = reinterpret_cast<dispytch_browser*>((*made).release());
      return {};
    });
  }
  static dispytch_status read(dispytch_browser* browser, std::uint32_t max_messages, std::uint64_t max_bytes, std::int32_t timeout_ms,
                              const dispytch_batch** out, dispytch_error* error) noexcept {
    *out = nullptr;
    return guarded(error, [&] {
      BatchOut batch;
      Status status = browser_of(browser).read(Limits{max_messages, max_bytes}, timeout(timeout_ms), batch);
      if (status.ok() && !batch.empty()) *out = batch.take();
      return status;
    });
  }
  static void release(dispytch_browser*, const dispytch_batch* batch) noexcept { Batch::release(batch); }
  static dispytch_status close(dispytch_browser* browser, std::int32_t timeout_ms, dispytch_error* error) noexcept {
    return detail::close(std::unique_ptr<Browser>{&browser_of(browser)}, timeout_ms, error);
  }
  static constexpr dispytch_browse value{sizeof(dispytch_browse), 0, open, read, release, close};
};

}  // namespace detail
}  // namespace dispytch::plugin
