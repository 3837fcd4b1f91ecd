#include "config/check_handling.hpp"

#include <cstdint>
#include <optional>
#include <set>

#include <dispytch/plugin/abi.h>

#include "config/defaults.hpp"
#include "schema/pointer.hpp"
#include "text/json_pointer.hpp"
#include "topic/name_template.hpp"

namespace dispytch::config {
namespace {

using nlohmann::json;

class HandlingCheck {
 public:
  HandlingCheck(const json& listener, const std::string& pointer, References& references, ProblemList& problems)
      : listener_{listener}, pointer_{pointer}, references_{references}, problems_{problems}, plugin_{references.plugin_of(listener)} {}

  void run() {
    check_ordering();
    references_.follow(listener_, pointer_, "emitter", "/emitters");
    check_ends();
    check_dead_letters();
    check_waits();
    check_lane();
  }

 private:
  // A number of the file, or the default that holds without it.
  struct Amount {
    std::int64_t count = 0;
    bool written = false;
    std::string text = {};  // "30s by default"
  };

  // nullopt: there is one, with a problem of its own.
  std::optional<Amount> amount(const char* key) const {
    const json* const value = schema::find(listener_, key);
    if (value == nullptr) {
      const std::int64_t count = listener_default_count(key);
      return Amount{.count = count, .text = print_listener_count(key, count) + " by default"};
    }
    const std::string place = pointer_ + key;
    if (!value->is_number() || problems_.is_broken(place) || problems_.is_reported(place)) return std::nullopt;
    const auto count = value->get<std::int64_t>();
    return Amount{.count = count, .written = true, .text = references_.shown(print_listener_count(key, count), place)};
  }

  void problem(const char* key, const std::string& text) { problems_.add(pointer_ + key, false, text); }

  const std::string* text_at(const char* key) const {
    const json* const value = schema::find(listener_, key);
    return value != nullptr && value->is_string() ? &value->get_ref<const std::string&>() : nullptr;
  }

  void check_ordering() {
    const std::string* const ordering = text_at("/ordering");
    if (ordering == nullptr || *ordering != "key" || plugin_ == nullptr || can(*plugin_, DISPYTCH_CAN_ORDER_BY_KEY)) return;
    problem("/ordering",
            references_.backend_of(listener_, pointer_) +
                " doesn't keep the messages of one key in one place; write `key_local` to order those that reach this process");
  }

  void check_ends() {
    if (listener_.contains("dead_letter")) return;
    for (const char* key : {"/on_failure", "/on_undecodable", "/on_unhandled", "/on_tombstone"}) {
      const std::string* const end = text_at(key);
      if (end != nullptr && *end == "dead_letter")
        problem(key, "the listener has no `dead_letter` that says where to; add `dead_letter: { emitter: NAME }` to it");
    }
  }

  void check_dead_letters() {
    const json* const dead_letter = schema::find(listener_, "/dead_letter");
    if (dead_letter == nullptr || !dead_letter->is_object()) return;
    const json* const emitter = references_.follow(*dead_letter, pointer_ + "/dead_letter", "emitter", "/emitters");
    if (emitter != nullptr) {
      const PluginInfo* const plugin = references_.plugin_of(*emitter);
      const std::string& name = *text_at("/dead_letter/emitter");
      if (plugin != nullptr && !can(*plugin, DISPYTCH_CAN_HEADERS))
        problem("/dead_letter/emitter", references_.backend_of(*emitter, schema::child("/emitters", name)) +
                                            " can't carry headers, in which dead letters tell why and where from; name an emitter "
                                            "of a backend that can");
    }
    check_dead_letter_topic(emitter);
  }

