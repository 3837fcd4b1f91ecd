// The host's side of the extension "dispytch.admin/1": what a topic keeps, and deleting the front of it.
#pragma once

#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <dispytch/plugin/admin.h>
#include <dispytch/result.hpp>

#include "border/adapter.hpp"

namespace dispytch::border {

/// All functions any thread; they block up to `timeout`, and fail by the plugin's own error.
class Admin {
 public:
  /// ErrorCode::not_implemented where the plugin doesn't offer the extension; invalid where what it offers isn't complete.
  static Result<Admin> of(std::shared_ptr<Adapter> adapter);

  /// Of all partitions of a topic, by partition. An empty group: nobody's positions. ErrorCode::not_found.
  Result<std::vector<dispytch_range>> ranges(const std::string& topic, std::string_view group, std::chrono::milliseconds timeout) const;

  /// Deletes what lies before each source's offset. ErrorCode::invalid for an offset beyond the end, not_found.
  Result<void> delete_up_to(std::span<const dispytch_source> sources, std::chrono::milliseconds timeout) const;

 private:
  Admin(std::shared_ptr<Adapter> adapter, const dispytch_admin& api) noexcept : adapter_{std::move(adapter)}, api_{&api} {}

  std::shared_ptr<Adapter> adapter_;
  const dispytch_admin* api_;
};

}  // namespace dispytch::border
