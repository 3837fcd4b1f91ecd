// How a message stands in a stream's entry.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <dispytch/plugin/abi.h>

#include "entry_id.hpp"
#include "options.hpp"
#include "reply.hpp"

namespace dispytch::redis {

/// Writes and reads entries by the names of their fields. Immutable.
///
/// An entry has a field for the payload, and one each for the key and the time where the message says them. Each header is a field with a
/// prefix, in the order of the headers; one without a value has another prefix. An entry of a message without a payload has the field
/// `tombstone`, since an entry must have one. Fields of other names are headers by those names: somebody else wrote them.
class Layout {
 public:
  explicit Layout(const FieldNames& names) noexcept : names_{names} {}

  /// Appends the XADD of a message to `out`. With `make_stream` the stream is made where there is none.
  void write(std::string& out, const dispytch_message& message, bool make_stream, std::optional<std::uint64_t> max_length) const;
  /// Returns about how many bytes the message takes at the server.
  static std::size_t size_of(const dispytch_message& message) noexcept;

  /// What an entry says beyond the message's own fields.
  struct Content {
    std::size_t headers = 0;  ///< how many were appended
    std::optional<std::int64_t> deliver_at_ms = {};
  };
  /// Fills in what the fields of an entry say, as views of them, and appends its headers. The message's pointer to them is the caller's to
  /// set, once they stay where they are.
  Content read(const redisReply& fields, const EntryId& id, dispytch_message& message, std::vector<dispytch_header>& headers) const;
  /// Returns when an entry wants to be delivered, if it says so.
  std::optional<std::int64_t> deliver_at(const redisReply& fields) const;

 private:
  FieldNames names_;
};

}  // namespace dispytch::redis
