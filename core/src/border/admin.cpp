#include "border/admin.hpp"

#include <cstdint>
#include <utility>

#include "border/error.hpp"
#include "text/bytes.hpp"

namespace dispytch::border {
namespace {

constexpr std::size_t kUsualPartitions = 64;

}  // namespace

Result<Admin> Admin::of(std::shared_ptr<Adapter> adapter) {
  const dispytch_plugin& table = adapter->library().table();
  const std::string name = "the plugin `" + std::string{adapter->library().id()} + "`";
  const void* offered = nullptr;
  if (DISPYTCH_HAS(dispytch_plugin, &table, extension) && table.extension != nullptr) offered = table.extension(DISPYTCH_EXTENSION_ADMIN);
  if (offered == nullptr) {
    return Error{.code = ErrorCode::not_implemented,
                 .text = name + " doesn't offer the extension " DISPYTCH_EXTENSION_ADMIN
                                ", by which a broker is asked what a topic keeps, and to delete messages; use the broker's own tools."};
  }
  const auto& api = *static_cast<const dispytch_admin*>(offered);
  if (!DISPYTCH_HAS(dispytch_admin, &api, delete_up_to) || api.ranges == nullptr || api.delete_up_to == nullptr) {
    return Error{.code = ErrorCode::invalid,
                 .text = name + " breaks the contract of the plugin border: its extension " DISPYTCH_EXTENSION_ADMIN
                                " lacks one of the functions `ranges` and `delete_up_to`. Only its author can mend that."};
  }
  return Admin{std::move(adapter), api};
}

Result<std::vector<dispytch_range>> Admin::ranges(const std::string& topic, std::string_view group,
                                                  std::chrono::milliseconds timeout) const {
  std::vector<dispytch_range> ranges(kUsualPartitions);
  for (;;) {
    dispytch_error error = empty_error();
    std::uint32_t count = 0;
    const dispytch_status status =
        api_->ranges(adapter_->raw_, text::bytes(topic), group.empty() ? dispytch_bytes{} : text::bytes(group), ranges.data(),
                     sizeof(dispytch_range), static_cast<std::uint32_t>(ranges.size()), &count, timeout_ms(timeout), &error);
    if (status != DISPYTCH_OK) return to_error(status, error, adapter_->library().id(), "asking what topic `" + topic + "` keeps");
    const bool all = count <= ranges.size();
    ranges.resize(count);
    if (all) return ranges;
  }
}

Result<void> Admin::delete_up_to(std::span<const dispytch_source> sources, std::chrono::milliseconds timeout) const {
  dispytch_error error = empty_error();
  const dispytch_status status = api_->delete_up_to(adapter_->raw_, sources.data(), sizeof(dispytch_source),
                                                    static_cast<std::uint32_t>(sources.size()), timeout_ms(timeout), &error);
  if (status == DISPYTCH_OK) return {};
  return to_error(status, error, adapter_->library().id(), "deleting messages");
}

}  // namespace dispytch::border
