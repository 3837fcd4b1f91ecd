// Where messages go that can't be handled: as they came, with what is known of the failure in their headers.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <dispytch/emitter.hpp>
#include <dispytch/message.hpp>

namespace dispytch::detail {
class EmitterCore;
}

namespace dispytch::listen {

/// What is known of a message's failure.
struct DeadLetterInfo {
  std::string_view reason = {};     ///< failed, undecodable, unhandled, or what the handler said
  std::string_view exception = {};  ///< type and text; cut
  std::string_view handler = {};
  std::string_view listener = {};
  std::string_view group = {};
  std::uint32_t attempts = 0;
  std::int64_t first_ms = 0;  ///< unix, when this process first saw it
  std::int64_t last_ms = 0;   ///< unix, of the last attempt
};

/// How much a letter says beside the original bytes, key and headers.
enum class LetterDetail : std::uint8_t {
  all,
  without_exception,  ///< which is what may be long
  least,              ///< what a replay needs: why, and where the message stands; and its group, whose letter it is
};

/// Returns the original bytes, key and headers, and the dispytch-* headers; those left out are named in one of them. An earlier death's
/// headers are replaced; what a replay counted stays.
OutgoingMessage make_dead_letter(const Message& message, const DeadLetterInfo& info, std::string_view topic_template,
                                 LetterDetail detail = LetterDetail::all);

/// Any thread.
class DeadLetters {
 public:
  using Done = std::function<void(const Result<Receipt>&)>;
  virtual ~DeadLetters() = default;
  /// With {topic}, {listener} and {group} to be filled in.
  virtual std::string_view topic_template() const noexcept = 0;
  /// Never blocks. `done` is called once, on whatever thread, also before this returns.
  virtual void send(const OutgoingMessage& message, Done done) = 0;
};

/// EmitterDeadLetters an emitter.
std::unique_ptr<DeadLetters> dead_letters_through(std::shared_ptr<detail::EmitterCore> emitter, std::string topic_template);

}  // namespace dispytch::listen