  void check_dead_letter_topic(const json* emitter) {
    const char* const key = "/dead_letter/topic";
    const std::string* const written = text_at(key);
    const std::string& topic = written != nullptr ? *written : listener_default(key).get_ref<const std::string&>();
    const std::vector<std::string> mistakes = topic::template_problems(topic);
    for (const std::string& mistake : mistakes) problem(key, mistake);
    if (!mistakes.empty()) return;
    const bool same_backend =
        emitter != nullptr && emitter->is_object() && emitter->value("backend", json{}) == listener_.value("backend", json{true});
    if (topic == "{topic}" && (same_backend || emitter == nullptr)) {
      problem(key, "dead letters would go back to the topic that they come from; write another, such as `{topic}.dlq`");
      return;
    }
    if (topic.find("{group}") != std::string::npos && !listener_.contains("group") && plugin_ != nullptr &&
        !can(*plugin_, DISPYTCH_CAN_GROUPS))
      problem(key, "the listener has no `group` to fill in for `{group}`; `{listener}` is its name");
    if (same_backend) check_dead_letters_stay_away(topic);
  }

  // The listener must not read what it sends to its dead letters itself. Of topics by name; patterns, and what handlers ask for where there
  // are no `topics`, are judged where the handlers are known (app/wiring.cpp).
  void check_dead_letters_stay_away(const std::string& topic) {
    const json* const topics = schema::find(listener_, "/topics");
    if (topics == nullptr || !topics->is_array()) return;
    std::set<std::string> names;
    for (const json& each : *topics) {
      const json* const name = each.is_string() ? &each : schema::find(each, "/name");
      if (name != nullptr && name->is_string()) names.insert(name->get<std::string>());
    }
    const std::string* const group = text_at("/group");
    for (const std::string& name : names) {
      const std::string target = topic::fill_in(topic, {.topic = name,
                                                        .listener = text::steps(pointer_).back(),
                                                        .group = group == nullptr ? std::string_view{} : std::string_view{*group}});
      if (!names.contains(target)) continue;
      problem("/dead_letter/topic",
              "dead letters would go to a topic that this listener reads itself; write another, or leave that one "
              "out of `topics`");
      return;
    }
  }

  void check_waits() {
    const std::optional<Amount> initial = amount("/retry/backoff/initial");
    const std::optional<Amount> longest = amount("/retry/backoff/max");
    const std::optional<Amount> in_place = amount("/retry/in_place_max");
    if (initial && longest && initial->count > longest->count)
      problem(initial->written ? "/retry/backoff/initial" : "/retry/backoff/max",
              "the first wait, " + initial->text + ", is longer than the longest, " + longest->text + "; lower `initial` or raise `max`");
    const bool able = plugin_ != nullptr && policy::can_requeue(plugin_->capabilities);
    const std::string* const beyond = text_at("/retry/beyond_in_place_max");
    if (beyond != nullptr && *beyond == "requeue") {
      if (plugin_ != nullptr && !able)
        problem("/retry/beyond_in_place_max", references_.backend_of(listener_, pointer_) +
                                                  " can't take a message back and deliver it later; write `refuse`, and keep "
                                                  "`backoff.max` within `in_place_max`");
    } else if (longest && in_place && longest->count > in_place->count) {
      problem(longest->written ? "/retry/backoff/max" : "/retry/in_place_max",
              "waits of up to " + longest->text + " are longer than `retry.in_place_max`, " + in_place->text +
                  "; lower `backoff.max`, or raise `in_place_max` to hold a lane for so long" +
                  (able                 ? ", or let the broker keep the message meanwhile: `beyond_in_place_max: requeue`"
                   : plugin_ == nullptr ? ""
                                        : ", since " + references_.backend_of(listener_, pointer_) + " can't keep messages for a time"));
    }
  }

  // A lane of which the file says nothing is never larger than `messages`.
  void check_lane() {
    const std::optional<Amount> lane = amount("/limits/lane");
    const std::optional<Amount> messages = amount("/limits/messages");
    if (lane && lane->written && messages && lane->count > messages->count)
      problem("/limits/lane", "a lane of " + lane->text + " messages is more than `messages` allows in all, " + messages->text +
                                  "; lower `lane` or raise `messages`");
  }

  const json& listener_;
  const std::string& pointer_;
  References& references_;
  ProblemList& problems_;
  const PluginInfo* plugin_;
};

}  // namespace

void check_handling(const json& listener, const std::string& pointer, References& references, ProblemList& problems) {
  HandlingCheck{listener, pointer, references, problems}.run();
}

}  // namespace dispytch::config
