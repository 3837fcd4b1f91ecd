#include "listen/dead_letters.hpp"

#include <utility>

#include "emit/emitter_core.hpp"
#include "listen/letter_headers.hpp"
#include "text/character.hpp"
#include "topic/name_template.hpp"

namespace dispytch::listen {
namespace {

constexpr std::size_t kMostOfAText = 1024;  // brokers bound a message's headers

std::string cut(std::string_view text) {
  return text.size() <= kMostOfAText ? std::string{text} : std::string{text::cut(text, kMostOfAText)} + "…";
}

class EmitterDeadLetters final : public DeadLetters {
 public:
  EmitterDeadLetters(std::shared_ptr<detail::EmitterCore> emitter, std::string topic_template)
      : emitter_{std::move(emitter)}, topic_template_{std::move(topic_template)} {}
  std::string_view topic_template() const noexcept override { return topic_template_; }
  void send(const OutgoingMessage& message, Done done) override { emitter_->emit_now(message, std::move(done)); }

 private:
  const std::shared_ptr<detail::EmitterCore> emitter_;
  const std::string topic_template_;
};

}  // namespace

OutgoingMessage make_dead_letter(const Message& message, const DeadLetterInfo& info, std::string_view topic_template, LetterDetail detail) {
  OutgoingMessage letter{.topic =
                             topic::fill_in(topic_template, {.topic = message.topic(), .listener = info.listener, .group = info.group})};
  if (const auto key = message.key()) letter.key.emplace(*key);
  if (const auto payload = message.payload()) letter.payload.emplace(*payload);
  for (const Header& header : message.headers()) {
    // What an earlier death left behind is replaced; the count of replays stays.
    if (!is_letter_header(header.key)) letter.headers.emplace_back(header.key, header.value);
  }
  std::string left_out;
  // A header that a letter of that much detail, or of less, goes without.
  const auto say = [&](std::string_view name, std::string value, LetterDetail gone_from = LetterDetail{0xff}) {
    if (detail < gone_from) {
      letter.headers.emplace_back(name, std::move(value));
    } else {
      left_out += (left_out.empty() ? "" : ",") + std::string{name.substr(letter_header::kPrefix.size())};
    }
  };
  say(letter_header::kReason, cut(info.reason));
  if (!info.exception.empty()) say(letter_header::kException, cut(info.exception), LetterDetail::without_exception);
  if (!info.handler.empty()) say(letter_header::kHandler, std::string{info.handler}, LetterDetail::least);
  say(letter_header::kListener, std::string{info.listener}, LetterDetail::least);
  if (!info.group.empty()) say(letter_header::kGroup, std::string{info.group});
  say(letter_header::kTopic, std::string{message.topic()});
  if (const auto partition = message.partition()) say(letter_header::kPartition, std::to_string(*partition));
  if (const auto offset = message.offset()) say(letter_header::kOffset, std::to_string(*offset));
  if (const auto id = message.id()) say(letter_header::kId, cut(*id));
  say(letter_header::kAttempts, std::to_string(info.attempts), LetterDetail::least);
  say(letter_header::kFirst, std::to_string(info.first_ms), LetterDetail::least);
  say(letter_header::kLast, std::to_string(info.last_ms), LetterDetail::least);
  if (const auto time = message.timestamp()) {
    say(letter_header::kTimestamp, std::to_string(time->time_since_epoch().count()), LetterDetail::least);
  }
  if (!left_out.empty()) letter.headers.emplace_back(letter_header::kLeftOut, std::move(left_out));
  return letter;
}

std::unique_ptr<DeadLetters> dead_letters_through(std::shared_ptr<detail::EmitterCore> emitter, std::string topic_template) {
  return std::make_unique<EmitterDeadLetters>(std::move(emitter), std::move(topic_template));
}

}  // namespace dispytch::listen
