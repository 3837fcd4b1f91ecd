#include "border/extensions.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>

#include "base/log.hpp"
#include "border/consumer_handle.hpp"
#include "border/error.hpp"
#include "text/bytes.hpp"

namespace dispytch::border {
namespace {

dispytch_bytes optional_bytes(const std::optional<std::string>& value) noexcept { return value ? text::bytes(*value) : dispytch_bytes{}; }
std::string copy_of(dispytch_bytes bytes) { return std::string{text::view(bytes)}; }
std::optional<std::string> optional_copy(dispytch_bytes bytes) {
  return bytes.data == nullptr ? std::nullopt : std::optional{copy_of(bytes)};
}
template <class T>
std::optional<T> said(std::uint32_t flags, std::uint32_t flag, T value) {
  return (flags & flag) != 0 ? std::optional{value} : std::nullopt;
}

// The extension's table. `what_for` completes "by which ...".
const void* offered_by(const Adapter& adapter, const char* id) noexcept {
  const dispytch_plugin& table = adapter.library().table();
  const bool asks = DISPYTCH_HAS(dispytch_plugin, &table, extension) && table.extension != nullptr;
  return asks ? table.extension(id) : nullptr;
}
Error not_offered(const Adapter& adapter, const char* id, const char* what_for) {
  return {.code = ErrorCode::not_implemented,
          .text = "the plugin `" + std::string{adapter.library().id()} + "` doesn't offer the extension " + id + ", by which " + what_for +
                  "; use the broker's own tools"};
}
Error incomplete(const Adapter& adapter, const char* id) {
  return {.code = ErrorCode::invalid,
          .text = "the plugin `" + std::string{adapter.library().id()} + "` breaks the contract of the plugin border: its extension " + id +
                  " lacks one of its functions. Only its author can mend that."};
}

// The rows that a plugin handed out, until they are released. Those that are shorter than ours are read with zeroes behind.
template <class Raw>
class Rows {
 public:
  using Release = void (*)(dispytch_adapter*, const dispytch_rows*) noexcept;
  Rows(dispytch_adapter* adapter, Release release) noexcept : adapter_{adapter}, release_{release} {}
  ~Rows() {
    if (rows != nullptr) release_(adapter_, rows);
  }
  Rows(const Rows&) = delete;
  Rows& operator=(const Rows&) = delete;

  template <class Make>
  auto map(Make make) const {
    std::vector<std::invoke_result_t<Make, const Raw&>> all;
    for (std::uint32_t i = 0; rows != nullptr && i < rows->count; ++i) {
      Raw raw{};
      std::memcpy(&raw, static_cast<const std::byte*>(rows->first) + std::size_t{i} * rows->stride,
                  std::min<std::size_t>(rows->stride, sizeof raw));
      all.push_back(make(raw));
    }
    return all;
  }
  const dispytch_rows* rows = nullptr;

