#include "cli/line_reader.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <system_error>
#include <utility>

namespace dispytch::cli {
namespace {

constexpr std::size_t kChunk = std::size_t{1} << 20;

[[noreturn]] void fail(const std::string& name) { throw std::system_error{errno, std::generic_category(), name}; }

}  // namespace

LineReader::Descriptor::~Descriptor() {
  if (number > STDERR_FILENO) close(number);
}

LineReader::LineReader(const std::string& path, std::stop_token stop)
    : stop_{std::move(stop)},
      name_{path == "-" ? "standard input" : path},
      input_{path == "-" ? STDIN_FILENO : open(path.c_str(), O_RDONLY | O_CLOEXEC)},
      wake_{eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)},
      buffer_(kChunk) {
  struct stat status = {};
  if (input_.number < 0 || wake_.number < 0 || fstat(input_.number, &status) != 0) fail(name_);
  if (S_ISDIR(status.st_mode)) throw std::system_error{EISDIR, std::generic_category(), name_};
  if (S_ISREG(status.st_mode)) size_ = static_cast<std::uint64_t>(status.st_size);
}

bool LineReader::next(Line& line) {
  line = {};
  std::size_t searched = 0;  // bytes from begin_ on that hold no line end
  while (!stop_.stop_requested()) {
    const char* const start = buffer_.data() + begin_;
    const std::size_t available = end_ - begin_;
    const void* const found = searched < available ? std::memchr(start + searched, '\n', available - searched) : nullptr;
    if (found == nullptr && !at_end_) {
      searched = available;
      if (available > kLongestLine) {  // dropped as it comes; the line is still counted
        consumed_ += available;
        begin_ = end_ = searched = 0;
        line.too_long = true;
      }
      if (!fill()) return false;
      continue;
    }
    if (found == nullptr && available == 0 && !line.too_long) return false;
    std::size_t length = found != nullptr ? static_cast<std::size_t>(static_cast<const char*>(found) - start) : available;
    const std::size_t taken = length + (found != nullptr ? 1 : 0);
    begin_ += taken;
    consumed_ += taken;
    line.number = ++line_number_;
    if (length > 0 && start[length - 1] == '\r') --length;
    line.too_long = line.too_long || length > kLongestLine;
    if (!line.too_long) line.text = {start, length};
    return true;
  }
  return false;
}

// Reads more behind what is there; false where it was asked to stop meanwhile.
bool LineReader::fill() {
  if (begin_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (buffer_.size() - end_ < kChunk / 2) buffer_.resize(2 * buffer_.size());
  const std::stop_callback wake{stop_, [this] { eventfd_write(wake_.number, 1); }};
  pollfd watched[] = {{input_.number, POLLIN, 0}, {wake_.number, POLLIN, 0}};
  if (poll(watched, 2, -1) < 0 && errno != EINTR) fail(name_);
  if (stop_.stop_requested()) return false;
  const ssize_t count = read(input_.number, buffer_.data() + end_, buffer_.size() - end_);
  if (count < 0) {
    if (errno == EINTR || errno == EAGAIN) return true;
    fail(name_);
  }
  end_ += static_cast<std::size_t>(count);
  at_end_ = count == 0;
  return true;
}

}  // namespace dispytch::cli
