#include "schema/pointer.hpp"

#include <algorithm>
#include <charconv>

#include "text/json_pointer.hpp"

namespace dispytch::schema {
namespace {

bool plain_key(std::string_view key) {
  return !key.empty() && std::all_of(key.begin(), key.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.' || c == '$';
  });
}

const nlohmann::json* step_into(const nlohmann::json& value, const std::string& step) {
  if (value.is_object()) {
    const auto found = value.find(step);
    return found == value.end() ? nullptr : &*found;
  }
  if (value.is_array()) {
    std::size_t index = 0;
    const auto [end, error] = std::from_chars(step.data(), step.data() + step.size(), index);
    if (error == std::errc{} && end == step.data() + step.size() && index < value.size()) return &value[index];
  }
  return nullptr;
}

}  // namespace

std::string child(std::string_view parent, std::string_view key) {
  std::string pointer{parent};
  text::append_step(pointer, key);
  return pointer;
}

std::string child(std::string_view parent, std::size_t index) { return std::string{parent} + '/' + std::to_string(index); }

bool within(std::string_view outer, std::string_view inner) noexcept {
  return inner.starts_with(outer) && (inner.size() == outer.size() || inner[outer.size()] == '/');
}

bool within_any(const std::set<std::string>& outer, std::string_view pointer) {
  for (std::size_t end = pointer.size();;) {
    if (outer.contains(std::string{pointer.substr(0, end)})) return true;
    if (end == 0) return false;
    end = pointer.rfind('/', end - 1);
    if (end == std::string_view::npos) return false;
  }
}

const nlohmann::json* find(const nlohmann::json& root, std::string_view pointer) {
  const nlohmann::json* value = &root;
  for (const std::string& step : text::steps(pointer)) {
    value = step_into(*value, step);
    if (value == nullptr) return nullptr;
  }
  return value;
}

std::string dotted(std::string_view pointer, const nlohmann::json& root) {
  std::string path;
  const nlohmann::json* value = &root;
  for (const std::string& step : text::steps(pointer)) {
    if (value != nullptr && value->is_array()) {
      path += '[' + step + ']';
    } else {
      if (!path.empty()) path += '.';
      path += plain_key(step) ? step : nlohmann::json(step).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    }
    if (value != nullptr) value = step_into(*value, step);
  }
  return path;
}

}  // namespace dispytch::schema
