#include "config/read_file.hpp"

#include <cerrno>
#include <cstdio>
#include <memory>
#include <system_error>

namespace dispytch::config {
namespace {

Error failed(int number) {
  if (number == ENOENT) return {.code = ErrorCode::not_found, .text = "there is no such file"};
  if (number == EISDIR) return {.code = ErrorCode::config, .text = "this is a directory, not a file"};
  if (number == EACCES) return {.code = ErrorCode::config, .text = "the file may not be read by this user"};
  return {.code = ErrorCode::config, .text = "the file can't be read: " + std::generic_category().message(number)};
}

}  // namespace

Result<std::string> read_file(const std::filesystem::path& file) {
  const auto close = [](std::FILE* stream) { std::fclose(stream); };
  const std::unique_ptr<std::FILE, decltype(close)> stream{std::fopen(file.c_str(), "rbe"), close};
  if (!stream) return failed(errno);
  std::string content;
  char buffer[16 * 1024];
  errno = 0;
  while (const std::size_t count = std::fread(buffer, 1, sizeof buffer, stream.get())) {
    content.append(buffer, count);
    if (content.size() > kLargestFile)
      return Error{.code = ErrorCode::too_big, .text = "the file is larger than " + std::to_string(kLargestFile >> 20) + " MiB"};
  }
  if (std::ferror(stream.get()) != 0) return failed(errno);
  return content;
}

}  // namespace dispytch::config
