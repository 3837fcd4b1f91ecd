#include "base/journal.hpp"

#include <cstdint>
#include <cstdlib>
#include <utility>

#include <sys/stat.h>
#include <unistd.h>

namespace dispytch::log {
namespace {

std::string_view syslog_number(Level level) {
  switch (level) {
    case Level::error: return "3";
    case Level::warning: return "4";
    case Level::info: return "6";
    case Level::debug: return "7";
  }
  return "3";
}

// By the length of the value, as systemd's "Native Journal Protocol" has it: a value may hold whatever it likes.
void append_field(std::string& out, std::string_view name, std::string_view value) {
  out += name;
  out += '\n';
  for (std::uint64_t rest = value.size(), i = 0; i < 8; ++i, rest >>= 8) out += static_cast<char>(rest & 0xff);
  out += value;
  out += '\n';
}

}  // namespace

std::shared_ptr<Journal> Journal::of_standard_error(const std::string& socket) {
  const char* stream = std::getenv("JOURNAL_STREAM");
  struct stat status {};
  if (stream == nullptr || ::fstat(STDERR_FILENO, &status) != 0) return nullptr;
  if (stream != std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino)) return nullptr;  // it was redirected since
  Result<Datagram> opened = Datagram::to(socket);
  return opened ? std::make_shared<Journal>(*std::move(opened)) : nullptr;
}

bool Journal::write(Level level, std::string_view source, std::string_view text) {
  std::string fields;
  append_field(fields, "MESSAGE", std::string{source} + ": " + std::string{text});
  append_field(fields, "PRIORITY", syslog_number(level));
  append_field(fields, "DISPYTCH_SOURCE", source);
  const Lock lock{mutex_};
  return socket_.send(fields).has_value();
}

}  // namespace dispytch::log
