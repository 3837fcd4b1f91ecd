// Scripts on their way to the server.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "command.hpp"
#include "stream.hpp"

namespace dispytch::redis {

/// Returns the command that runs a script about one stream for a member of a group, with further arguments. The text goes with each: as
/// quick as its hash, and never missing after a restart.
template <class... Words>
std::string run_script(const char* script, const Stream& stream, std::string_view group, std::string_view member,
                       const std::vector<std::string>& list, const Words&... words) {
  std::string out;
  CommandWriter writer{out};
  writer.begin(3 + 3 + 2 + sizeof...(words) + list.size())
      .word("EVAL")
      .word(script)
      .word(3)
      .word(stream.topic)
      .word(stream.records.messages)
      .word(stream.records.delayed)
      .word(group)
      .word(member);
  (writer.word(words), ...);
  for (const std::string& word : list) writer.word(word);
  return out;
}

}  // namespace dispytch::redis
