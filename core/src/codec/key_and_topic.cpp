// What an event says of its place at the broker: the message's key and the topic.
#include <algorithm>
#include <string>

#include "codec/json_codec.hpp"
#include "codec/path_text.hpp"
#include "codec/refuse.hpp"
#include "text/quote.hpp"

namespace dispytch::codec {

bool write_key(const EventType& event, const void* body, std::string& out) {
  return !event.key.empty() && append_text(event.key, body, out);
}

namespace {

/// Whether brokers take the character as a part of a topic's segment: none of them gives these a meaning of their own, or '.' ends one.
bool is_legal_in_segment(char c) noexcept {
  return static_cast<unsigned char>(c) > ' ' && c != 0x7f && std::string_view{"./*>#+{}"}.find(c) == std::string_view::npos;
}

}  // namespace

Result<void> write_topic(const EventType& event, const void* body, std::string& out) {
  if (event.topic_parts.empty()) {
    out += event.topic;
    return {};
  }
  const std::size_t start = out.size();
  for (const auto& part : event.topic_parts) {
    out += part.text;
    if (part.value.empty()) continue;
    const std::size_t segment_start = out.size();
    const bool present = append_text(part.value, body, out);
    const std::string segment = out.substr(segment_start);
    if (present && !segment.empty() && std::ranges::all_of(segment, is_legal_in_segment)) continue;
    out.resize(start);
    const std::string what = !present || segment.empty()
                                 ? "is empty"
                                 : "is " + text::quoted(segment) + ", which has a character that no segment of a topic may have";
    return refuse(std::string{event.name} + ": the topic " + text::quoted(event.topic) + " needs a value for {" +
                  std::string{part.placeholder} + "}, but it " + what);
  }
  return {};
}

}  // namespace dispytch::codec
