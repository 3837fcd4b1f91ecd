// The host's side of the extensions of version 1.1: groups, backlog, declaring, browsing. What they hand out is copied, so that nothing has
// to be released.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <dispytch/plugin/backlog.h>
#include <dispytch/plugin/browse.h>
#include <dispytch/plugin/declare.h>
#include <dispytch/plugin/groups.h>
#include <dispytch/result.hpp>

#include "border/adapter.hpp"

namespace dispytch::border {

// All functions: any thread; they block up to `timeout`, and fail by the plugin's own error. Every of(): ErrorCode::not_implemented where
// the plugin doesn't offer the extension, invalid where what it offers isn't complete.

struct GroupRow {
  std::string name = {};
  std::optional<std::string> state = {};
  std::optional<std::uint32_t> members = {};
};
struct GroupMemberRow {
  std::string name = {};
  std::optional<std::string> instance = {};
  std::optional<std::string> address = {};
};
struct PositionRow {
  std::string topic = {};
  std::optional<std::int32_t> partition = {};
  std::optional<std::int64_t> offset = {}, low = {}, high = {};
  std::optional<std::string> id = {};
};
struct Move {
  std::string topic = {};
  std::optional<std::int32_t> partition = {};
  std::uint32_t to = DISPYTCH_MOVE_TO_OFFSET;
  std::int64_t value = 0;
  std::string id = {};
};

class Groups {
 public:
  static Result<Groups> of(std::shared_ptr<Adapter> adapter);
  Result<std::vector<GroupRow>> list(std::chrono::milliseconds timeout) const;
  Result<std::vector<GroupMemberRow>> members(const std::string& group, std::chrono::milliseconds timeout) const;
  /// Without a topic: of all in which the group has a position.
  Result<std::vector<PositionRow>> positions(const std::string& group, const std::optional<std::string>& topic,
                                             std::chrono::milliseconds timeout) const;
  Result<std::vector<PositionRow>> move(const std::string& group, std::span<const Move> moves, bool dry_run,
                                        std::chrono::milliseconds timeout) const;
  Result<void> forget(const std::string& group, std::chrono::milliseconds timeout) const;

 private:
  Groups(std::shared_ptr<Adapter> adapter, const dispytch_groups& api) noexcept : adapter_{std::move(adapter)}, api_{&api} {}
  std::shared_ptr<Adapter> adapter_;
  const dispytch_groups* api_;
};

struct BacklogRow {
  std::string topic = {};
  std::optional<std::int32_t> partition = {};
  std::optional<std::int64_t> waiting = {}, in_hand = {}, position = {}, end = {}, oldest_ms = {};
};

class Backlog {
 public:
  static Result<Backlog> of(std::shared_ptr<Adapter> adapter);
  Result<std::vector<BacklogRow>> ask(const std::string& group, const std::optional<std::string>& topic,
                                      std::chrono::milliseconds timeout) const;

 private:
  Backlog(std::shared_ptr<Adapter> adapter, const dispytch_backlog& api) noexcept : adapter_{std::move(adapter)}, api_{&api} {}
  std::shared_ptr<Adapter> adapter_;
  const dispytch_backlog* api_;
};

struct FindingRow {
  std::uint32_t kind = 0;  ///< DISPYTCH_MISSING, _DIFFERS, _SURPLUS
  bool can_make = false, made = false;
  std::string object = {};
  std::optional<std::string> setting = {}, found = {}, wanted = {}, pointer = {};
};

class Declaration {
 public:
  static Result<Declaration> of(std::shared_ptr<Adapter> adapter);
  /// `json`: of declare_document().
  Result<std::vector<FindingRow>> declare(std::string_view document, bool make, std::chrono::milliseconds timeout) const;

 private:
  Declaration(std::shared_ptr<Adapter> adapter, const dispytch_declare& api) noexcept : adapter_{std::move(adapter)}, api_{&api} {}
  std::shared_ptr<Adapter> adapter_;
  const dispytch_declare* api_;
};

/// What bounds a look; nothing said: all that is there.
struct BrowseOptions {
  std::string topic = {};
  std::string group = {};
  std::optional<std::int32_t> partition = {};
  std::optional<std::int64_t> offset = {}, time_ms = {};
  std::optional<std::string> id = {};
};

/// A look at messages, open until it is destroyed. One thread.
class Browser {
 public:
  static Result<std::unique_ptr<Browser>> open(std::shared_ptr<Adapter> adapter, const BrowseOptions& options,
                                               std::chrono::milliseconds timeout);
  ~Browser();
  Browser(const Browser&) = delete;
  Browser& operator=(const Browser&) = delete;

  std::uint32_t disturbs() const noexcept { return disturbs_; }  ///< DISPYTCH_BROWSE_*
  /// The next messages, with all headers in place; they are valid until the next call. Empty: that were all. ErrorCode::timeout: there are
  /// more.
  Result<std::span<const dispytch_message>> read(std::uint32_t max_messages, std::uint64_t max_bytes, std::chrono::milliseconds timeout);

 private:
  Browser(std::shared_ptr<Adapter> adapter, const dispytch_browse& api) noexcept : adapter_{std::move(adapter)}, api_{&api} {}
  void release() noexcept;

  std::shared_ptr<Adapter> adapter_;
  const dispytch_browse* api_;
  dispytch_browser* raw_ = nullptr;
  std::uint32_t disturbs_ = 0;
  const dispytch_batch* batch_ = nullptr;
  std::vector<dispytch_message> messages_ = {};
};

}  // namespace dispytch::border
