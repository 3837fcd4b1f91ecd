// Sizes and strides: hosts older and newer than the plugin.
#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <set>

#include "kit/rule.hpp"

namespace dispytch::conformance {
namespace {

constexpr std::uint8_t kGuard = 0xa5;

// A config that the plugin refuses, or JSON that is none.
Outcome provoke(Scene& scene, dispytch_error& error) {
  dispytch_adapter* out = nullptr;
  Outcome outcome;
  outcome.status = scene.plugin.open(scene.host.raw(), "{", 1, 1000, &out, &error);
  expect(!outcome.ok(), "open took the broken JSON text '{'");
  return outcome;
}

void errors_are_filled(Scene& scene) {
  dispytch_error error;
  std::memset(&error, 'x', sizeof(error));  // nothing said by chance
  error.size = sizeof(error);
  const Outcome outcome = provoke(scene, error);
  expect(error.size == sizeof(error), "the size of the host's dispytch_error was changed");
  expect(error.code == outcome.status, "open returned ", name_of(outcome.status), " and wrote ", name_of(error.code));
  expect((error.flags & ~7u) == 0, "the error's flags hold bits that there are not: ", error.flags);
  const std::size_t length = strnlen(error.text, sizeof(error.text));
  expect(length < sizeof(error.text), "the error's text doesn't end");
  expect(length > 0, "open failed with ", name_of(outcome.status), " and gave no text");
}

void errors_stay_within_their_size(Scene& scene) {
  alignas(dispytch_error) std::array<std::uint8_t, sizeof(dispytch_error)> memory;
  memory.fill(kGuard);
  auto& error = *reinterpret_cast<dispytch_error*>(memory.data());
  error.size = offsetof(dispytch_error, text);  // a host that knows no text
  provoke(scene, error);
  const bool intact =
      std::all_of(memory.begin() + offsetof(dispytch_error, text), memory.end(), [](std::uint8_t byte) { return byte == kGuard; });
  expect(intact, "the plugin wrote beyond the size that the host's dispytch_error says");
}

void an_older_host_is_enough(Scene& scene) {
  dispytch_host older = *scene.host.raw();
  older.size = offsetof(dispytch_host, extension);  // a host that knows no extensions
  static std::atomic<bool> called;
  called = false;
  older.extension = [](void*, const char*) noexcept -> const void* {
    called = true;
    return nullptr;
  };
  dispytch_adapter* out = nullptr;
  const Outcome outcome = Adapter::try_open(scene.plugin, older, scene.backend_json(), scene.options.patience, &out);
  expect(outcome.ok(), "open refuses a host without `extension`: ", to_string(outcome));
  if (scene.plugin.producer != nullptr) {
    dispytch_producer* producer = nullptr;
    dispytch_error error = empty_error();
    const std::string json = scene.producer_json();
    const dispytch_status status =
        scene.plugin.producer->open(out, json.data(), json.size(), scene.host.new_cookie(),
                                    static_cast<std::int32_t>(scene.options.patience.count()), &producer, &error);
    expect(status == DISPYTCH_OK, "with a host without `extension` a producer can't be opened: ", to_string(Outcome{status, error}));
    scene.plugin.producer->close(producer, 1000, &error);
  }
  dispytch_error error = empty_error();
  scene.plugin.close(out, 1000, &error);
  expect(!called, "the plugin called `extension` of a host whose size doesn't cover it");
}

// Elements of a host that knows more fields than the plugin: what lies behind each is not zero.
template <class T>
class Longer {
 public:
  static constexpr std::uint32_t kStride = sizeof(T) + 16;
  explicit Longer(std::size_t count) : memory_(count * kStride, kGuard) {}
  T* data() { return reinterpret_cast<T*>(memory_.data()); }
  T& operator[](std::size_t i) { return *reinterpret_cast<T*>(memory_.data() + i * kStride); }
  bool intact() const {
    for (std::size_t at = sizeof(T); at < memory_.size(); at += kStride) {
      if (std::any_of(memory_.begin() + static_cast<std::ptrdiff_t>(at), memory_.begin() + static_cast<std::ptrdiff_t>(at + 16),
                      [](std::uint8_t byte) { return byte != kGuard; })) {
        return false;
      }
    }
    return true;
  }

