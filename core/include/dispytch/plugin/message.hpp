// Messages as a plugin sees them, and the arrays in which they cross the border.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>

#include <dispytch/plugin/abi.h>

namespace dispytch::plugin {

// The border's own structs, where a plugin fills them in or reads plain numbers from them.
using InboundMessage = dispytch_message;
using Header = dispytch_header;
using Report = dispytch_report;
using Settlement = dispytch_settlement;

/// A view of `text` for the border. Present even when empty.
inline dispytch_bytes bytes(std::string_view text) noexcept {
  static constexpr std::uint8_t kEmpty = 0;
  return {text.data() == nullptr ? &kEmpty : reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline dispytch_bytes optional_bytes(std::optional<std::string_view> text) noexcept { return text ? bytes(*text) : dispytch_bytes{}; }

/// Empty where absent.
inline std::string_view view(dispytch_bytes bytes) noexcept { return {reinterpret_cast<const char*>(bytes.data), bytes.len}; }
inline std::optional<std::string_view> optional_view(dispytch_bytes bytes) noexcept {
  return bytes.data == nullptr ? std::nullopt : std::optional{view(bytes)};
}

/// A message to be sent. A view: what its parts point at is valid during send and no longer.
class MessageView {
 public:
  std::string_view topic() const noexcept { return view(raw_.topic); }
  std::optional<std::string_view> key() const noexcept { return optional_view(raw_.key); }          ///< nullopt: no key
  std::optional<std::string_view> payload() const noexcept { return optional_view(raw_.payload); }  ///< nullopt: a tombstone
  std::span<const Header> headers() const noexcept { return {raw_.headers, raw_.n_headers}; }
  std::optional<std::int32_t> partition() const noexcept { return said(DISPYTCH_MSG_PARTITION, raw_.partition); }
  std::optional<std::int64_t> timestamp_ms() const noexcept { return said(DISPYTCH_MSG_TIMESTAMP, raw_.timestamp_ms); }
  std::optional<std::int64_t> deliver_at_ms() const noexcept { return said(DISPYTCH_MSG_DELIVER_AT, raw_.deliver_at_ms); }
  /// The application's own id of the message. Not for finding duplicates: a replay has the same.
  std::optional<std::string_view> id() const noexcept { return optional_view(raw_.id); }
  std::uint64_t token() const noexcept { return raw_.token; }  ///< for its Report
  const dispytch_message& raw() const noexcept { return raw_; }

 private:
  template <class T>
  std::optional<T> said(std::uint32_t flag, T value) const noexcept {
    return (raw_.flags & flag) != 0 ? std::optional{value} : std::nullopt;
  }
  dispytch_message raw_;
};
static_assert(sizeof(MessageView) == sizeof(dispytch_message) && std::is_trivially_copyable_v<MessageView>);

namespace detail {

template <class T>
void store(T& to, const T& from) noexcept {
  to = from;
}
/// Field by field: copied as a whole, a report that was just composed is read from the stack in other pieces than it was written in, and
/// the processor waits for its own stores, five times as long as all the rest takes.
inline void store(Report& to, const Report& from) noexcept {
  to.token = from.token;
  to.code = from.code;
  to.flags = from.flags;
  to.offset = from.offset;
  to.partition = from.partition;
  to.broker_code = from.broker_code;
  to.text.data = from.text.data;
  to.text.len = from.text.len;
}
static_assert(sizeof(Report) == 48, "a field was appended: store it too");

}  // namespace detail

/// An array whose writer may have been compiled with another version of the header, so that its elements may be longer or shorter than
/// ours: of a shorter one the end reads as zero ("nothing said"), and isn't written. A plain reference would reach into the next
/// element, or past the last. A loop over it copies nothing where the elements are long enough.
template <class T>
class Strided {
  using Byte = std::conditional_t<std::is_const_v<T>, const std::byte, std::byte>;

 public:
  using value_type = std::remove_const_t<T>;
  static_assert(std::is_trivially_copyable_v<value_type>);

  Strided() noexcept = default;
  /// `first` points at `size` elements, each `stride` bytes after the one before.
  template <class Raw>
  Strided(Raw* first, std::size_t stride, std::size_t size) noexcept
      : first_{reinterpret_cast<Byte*>(first)}, stride_{stride}, size_{size} {}

  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }

  value_type operator[](std::size_t index) const noexcept {
    const Byte* from = first_ + index * stride_;
    return long_enough() ? *reinterpret_cast<const value_type*>(from) : lengthened(from, stride_);
  }

  void set(std::size_t index, const value_type& element) const noexcept
    requires(!std::is_const_v<T>)
  {
    Byte* to = first_ + index * stride_;
    if (long_enough()) [[likely]] {
      detail::store(*reinterpret_cast<value_type*>(to), element);
    } else {
      const value_type copy = element;  // so that `element` may stay in registers above
      std::memcpy(to, &copy, stride_);
    }
  }

  /// What it points at is valid until it moves on.
  class iterator {
   public:
    using iterator_concept = std::input_iterator_tag;
    using difference_type = std::ptrdiff_t;
    using value_type = Strided::value_type;
    using reference = const value_type&;
    using pointer = const value_type*;
    iterator() noexcept = default;
    iterator(const Strided& array, const Byte* at) noexcept : array_{&array}, at_{at} {}
    reference operator*() const noexcept {
      if (array_->long_enough()) [[likely]] {
        return *reinterpret_cast<const value_type*>(at_);
      }
      return lengthened_ = lengthened(at_, array_->stride_);
    }
    iterator& operator++() noexcept {
      at_ += array_->stride_;
      return *this;
    }
    void operator++(int) noexcept { ++*this; }
    bool operator==(const iterator& other) const noexcept { return at_ == other.at_; }

   private:
    const Strided* array_ = nullptr;
    const Byte* at_ = nullptr;
    mutable value_type lengthened_;  // meaningful for shorter elements alone
  };
  iterator begin() const noexcept { return {*this, first_}; }
  iterator end() const noexcept { return {*this, first_ + size_ * stride_}; }

 private:
  bool long_enough() const noexcept { return stride_ >= sizeof(value_type); }

  [[gnu::cold, gnu::noinline]] static value_type lengthened(const Byte* from, std::size_t stride) noexcept {
    value_type element;
    std::memset(static_cast<void*>(&element), 0, sizeof element);
    std::memcpy(static_cast<void*>(&element), from, stride);
    return element;
  }

  Byte* first_ = nullptr;
  std::size_t stride_ = sizeof(value_type);
  std::size_t size_ = 0;
};

}  // namespace dispytch::plugin
