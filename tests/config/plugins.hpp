// Plugins that exist in tests of the configuration alone, as the pipeline sees them: a schema and capabilities.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>
#include <vector>

#include <dispytch/plugin/abi.h>

#include "config/load.hpp"

namespace dispytch::tests {

/// `broker`: does all that Kafka does, with options of all kinds; `open`: the same for any option; `late`: that, and takes
/// messages back for a time; `named`: `open` that knows its members by their names;
/// `pipe`: neither headers nor groups nor acknowledgement; `queue`: no headers, groups and patterns, no order by key; `writer`: produces
/// alone; `reader`: consumes alone; `garbled`: its schema is broken.
inline Result<config::PluginInfo> find_test_plugin(std::string_view plugin, const std::vector<std::filesystem::path>&) {
  constexpr const char* kBroker = R"({
    "$defs": {
      "backend": {
        "type": "object",
        "additionalProperties": false,
        "required": ["servers"],
        "properties": {
          "servers": {"type": "string", "minLength": 1},
          "acks": {"enum": ["all", 1, 0]},
          "retries": {"type": "integer", "minimum": 1, "maximum": 10},
          "ratio": {"type": "number", "exclusiveMinimum": 0},
          "idle": {"type": "string", "format": "duration", "unit": "ms", "minimum": 1, "maximum": 60000},
          "buffer": {"type": "string", "format": "byte-size", "unit": "KiB", "minimum": 1},
          "tags": {"type": "array", "items": {"type": "string"}, "maxItems": 3, "uniqueItems": true},
          "name": {"type": "string", "pattern": "^[a-z]+$"},
          "secure": {"type": "boolean"},
          "user": {"type": "string"},
          "password": {"type": "string", "writeOnly": true, "minLength": 4},
          "pin": {"type": "integer", "writeOnly": true},
          "start": {"x-instead": "use the listener's `start: earliest | latest`"},
          "multiple": {"type": "integer", "multipleOf": 8},
          "url": {"type": "string"}
        }
      },
      "producer": {
        "type": "object", "additionalProperties": false,
        "properties": {"linger": {"type": ["string", "integer"], "format": "duration", "unit": "ms", "minimum": 0}}
      },
      "consumer": {
        "type": "object", "additionalProperties": false,
        "properties": {"prefetch": {"type": "integer", "minimum": 1}, "token": {"type": "string", "writeOnly": true}}
      },
      "topic": {"type": "object", "additionalProperties": false, "properties": {"priority": {"type": "integer"}}}
    }
  })";
  constexpr const char* kOpen =
      R"({"$defs": {"backend": {"type": "object"}, "producer": {"type": "object"}, "consumer": {"type": "object"}}})";
  constexpr std::uint64_t kAll = DISPYTCH_CAN_PRODUCE | DISPYTCH_CAN_CONSUME | DISPYTCH_CAN_HEADERS | DISPYTCH_CAN_KEYS |
                                 DISPYTCH_CAN_ORDER_BY_KEY | DISPYTCH_CAN_ORDER_BY_SOURCE | DISPYTCH_CAN_GROUPS | DISPYTCH_CAN_ACK_UP_TO |
                                 DISPYTCH_CAN_PATTERNS;
  const auto found = [&](const char* schema, std::uint64_t capabilities) {
    return config::PluginInfo{.id = std::string{plugin}, .schema = nlohmann::json::parse(schema), .capabilities = capabilities};
  };
  if (plugin == "broker") return found(kBroker, kAll);
  if (plugin == "open") return found(kOpen, kAll);
  if (plugin == "named") return found(kOpen, kAll | DISPYTCH_CAN_INSTANCE);
  if (plugin == "late") return found(kOpen, kAll | policy::kRequeueing);
  if (plugin == "pipe") return found(kOpen, DISPYTCH_CAN_PRODUCE | DISPYTCH_CAN_CONSUME);
  if (plugin == "queue") return found(kOpen, DISPYTCH_CAN_PRODUCE | DISPYTCH_CAN_CONSUME | DISPYTCH_CAN_ACK_EACH);
  if (plugin == "writer") return found(kOpen, DISPYTCH_CAN_PRODUCE);
  if (plugin == "reader") return found(kOpen, DISPYTCH_CAN_CONSUME | DISPYTCH_CAN_GROUPS | DISPYTCH_CAN_ACK_EACH);
  if (plugin == "garbled") return found(R"({"$defs": {"backend": {"$ref": "#/$defs/gone"}}})", kAll);
  return Error{.code = ErrorCode::not_found, .text = "no plugin `" + std::string{plugin} + "`; there are: broker, open, pipe"};
}

/// A world in which some variables are set and some files exist; nothing of the machine's is seen.
inline config::LoadOptions test_options() {
  return {.plugin = find_test_plugin,
          .environment = [](const std::string& name) -> std::optional<std::string> {
            if (name == "SERVERS") return "one:1,two:2";
            if (name == "FIVE") return "5";
            if (name == "WORD") return "five";
            if (name == "EMPTY") return "";
            if (name == "DOLLAR") return "a$b${FIVE}";
            if (name == "RUBBISH") return "\xFF";
            if (name == "BUS_PASSWORD") return "hunter22";
            return std::nullopt;
          },
          .file = [](const std::filesystem::path& file) -> Result<std::string> {
            if (file == "/run/secrets/password") return std::string{"correct horse\n"};
            if (file == "/run/secrets/crlf") return std::string{"line\r\n"};
            if (file == "/run/secrets/lines") return std::string{"one\n\n"};
            if (file == "/run/secrets/rubbish") return std::string{"\xFF"};
            if (file == "conf/near") return std::string{"beside the config"};
            return Error{.code = ErrorCode::not_found, .text = "there is no such file"};
          }};
}

}  // namespace dispytch::tests