 private:
  std::vector<std::uint8_t> memory_;
};

void longer_messages_and_reports(Scene& scene) {
  constexpr std::uint32_t kCount = 8;
  const auto producer = scene.producer();
  const dispytch_producer_api& api = *scene.plugin.producer;
  std::vector<std::string> payloads;
  for (std::uint32_t i = 0; i < kCount; ++i) payloads.push_back(*scene.message(static_cast<int>(i)).payload);
  Longer<dispytch_message> messages{kCount};
  for (std::uint32_t i = 0; i < kCount; ++i) {
    messages[i] = dispytch_message{};
    messages[i].topic = {reinterpret_cast<const std::uint8_t*>(scene.options.topic.data()), scene.options.topic.size()};
    messages[i].payload = {reinterpret_cast<const std::uint8_t*>(payloads[i].data()), payloads[i].size()};
    messages[i].token = i + 1;
  }
  std::uint32_t accepted = 0;
  Outcome outcome{.error = empty_error()};
  outcome.status = api.send(producer->raw(), messages.data(), Longer<dispytch_message>::kStride, kCount, &accepted, &outcome.error);
  expect(outcome.status == DISPYTCH_OK && accepted == kCount, "send of messages with a longer stride took ", accepted, " of ", kCount, ": ",
         to_string(outcome));
  const Outcome flushed = producer->flush(scene.options.patience);
  expect(flushed.status == DISPYTCH_OK, "flush ended with ", to_string(flushed));

  Longer<dispytch_report> reports{kCount};
  for (std::uint32_t i = 0; i < kCount; ++i) reports[i] = dispytch_report{};
  std::uint32_t count = 0;
  api.reports(producer->raw(), reports.data(), Longer<dispytch_report>::kStride, kCount, &count);
  expect(count == kCount, "after a flush of ", kCount, " messages reports gave ", count);
  expect(reports.intact(), "reports wrote into fields that the plugin can't know");
  std::set<std::uint64_t> tokens;
  for (std::uint32_t i = 0; i < kCount; ++i) tokens.insert(reports[i].token);
  expect(tokens.size() == kCount && *tokens.begin() == 1 && *tokens.rbegin() == kCount, "reports with a longer stride carry wrong tokens");
}

void shorter_reports(Scene& scene) {
  constexpr std::uint32_t kCount = 4, kStride = offsetof(dispytch_report, text);  // a host that knows no text
  const auto producer = scene.producer();
  producer->send_all(scene.messages(0, kCount), 1, scene.options.patience);
  const Outcome flushed = producer->flush(scene.options.patience);
  expect(flushed.status == DISPYTCH_OK, "flush ended with ", to_string(flushed));
  alignas(dispytch_report) std::array<std::uint8_t, kCount * kStride + sizeof(dispytch_report)> memory{};
  std::fill(memory.begin() + kCount * kStride, memory.end(), kGuard);
  std::uint32_t count = 0;
  scene.plugin.producer->reports(producer->raw(), reinterpret_cast<dispytch_report*>(memory.data()), kStride, kCount, &count);
  expect(count == kCount, "reports with a shorter stride gave ", count, " of ", kCount);
  const bool intact = std::all_of(memory.begin() + kCount * kStride, memory.end(), [](std::uint8_t byte) { return byte == kGuard; });
  expect(intact, "reports wrote beyond the last element that the host's stride says");
  std::set<std::uint64_t> tokens;
  for (std::uint32_t i = 0; i < kCount; ++i) {
    std::uint64_t token = 0;
    std::memcpy(&token, memory.data() + i * kStride, sizeof(token));
    tokens.insert(token);
  }
  expect(tokens.size() == kCount && *tokens.begin() == 1 && *tokens.rbegin() == kCount, "reports with a shorter stride carry wrong tokens");
}

void longer_settlements(Scene& scene) {
  scene.publish(scene.messages_in_one_source(0, 4));
  const std::uint32_t action = scene.can(DISPYTCH_CAN_ACK_EACH) ? DISPYTCH_ACK : DISPYTCH_ACK_UP_TO;
  {
    const auto consumer = scene.consumer();
    Reader reader{scene, *consumer};
    const std::vector<Received> all = reader.take(4);
    Longer<dispytch_settlement> settlements{3};
    for (std::size_t i = 0; i < 3; ++i) settlements[i] = {all[i].token, action, 0};
    Outcome outcome{.error = empty_error()};
    outcome.status = consumer->api().settle(consumer->raw(), settlements.data(), Longer<dispytch_settlement>::kStride, 3, &outcome.error);
    expect(outcome.status == DISPYTCH_OK, "settlements with a longer stride are refused: ", to_string(outcome));
    consumer->sync(scene.options.patience);
  }
  const auto consumer = scene.consumer();
  Reader reader{scene, *consumer};
  expect(reader.take(1).front().number == 3, "settlements with a longer stride were not all taken");
}

void shorter_settlements(Scene& scene) {
  constexpr std::uint32_t kStride = offsetof(dispytch_settlement, flags);  // a host of version 1.0
  scene.publish({scene.in_one_source(0)});
  const auto consumer = scene.consumer();
  Reader reader{scene, *consumer};
  alignas(dispytch_settlement) std::array<std::uint8_t, sizeof(dispytch_settlement)> memory;
  memory.fill(kGuard);  // read as flags it says that attempts are said
  const dispytch_settlement settlement{.token = reader.take(1).front().token, .action = DISPYTCH_REQUEUE};
  std::memcpy(memory.data(), &settlement, kStride);
  Outcome outcome{.error = empty_error()};
  outcome.status =
      consumer->api().settle(consumer->raw(), reinterpret_cast<const dispytch_settlement*>(memory.data()), kStride, 1, &outcome.error);
  expect(outcome.status == DISPYTCH_OK, "a settlement with a shorter stride is refused: ", to_string(outcome));
  const Received again = reader.take(1).front();
  expect((again.flags & DISPYTCH_MSG_ATTEMPTS) == 0,
         "the plugin took what lies behind a settlement of an older host for its attempts: ", again.attempts);
}

constexpr std::array kSizeRules{
    offline(Rule{"size.errors_are_filled", 0,
                 "A negative status fills dispytch_error: the same code, known flags, a text that isn't empty and ends.",
                 errors_are_filled}),
    offline(Rule{"size.errors_stay_within_their_size", 0, "Nothing is written beyond the size that the host's dispytch_error says.",
                 errors_stay_within_their_size}),
    Rule{"size.an_older_host_is_enough", 0, "A field of the host is looked at only if its size covers it.", an_older_host_is_enough},
    Rule{"size.longer_messages_and_reports", DISPYTCH_CAN_PRODUCE, "Messages and reports of a newer host are walked by its stride.",
         longer_messages_and_reports},
    Rule{"size.shorter_reports", DISPYTCH_CAN_PRODUCE, "Reports of an older host are cut to its stride.", shorter_reports},
    Rule{"size.longer_settlements", kFlow, "Settlements of a newer host are walked by its stride.", longer_settlements, kAcknowledge},
    Rule{"size.shorter_settlements", kFlow | DISPYTCH_CAN_REQUEUE | DISPYTCH_CAN_CARRY_ATTEMPTS,
         "Settlements of an older host are read no further than its stride.", shorter_settlements},
};

}  // namespace

std::span<const Rule> size_rules() { return kSizeRules; }

}  // namespace dispytch::conformance
