#include "cli/letter_box.hpp"

#include <algorithm>

#include <CLI/CLI.hpp>

#include "cli/command.hpp"
#include "cli/open_config.hpp"
#include "listen/letter_headers.hpp"
#include "topic/name_template.hpp"
#include "topic/pattern.hpp"

namespace dispytch::cli {
namespace {

bool is_pattern(std::string_view topic) { return topic.find('{') != std::string_view::npos; }

bool any_matches(const std::vector<std::string>& patterns, std::string_view topic) {
  return std::ranges::any_of(patterns, [&](const std::string& pattern) { return topic::Pattern{pattern}.matches(topic); });
}

std::string list(const std::vector<std::string>& topics) {
  std::string text;
  for (const std::string& topic : topics) text += (text.empty() ? "" : ", ") + topic;
  return text;
}

}  // namespace

void add_box_options(CLI::App& command, BoxOptions& options) {
  add_config_option(command, options.config);
  command.add_option("LISTENER", options.listener, "a listener of the config file, whose dead letters are meant")
      ->required()
      ->type_name("");
  command
      .add_option("--topic", options.topics,
                  "A topic that the listener reads, whose dead letters alone are meant; needed where the config file names none")
      ->allow_extra_args(false)
      ->check(require_utf8)
      ->type_name("NAME");
}

LetterBox::LetterBox(const config::Config& config, const BoxOptions& options)
    : config_{config}, listener_{&named(config.listeners, "listener", options.listener, config)} {
  const std::string name = "listener `" + listener_->name + "` of " + config.file.string();
  if (listener_->dead_letter_emitter.empty()) {
    throw UsageError{name + " has no dead letters: it has no key `dead_letter`. What it can't handle is held, or goes by `on_failure`"};
  }
  emitter_ = &config.emitters.at(listener_->dead_letter_emitter);

  std::vector<std::string> configured;
  bool own_expression = false;
  for (const config::TopicConfig& topic : listener_->topics) {
    own_expression |= topic.pattern.starts_with('^');
    configured.push_back(topic.pattern.empty() ? topic.name : topic.pattern);
  }
  if (options.topics.empty() && configured.empty()) {
    throw UsageError{name + " names no topics, and those of its handlers are known to the application alone; say them: --topic NAME"};
  }
  if (options.topics.empty() && own_expression) {
    throw UsageError{name +
                     " has a topic that is an expression of the broker's own, which only the broker can read; say which topics are " +
                     "meant: --topic NAME"};
  }
  const auto foreign = std::ranges::find_if(options.topics, [&](const std::string& topic) { return !any_matches(configured, topic); });
  if (foreign != options.topics.end() && !configured.empty() && !own_expression) {
    throw UsageError{"--topic " + *foreign + ": " + name + " doesn't read it; it reads " + list(configured)};
  }
  originals_ = options.topics.empty() ? configured : options.topics;
  for (const std::string& original : originals_) {
    std::string box =
        topic::fill_in(listener_->dead_letter_topic, {.topic = original, .listener = listener_->name, .group = listener_->group});
    if (std::ranges::find(boxes_, box) == boxes_.end()) boxes_.push_back(std::move(box));
  }
}

border::ConsumerDocument LetterBox::document(std::string group) const {
  border::ConsumerDocument document{.group = std::move(group), .drain = listener_->drain};
  if (backend() == listener_->backend) document.config = listener_->config;  // else it is written for another plugin
  for (const std::string& box : boxes_) {
    auto& topic = document.topics.emplace_back();
    (is_pattern(box) ? topic.pattern : topic.name) = box;
  }
  return document;
}

bool LetterBox::reads(std::string_view original_topic) const { return any_matches(originals_, original_topic); }

bool LetterBox::holds(std::string_view topic) const { return any_matches(boxes_, topic); }

std::vector<std::string> LetterBox::topics() const {
  for (const std::string& box : boxes_) {
    if (is_pattern(box)) throw UsageError{"the dead letters lie in the topics " + box + "; say which topic is meant: --topic NAME"};
  }
  return boxes_;
}

std::string LetterBox::list_topics() const { return list(boxes_); }

std::string LetterBox::topic_of(const LetterPlace& place) const {
  if (place.topic.empty()) {
    if (boxes_.size() == 1 && !is_pattern(boxes_.front())) return boxes_.front();
    throw UsageError{"there are several topics of dead letters, " + list(boxes_) + "; say which one is meant: TOPIC/" +
                     std::to_string(place.partition) + ":" + std::to_string(place.offset)};
  }
  if (!holds(place.topic)) {
    throw UsageError{"topic " + place.topic + " holds no dead letters of listener `" + listener_->name + "`; there are: " + list(boxes_)};
  }
  return place.topic;
}

Letter LetterBox::read(const Message& message) const {
  const auto original = (message.raw().flags & DISPYTCH_MSG_HEADERS) != 0 ? message.header(listen::letter_header::kTopic) : std::nullopt;
  const config::BackendConfig& backend = config_.backends.at(listener_->backend);
  return read_letter(message, original ? wire_of(backend, std::string{*original}) : backend.wire);
}

}  // namespace dispytch::cli