 private:
  dispytch_adapter* adapter_;
  Release release_;
};

PositionRow position_row(const dispytch_position& raw) {
  return {.topic = copy_of(raw.topic),
          .partition = said(raw.flags, DISPYTCH_POSITION_PARTITION, raw.partition),
          .offset = said(raw.flags, DISPYTCH_POSITION_OFFSET, raw.offset),
          .low = said(raw.flags, DISPYTCH_POSITION_LOW, raw.low),
          .high = said(raw.flags, DISPYTCH_POSITION_HIGH, raw.high),
          .id = optional_copy(raw.id)};
}

}  // namespace

// ---- groups ----

Result<Groups> Groups::of(std::shared_ptr<Adapter> adapter) {
  const void* offered = offered_by(*adapter, DISPYTCH_EXTENSION_GROUPS);
  if (offered == nullptr) return not_offered(*adapter, DISPYTCH_EXTENSION_GROUPS, "groups are listed, moved and forgotten");
  const auto& api = *static_cast<const dispytch_groups*>(offered);
  if (!DISPYTCH_HAS(dispytch_groups, &api, release) || api.list == nullptr || api.members == nullptr || api.positions == nullptr ||
      api.move == nullptr || api.forget == nullptr || api.release == nullptr) {
    return incomplete(*adapter, DISPYTCH_EXTENSION_GROUPS);
  }
  return Groups{std::move(adapter), api};
}

Result<std::vector<GroupRow>> Groups::list(std::chrono::milliseconds timeout) const {
  dispytch_error error = empty_error();
  Rows<dispytch_group> rows{adapter_->raw(), api_->release};
  const dispytch_status status = api_->list(adapter_->raw(), timeout_ms(timeout), &rows.rows, &error);
  if (status != DISPYTCH_OK) return to_error(status, error, adapter_->library().id(), "listing groups");
  return rows.map([](const dispytch_group& raw) {
    return GroupRow{
        .name = copy_of(raw.name), .state = optional_copy(raw.state), .members = said(raw.flags, DISPYTCH_GROUP_MEMBERS, raw.members)};
  });
}

Result<std::vector<GroupMemberRow>> Groups::members(const std::string& group, std::chrono::milliseconds timeout) const {
  dispytch_error error = empty_error();
  Rows<dispytch_member> rows{adapter_->raw(), api_->release};
  const dispytch_status status = api_->members(adapter_->raw(), text::bytes(group), timeout_ms(timeout), &rows.rows, &error);
  if (status != DISPYTCH_OK) return to_error(status, error, adapter_->library().id(), "asking for the members of group `" + group + "`");
  return rows.map([](const dispytch_member& raw) {
    return GroupMemberRow{.name = copy_of(raw.name), .instance = optional_copy(raw.instance), .address = optional_copy(raw.address)};
  });
}

Result<std::vector<PositionRow>> Groups::positions(const std::string& group, const std::optional<std::string>& topic,
                                                   std::chrono::milliseconds timeout) const {
  dispytch_error error = empty_error();
  Rows<dispytch_position> rows{adapter_->raw(), api_->release};
  const dispytch_status status =
      api_->positions(adapter_->raw(), text::bytes(group), optional_bytes(topic), timeout_ms(timeout), &rows.rows, &error);
  if (status != DISPYTCH_OK) return to_error(status, error, adapter_->library().id(), "asking for the positions of group `" + group + "`");
  return rows.map(position_row);
}

Result<std::vector<PositionRow>> Groups::move(const std::string& group, std::span<const Move> moves, bool dry_run,
                                              std::chrono::milliseconds timeout) const {
  std::vector<dispytch_move> raw;
  for (const Move& move : moves) {
    raw.push_back({.topic = text::bytes(move.topic),
                   .id = move.id.empty() ? dispytch_bytes{} : text::bytes(move.id),
                   .partition = move.partition.value_or(0),
                   .flags = move.partition ? std::uint32_t{DISPYTCH_MOVE_PARTITION} : 0u,
                   .to = move.to,
                   .reserved = 0,
                   .value = move.value});
  }
  dispytch_error error = empty_error();
  Rows<dispytch_position> rows{adapter_->raw(), api_->release};
  const dispytch_status status =
      api_->move(adapter_->raw(), text::bytes(group), raw.data(), sizeof(dispytch_move), static_cast<std::uint32_t>(raw.size()),
                 dry_run ? 1 : 0, timeout_ms(timeout), &rows.rows, &error);
  if (status != DISPYTCH_OK) return to_error(status, error, adapter_->library().id(), "moving group `" + group + "`");
  return rows.map(position_row);
}

Result<void> Groups::forget(const std::string& group, std::chrono::milliseconds timeout) const {
  dispytch_error error = empty_error();
  const dispytch_status status = api_->forget(adapter_->raw(), text::bytes(group), timeout_ms(timeout), &error);
  if (status == DISPYTCH_OK) return {};
  return to_error(status, error, adapter_->library().id(), "forgetting group `" + group + "`");
}

// ---- backlog ----

Result<Backlog> Backlog::of(std::shared_ptr<Adapter> adapter) {
  const void* offered = offered_by(*adapter, DISPYTCH_EXTENSION_BACKLOG);
  if (offered == nullptr) return not_offered(*adapter, DISPYTCH_EXTENSION_BACKLOG, "a broker says what waits for a group");
  const auto& api = *static_cast<const dispytch_backlog*>(offered);
  if (!DISPYTCH_HAS(dispytch_backlog, &api, release) || api.ask == nullptr || api.release == nullptr) {
    return incomplete(*adapter, DISPYTCH_EXTENSION_BACKLOG);
  }
  return Backlog{std::move(adapter), api};
}

Result<std::vector<BacklogRow>> Backlog::ask(const std::string& group, const std::optional<std::string>& topic,
                                             std::chrono::milliseconds timeout) const {
  dispytch_error error = empty_error();
  Rows<dispytch_backlog_row> rows{adapter_->raw(), api_->release};
  const dispytch_status status =
      api_->ask(adapter_->raw(), text::bytes(group), optional_bytes(topic), timeout_ms(timeout), &rows.rows, &error);
  if (status != DISPYTCH_OK) return to_error(status, error, adapter_->library().id(), "asking what waits for group `" + group + "`");
  return rows.map([](const dispytch_backlog_row& raw) {
    return BacklogRow{.topic = copy_of(raw.topic),
                      .partition = said(raw.flags, DISPYTCH_BACKLOG_PARTITION, raw.partition),
                      .waiting = said(raw.flags, DISPYTCH_BACKLOG_WAITING, raw.waiting),
                      .in_hand = said(raw.flags, DISPYTCH_BACKLOG_IN_HAND, raw.in_hand),
                      .position = said(raw.flags, DISPYTCH_BACKLOG_POSITION, raw.position),
                      .end = said(raw.flags, DISPYTCH_BACKLOG_END, raw.end),
                      .oldest_ms = said(raw.flags, DISPYTCH_BACKLOG_OLDEST, raw.oldest_ms)};
  });
}

// ---- declaring ----

Result<Declaration> Declaration::of(std::shared_ptr<Adapter> adapter) {
  const void* offered = offered_by(*adapter, DISPYTCH_EXTENSION_DECLARE);
  if (offered == nullptr) return not_offered(*adapter, DISPYTCH_EXTENSION_DECLARE, "what a config needs is looked for and made");
  const auto& api = *static_cast<const dispytch_declare*>(offered);
  if (!DISPYTCH_HAS(dispytch_declare, &api, release) || api.declare == nullptr || api.release == nullptr) {
    return incomplete(*adapter, DISPYTCH_EXTENSION_DECLARE);
  }
  return Declaration{std::move(adapter), api};
}

Result<std::vector<FindingRow>> Declaration::declare(std::string_view document, bool make, std::chrono::milliseconds timeout) const {
  dispytch_error error = empty_error();
  Rows<dispytch_finding> rows{adapter_->raw(), api_->release};
  const dispytch_status status =
      api_->declare(adapter_->raw(), document.data(), document.size(), make ? 1 : 0, timeout_ms(timeout), &rows.rows, &error);
  if (status != DISPYTCH_OK) {
    return to_error(status, error, adapter_->library().id(), make ? "making what the config needs" : "looking for what the config needs");
  }
  return rows.map([](const dispytch_finding& raw) {
    return FindingRow{.kind = raw.kind,
                      .can_make = (raw.flags & DISPYTCH_FINDING_CAN_MAKE) != 0,
                      .made = (raw.flags & DISPYTCH_FINDING_MADE) != 0,
                      .object = copy_of(raw.object),
                      .setting = optional_copy(raw.setting),
                      .found = optional_copy(raw.found),
                      .wanted = optional_copy(raw.wanted),
                      .pointer = optional_copy(raw.pointer)};
  });
}

// ---- browsing ----

Result<std::unique_ptr<Browser>> Browser::open(std::shared_ptr<Adapter> adapter, const BrowseOptions& options,
                                               std::chrono::milliseconds timeout) {
  const void* offered = offered_by(*adapter, DISPYTCH_EXTENSION_BROWSE);
  if (offered == nullptr) return not_offered(*adapter, DISPYTCH_EXTENSION_BROWSE, "messages are looked at and not consumed");
  const auto& api = *static_cast<const dispytch_browse*>(offered);
  if (!DISPYTCH_HAS(dispytch_browse, &api, close) || api.open == nullptr || api.read == nullptr || api.release == nullptr ||
      api.close == nullptr) {
    return incomplete(*adapter, DISPYTCH_EXTENSION_BROWSE);
  }
  const auto flag = [](const auto& value, std::uint32_t bit) { return value ? bit : 0u; };
  const dispytch_look look{.size = sizeof look,
                           .flags = flag(options.partition, DISPYTCH_BROWSE_PARTITION) | flag(options.offset, DISPYTCH_BROWSE_OFFSET) |
                                    flag(options.time_ms, DISPYTCH_BROWSE_TIME),
                           .topic = text::bytes(options.topic),
                           .group = options.group.empty() ? dispytch_bytes{} : text::bytes(options.group),
                           .id = optional_bytes(options.id),
                           .offset = options.offset.value_or(0),
                           .time_ms = options.time_ms.value_or(0),
                           .partition = options.partition.value_or(0),
                           .reserved = 0};
  std::unique_ptr<Browser> browser{new Browser{std::move(adapter), api}};
  dispytch_error error = empty_error();
  const dispytch_status status =
      api.open(browser->adapter_->raw(), &look, timeout_ms(timeout), &browser->raw_, &browser->disturbs_, &error);
  if (status == DISPYTCH_OK) return browser;
  return to_error(status, error, browser->adapter_->library().id(), "looking at topic `" + options.topic + "`");
}

Browser::~Browser() {
  release();
  if (raw_ == nullptr) return;
  dispytch_error error = empty_error();
  const dispytch_status status = api_->close(raw_, timeout_ms(kCloseTimeout), &error);
  if (status == DISPYTCH_OK) return;
  const std::string plugin{adapter_->library().id()};
  log::error("plugin." + plugin, "Ending a look at messages failed: " + to_error(status, error, plugin, "ending a look").text);
}

void Browser::release() noexcept {
  if (batch_ != nullptr) api_->release(raw_, std::exchange(batch_, nullptr));
  messages_.clear();
}

Result<std::span<const dispytch_message>> Browser::read(std::uint32_t max_messages, std::uint64_t max_bytes,
                                                        std::chrono::milliseconds timeout) {
  release();
  dispytch_error error = empty_error();
  const dispytch_status status = api_->read(raw_, max_messages, max_bytes, timeout_ms(timeout), &batch_, &error);
  if (status != DISPYTCH_OK) return to_error(status, error, adapter_->library().id(), "looking at messages");
  if (batch_ == nullptr) return std::span<const dispytch_message>{};
  dispytch_batch view{};
  std::memcpy(static_cast<void*>(&view), batch_, std::min<std::size_t>(batch_->size, sizeof view));
  for (std::uint32_t i = 0; i < view.n_messages; ++i) {
    dispytch_message& message = messages_.emplace_back();
    std::memcpy(static_cast<void*>(&message), reinterpret_cast<const std::byte*>(view.messages) + std::size_t{i} * view.message_stride,
                std::min<std::size_t>(view.message_stride, sizeof message));
    if (message.n_headers == 0) message.flags &= ~std::uint32_t{DISPYTCH_MSG_HEADERS};  // all are in place: there are none
  }
  return std::span<const dispytch_message>{messages_};
}

}  // namespace dispytch::border
