// Whatever bytes a message, an exception or a name has: what is shown of them is valid UTF-8 JSON, or text in which all is visible. Shared
// by a test and a fuzz target.
#pragma once

#include <array>
#include <cstdint>
#include <iostream>
#include <sstream>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "base/log.hpp"
#include "cli/json_document.hpp"
#include "cli/letter.hpp"
#include "cli/message_format.hpp"
#include "cli/received.hpp"
#include "cli/terminal.hpp"
#include "text/character.hpp"

namespace dispytch::cli {

/// Shows `input`, cut at its bytes 0x1e into topic, key, header and payload, in every way there is. Returns what is wrong; empty: nothing.
inline std::string show_any_bytes(std::string_view input) {
  std::array<std::string_view, 5> parts = {};
  for (std::string_view& part : parts) {
    const std::size_t end = &part == &parts.back() ? input.size() : std::min(input.find('\x1e'), input.size());
    part = input.substr(0, end);
    input.remove_prefix(std::min(end + 1, input.size()));
  }
  const auto bytes = [](std::string_view text) { return dispytch_bytes{reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}; };
  const auto& [topic, key, name, value, payload] = parts;
  const dispytch_header headers[] = {{bytes(name), bytes(value)},
                                     {bytes("dispytch-topic"), bytes(value)},
                                     {bytes("dispytch-reason"), bytes(name)},
                                     {bytes("dispytch-exception"), bytes(payload)},
                                     {bytes("dispytch-replays"), bytes(value)}};
  dispytch_message raw = {};
  raw.topic = bytes(topic);
  raw.key = bytes(key);
  raw.payload = bytes(payload);
  raw.headers = headers;
  raw.n_headers = std::size(headers);
  raw.flags = DISPYTCH_MSG_HEADERS;
  const Message message{raw, nullptr, nullptr};

  std::string problem;
  const auto expect_visible = [&](const std::string& text) {
    for (std::string_view rest = text; !rest.empty();) {
      const text::Character character = text::first_character(rest);
      if (!character.valid || !(text::is_visible(character.code_point) || rest[0] == '\n' || rest[0] == '\t')) {
        problem += "something invisible is in: " + text + "\n";
        return;
      }
      rest.remove_prefix(character.size);
    }
  };
  const auto expect_json = [&](const std::string& line) {
    // nlohmann's parser has no room for some numbers, which are JSON all the same.
    JsonDocument document;
    if (document.read(line)) problem += "this is no JSON: " + line + "\n";
    if (line.find('\n') != std::string::npos) problem += "this is more than a line: " + line + "\n";
    expect_visible(line);
  };

  for (const WireForm& wire : {WireForm{}, WireForm{.layout = WireForm::Layout::flat}}) {
    const Received received{message, wire};
    expect_json(to_json(received));
    std::string text;
    MessageFormat{"{topic} {key} {headers} {payload} {id} {type} {body} {body.a}"}.write(received, text);
    expect_visible(text);
    const Letter letter = read_letter(message, wire);
    expect_json(json_text(to_json(letter)));
    expect_visible(to_line(letter));
  }
  JsonDocument document;
  if (!document.read(payload)) {
    for (const std::string& text : {compact(document.root()), indented(document.root())}) {
      if (JsonDocument again; again.read(text)) problem += "written anew this is no JSON any more: " + text + "\n";
    }
  }
  // nlohmann passes over a byte order mark, and takes a zero byte for the end.
  const bool misread = payload.starts_with("\xef\xbb\xbf") || payload.find('\0') != std::string_view::npos;
  const bool json = !misread && nlohmann::json::accept(payload);
  if (json && document.read(payload)) problem += "nlohmann reads this, and this reader doesn't\n";

  std::ostringstream caught;
  std::streambuf* const before = std::cerr.rdbuf(caught.rdbuf());
  for (const log::Format format : {log::Format::json, log::Format::text}) {
    log::configure(log::Level::info, format);
    log::error(topic, payload);
    std::string line = caught.str();
    caught.str({});
    if (!line.ends_with('\n')) problem += "this is no line: " + line;
    line.resize(line.empty() ? 0 : line.size() - 1);
    if (format == log::Format::json && !nlohmann::json::accept(line)) problem += "this line of a log is no JSON: " + line + "\n";
    expect_visible(line);
    if (line.find('\n') != std::string::npos) problem += "this is more than a line: " + line + "\n";
  }
  std::cerr.rdbuf(before);
  return problem;
}

}  // namespace dispytch::cli
