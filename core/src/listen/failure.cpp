#include "listen/failure.hpp"

#include <cstdint>

#include "text/character.hpp"

namespace dispytch::listen {

std::string cut(std::string_view text, std::size_t most) {
  return text.size() <= most ? std::string{text} : std::string{text::cut(text, most)} + "… (" + std::to_string(text.size()) + " bytes)";
}

std::string what(const Failure& failure) {
  if (failure.unhandled || (failure.code == ErrorCode::handler && failure.handler.empty())) return "a message can't be handled";
  return failure.code == ErrorCode::decode ? "a message can't be decoded" : "handler `" + failure.handler + "` failed";
}

std::string where(const Failure& failure) { return " on " + place(failure.topic, failure.position, failure.key); }

std::string position(std::int32_t partition, std::int64_t offset, std::string_view id) {
  std::string text;
  if (partition >= 0) text = "partition " + std::to_string(partition);
  if (offset >= 0) text += (text.empty() ? "offset " : ", offset ") + std::to_string(offset);
  if (!id.empty()) text += (text.empty() ? "id " : ", id ") + std::string{id};
  return text;
}

std::string place(std::string_view topic, std::string_view at, std::string_view key) {
  std::string text = "topic `" + std::string{topic} + "`";
  if (!at.empty()) text += ", " + std::string{at};
  if (!key.empty()) text += ", key \"" + std::string{key} + "\"";
  return text;
}

std::string to_string(const Failure& failure) {
  std::string text = what(failure) + where(failure) + ": " + failure.reason;
  if (failure.code == ErrorCode::decode && !failure.handler.empty()) text += " (for handler `" + failure.handler + "`)";
  text += ". It is not settled: the broker delivers it again once the service runs again";
  return text;
}

}  // namespace dispytch::listen
