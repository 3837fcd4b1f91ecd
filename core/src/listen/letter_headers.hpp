// The headers of a dead letter: what is known of a message that could not be handled.
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

namespace dispytch::listen {

namespace letter_header {
inline constexpr std::string_view kPrefix = "dispytch-";
inline constexpr std::string_view kReason = "dispytch-reason";
inline constexpr std::string_view kException = "dispytch-exception";
inline constexpr std::string_view kHandler = "dispytch-handler";
inline constexpr std::string_view kListener = "dispytch-listener";
inline constexpr std::string_view kGroup = "dispytch-group";
inline constexpr std::string_view kTopic = "dispytch-topic";
inline constexpr std::string_view kPartition = "dispytch-partition";
inline constexpr std::string_view kOffset = "dispytch-offset";
inline constexpr std::string_view kId = "dispytch-id";  // where the broker has one for the message
inline constexpr std::string_view kAttempts = "dispytch-attempts";
inline constexpr std::string_view kFirst = "dispytch-first";
inline constexpr std::string_view kLast = "dispytch-last";
inline constexpr std::string_view kTimestamp = "dispytch-timestamp";
inline constexpr std::string_view kLeftOut = "dispytch-left-out";

inline constexpr std::array kAll = {kReason, kException, kHandler,  kListener, kGroup, kTopic,     kPartition,
                                    kOffset, kId,        kAttempts, kFirst,    kLast,  kTimestamp, kLeftOut};
}  // namespace letter_header

/// How often a message has been replayed from its dead letter: set by `dispytch dlq replay`. No header of a letter: a message that fails
/// again takes it along into its next one, by which a loop is noticed.
inline constexpr std::string_view kReplays = "dispytch-replays";

/// Whether a dead letter has that header because it is one, and the message before had not.
inline bool is_letter_header(std::string_view name) { return std::ranges::find(letter_header::kAll, name) != letter_header::kAll.end(); }

}  // namespace dispytch::listen
