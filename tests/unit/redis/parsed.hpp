// Answers of a server, from their bytes.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "command.hpp"
#include "reply.hpp"

namespace dispytch::redis::testing {

/// Throws std::runtime_error where the bytes are no whole answer.
inline Reply parsed(std::string_view bytes) {
  redisReader* const reader = redisReaderCreate();
  redisReaderFeed(reader, bytes.data(), bytes.size());
  void* reply = nullptr;
  redisReaderGetReply(reader, &reply);
  redisReaderFree(reader);
  if (reply == nullptr) throw std::runtime_error{"no whole answer"};
  return Reply{static_cast<redisReply*>(reply)};
}

/// The words of a command.
inline std::vector<std::string> words_of(std::string_view command) {
  std::vector<std::string> words;
  const Reply reply = parsed(command);
  for (const redisReply* word : elements(*reply)) words.emplace_back(text(*word));
  return words;
}

/// An entry: its id, and names and values of fields.
inline std::string entry(std::string_view id, const std::vector<std::string>& fields) {
  std::string bytes = "*2\r\n";
  CommandWriter writer{bytes};
  writer.word(id).begin(fields.size());
  for (const std::string& field : fields) writer.word(field);
  return bytes;
}

}  // namespace dispytch::redis::testing
