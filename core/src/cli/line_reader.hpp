// Reads lines of any input in bounded memory, until its end or until asked to stop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace dispytch::cli {

/// The lines of a file, pipe or terminal, numbered from 1, without their line ends (LF or CRLF). One thread.
class LineReader {
 public:
  static constexpr std::size_t kLongestLine = std::size_t{64} << 20;  ///< bytes

  struct Line {
    std::uint64_t number = 0;
    std::string_view text = {};  ///< valid until the next call
    bool too_long = false;       ///< longer than kLongestLine; text is empty
  };

  /// `path` "-" is standard input. Throws std::system_error where it can't be opened.
  LineReader(const std::string& path, std::stop_token stop);
  LineReader(const LineReader&) = delete;
  LineReader& operator=(const LineReader&) = delete;

  /// The next line into `line`; false at the end or once asked to stop. Blocks. Throws std::system_error.
  bool next(Line& line);

  /// The whole input's size in bytes, where it is a regular file; else 0.
  std::uint64_t size() const noexcept { return size_; }
  /// Bytes of the lines returned so far.
  std::uint64_t consumed() const noexcept { return consumed_; }

 private:
  bool fill();

  struct Descriptor {
    explicit Descriptor(int file) noexcept : number{file} {}
    ~Descriptor();
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    int number;
  };

  std::stop_token stop_;
  std::string name_;
  Descriptor input_;
  Descriptor wake_;  // readable once asked to stop: what poll(2) can wait for
  std::uint64_t size_ = 0;
  std::uint64_t consumed_ = 0;
  std::uint64_t line_number_ = 0;
  bool at_end_ = false;
  std::vector<char> buffer_;
  std::size_t begin_ = 0, end_ = 0;  // what is read but not returned: buffer_[begin_, end_)
};

}  // namespace dispytch::cli
