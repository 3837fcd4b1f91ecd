// How a plugin says that a call failed: Error, thrown or returned, and what carries it across the C border.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <exception>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

#include <dispytch/plugin/abi.h>

namespace dispytch::plugin {

/// `bit` where `set`: for composing the flags of the border's structs.
constexpr std::uint32_t flag(bool set, std::uint32_t bit) noexcept { return set ? bit : 0; }

/// A failure. `text` is a sentence for a person, without secrets; with DISPYTCH_ECONFIG it begins with the option's JSON pointer
/// (Config::error() does that). Cut after 239 bytes at the border.
struct Error {
  dispytch_status code = DISPYTCH_EINTERNAL;  ///< DISPYTCH_E...
  std::string text = {};
  bool retriable = false;        ///< the same call may succeed later
  bool fatal = false;            ///< only closing is left
  bool maybe_sent = false;       ///< the broker may have stored the message all the same
  std::int32_t broker_code = 0;  ///< the broker client's own number

  std::uint32_t flags() const noexcept {
    return flag(retriable, DISPYTCH_ERROR_RETRIABLE) | flag(fatal, DISPYTCH_ERROR_FATAL) | flag(maybe_sent, DISPYTCH_ERROR_MAYBE_SENT);
  }
};

/// An Error thrown. Any exception may leave a plugin's function: this one keeps its code, others become DISPYTCH_EINTERNAL.
class Exception : public std::runtime_error {
 public:
  explicit Exception(Error error) : std::runtime_error{error.text}, error_{std::move(error)} {}
  Exception(dispytch_status code, std::string text) : Exception{Error{.code = code, .text = std::move(text)}} {}
  const Error& error() const noexcept { return error_; }

 private:
  Error error_;
};

/// What a call that returns nothing else ends with: done, one of the two that are no errors, or an Error.
class [[nodiscard]] Status {
 public:
  Status() noexcept = default;  ///< done
  Status(Error error)           // NOLINT(google-explicit-constructor): reads as `return Error{...};`
      : code_{error.code}, error_{std::make_unique<Error>(std::move(error))} {}

  static Status again() noexcept { return Status{DISPYTCH_AGAIN}; }      ///< full at present; a notify will follow
  static Status timeout() noexcept { return Status{DISPYTCH_TIMEOUT}; }  ///< the time given ran out

  bool ok() const noexcept { return code_ >= 0; }
  dispytch_status code() const noexcept { return code_; }
  /// Undefined where ok().
  const Error& error() const noexcept { return *error_; }

 private:
  explicit Status(dispytch_status code) noexcept : code_{code} {}

  dispytch_status code_ = DISPYTCH_OK;
  std::unique_ptr<Error> error_ = {};
};

/// A value, or the Error that stands in its place.
template <class T>
class [[nodiscard]] Result {
 public:
  using value_type = T;
  Result(T value) : content_{std::in_place_index<0>, std::move(value)} {}      // NOLINT(google-explicit-constructor)
  Result(Error error) : content_{std::in_place_index<1>, std::move(error)} {}  // NOLINT(google-explicit-constructor)
  /// For `return std::make_unique<Derived>();`.
  template <class U>
    requires(std::is_convertible_v<U &&, T> && !std::is_same_v<std::remove_cvref_t<U>, T> &&
             !std::is_same_v<std::remove_cvref_t<U>, Result> && !std::is_same_v<std::remove_cvref_t<U>, Error>)
  Result(U&& value) : content_{std::in_place_index<0>, std::forward<U>(value)} {}  // NOLINT(google-explicit-constructor)

  bool ok() const noexcept { return content_.index() == 0; }
  T& operator*() noexcept { return *std::get_if<0>(&content_); }              ///< undefined where not ok()
  const Error& error() const noexcept { return *std::get_if<1>(&content_); }  ///< undefined where ok()

 private:
  std::variant<T, Error> content_;
};

/// What Producer::send returns: how many of the messages it took, from the front. Fewer than were given: the queue is full, and a
/// notify will say when it no longer is; or, with an Error, the message after them was refused and will get no report.
struct [[nodiscard]] Accepted {
  std::size_t count = 0;
  Status status = {};
};

namespace detail {

/// Writes what failed into the caller's memory, cut between two characters of UTF-8. Returns the code.
inline dispytch_status fill(dispytch_error* out, dispytch_status code, std::uint32_t flags, std::int32_t broker_code,
                            std::string_view text) noexcept {
  if (code >= 0) code = DISPYTCH_EINTERNAL;
  if (out == nullptr || !DISPYTCH_HAS(dispytch_error, out, text)) return code;
  out->code = code;
  out->flags = flags;
  out->broker_code = broker_code;
  std::size_t length = std::min(text.size(), sizeof(out->text) - 1);
  if (length < text.size()) {
    while (length > 0 && (static_cast<unsigned char>(text[length]) & 0xc0u) == 0x80u) --length;
  }
  if (length > 0) std::memcpy(out->text, text.data(), length);
  out->text[length] = '\0';
  return code;
}

inline dispytch_status fill(dispytch_error* out, const Error& error) noexcept {
  return fill(out, error.code, error.flags(), error.broker_code, error.text);
}

inline dispytch_status finish(dispytch_error* out, const Status& status) noexcept {
  return status.ok() ? status.code() : fill(out, status.error());
}

/// Inside a catch: turns the exception in flight into an error.
[[gnu::cold, gnu::noinline]] inline dispytch_status fill_from_exception(dispytch_error* out) noexcept {
  try {
    throw;
  } catch (const Exception& exception) {
    return fill(out, exception.error());
  } catch (const std::bad_alloc&) {
    return fill(out, DISPYTCH_ETOOBIG, DISPYTCH_ERROR_RETRIABLE, 0, "the plugin ran out of memory");
  } catch (const std::exception& exception) {
    return fill(out, DISPYTCH_EINTERNAL, 0, 0, exception.what());
  } catch (...) {
    return fill(out, DISPYTCH_EINTERNAL, 0, 0, "the plugin threw something that is no std::exception");
  }
}

}  // namespace detail
}  // namespace dispytch::plugin
