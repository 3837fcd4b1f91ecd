// What an operation that may fail at run time returns: its value, or an Error that says what failed and what to do.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include <tl/expected.hpp>

namespace dispytch {

/// Why an operation failed, in terms that hold for every broker. The values of the plugin border map onto these one to one.
enum class ErrorCode : std::uint8_t {
  not_implemented,
  invalid,      ///< the arguments, the message or the event are wrong; trying again cannot help
  config,       ///< the configuration is wrong
  auth,         ///< the broker refused the credentials or the permission
  unavailable,  ///< the broker cannot be reached at present
  not_found,    ///< the topic, plugin or file does not exist
  too_big,      ///< larger than the broker or a bound of this process allows
  fenced,       ///< the message or producer belongs to somebody else by now
  closed,       ///< the object was closed
  timeout,      ///< the time given ran out
  full,         ///< a bounded queue stayed full for the time given
  decode,       ///< the bytes are no such event
  handler,      ///< user code failed
  internal,
};

/// `ErrorCode::not_found` as "not_found", for logs and for machines.
std::string_view to_string(ErrorCode code) noexcept;

/// A failure. `text` is a whole sentence for a person: what, where, what was expected, what to change.
struct Error {
  ErrorCode code = ErrorCode::internal;
  std::string text = {};
  bool retriable = false;        ///< the same call may succeed later
  bool maybe_sent = false;       ///< emitting only: the broker may have stored the message all the same
  bool fatal = false;            ///< the object is of no more use; only closing it is left
  std::int32_t broker_code = 0;  ///< the broker client's own number, 0 where it has none
};

/// Thrown for misuse, wiring and configuration errors, and by Result::value().
class Exception : public std::runtime_error {
 public:
  explicit Exception(Error error) : std::runtime_error{error.text}, error_{std::move(error)} {}
  Exception(ErrorCode code, std::string text) : Exception{Error{.code = code, .text = std::move(text)}} {}
  const Error& error() const noexcept { return error_; }

 private:
  Error error_;
};

/// The value of an operation, or its Error. Ignoring one is a compiler warning.
template <class T>
class [[nodiscard]] Result {
 public:
  using value_type = T;

  Result(T value) : content_{std::move(value)} {}                    // NOLINT(google-explicit-constructor): reads as `return value;`
  Result(Error error) : content_{tl::unexpect, std::move(error)} {}  // NOLINT(google-explicit-constructor): reads as `return error;`

  bool has_value() const noexcept { return content_.has_value(); }
  explicit operator bool() const noexcept { return has_value(); }

  /// The value. Throws Exception with the error's own text where there is none.
  T& value() & {
    require();
    return *content_;
  }
  const T& value() const& {
    require();
    return *content_;
  }
  /// Of a temporary, by value: `for (auto& each : look().value())` keeps it for as long as the loop.
  T value() && {
    require();
    return std::move(*content_);
  }

  /// The value; undefined where there is none.
  T& operator*() & noexcept { return *content_; }
  const T& operator*() const& noexcept { return *content_; }
  T operator*() && { return std::move(*content_); }
  T* operator->() noexcept { return &*content_; }
  const T* operator->() const noexcept { return &*content_; }

  /// The error; undefined where there is a value.
  const Error& error() const& noexcept { return content_.error(); }
  Error&& error() && noexcept { return std::move(content_.error()); }

 private:
  void require() const {
    if (!content_) throw Exception{content_.error()};
  }
  tl::expected<T, Error> content_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  using value_type = void;

  Result() = default;
  Result(Error error) : content_{tl::unexpect, std::move(error)} {}  // NOLINT(google-explicit-constructor): reads as `return error;`

  bool has_value() const noexcept { return content_.has_value(); }
  explicit operator bool() const noexcept { return has_value(); }
  void value() const {
    if (!content_) throw Exception{content_.error()};
  }
  const Error& error() const& noexcept { return content_.error(); }
  Error&& error() && noexcept { return std::move(content_.error()); }

 private:
  tl::expected<void, Error> content_;
};

}  // namespace dispytch
