// Standard output that remembers why it could not be written.
#pragma once

#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <iostream>
#include <streambuf>

namespace dispytch::cli {

/// Takes the place of std::cout's own buffer while it lives. That one forgets the reason of a write that failed in the middle of a text.
class StandardOutput : public std::streambuf {
 public:
  StandardOutput() : before_{std::cout.rdbuf(this)} { setp(buffer_.data(), buffer_.data() + buffer_.size()); }
  ~StandardOutput() override {
    sync();
    std::cout.rdbuf(before_);
  }
  StandardOutput(const StandardOutput&) = delete;
  StandardOutput& operator=(const StandardOutput&) = delete;

  /// Returns the errno of the first write that failed; 0: none did.
  int error() const noexcept { return error_; }

 protected:
  int sync() override {
    const char* at = pbase();
    while (error_ == 0 && at < pptr()) {
      const ssize_t written = ::write(STDOUT_FILENO, at, static_cast<std::size_t>(pptr() - at));
      if (written >= 0) {
        at += written;
      } else if (errno != EINTR) {
        error_ = errno;
      }
    }
    setp(buffer_.data(), buffer_.data() + buffer_.size());
    return error_ == 0 ? 0 : -1;
  }
  int_type overflow(int_type next) override {
    if (sync() != 0) return traits_type::eof();
    return traits_type::eq_int_type(next, traits_type::eof()) ? traits_type::not_eof(next) : sputc(traits_type::to_char_type(next));
  }

 private:
  std::array<char, 16'384> buffer_;
  std::streambuf* const before_;
  int error_ = 0;
};

}  // namespace dispytch::cli
