// The end of things: what is left behind, and what must not follow.
#include <dirent.h>

#include <array>
#include <csignal>
#include <cstdint>
#include <fstream>
#include <map>
#include <set>
#include <thread>

#include "kit/rule.hpp"

namespace dispytch::conformance {
namespace {

std::set<std::string> threads() {
  std::set<std::string> all;
  DIR* const folder = opendir("/proc/self/task");
  expect(folder != nullptr, "the kit can't read /proc/self/task");
  while (const dirent* const entry = readdir(folder)) {
    if (entry->d_name[0] != '.') all.insert(entry->d_name);
  }
  closedir(folder);
  return all;
}

// A sanitizer runs a thread of its own, as do threads of this kit that are about to end.
std::set<std::string> new_threads(const std::set<std::string>& before) {
  std::set<std::string> fresh;
  for (const std::string& thread : threads()) {
    if (!before.contains(thread)) fresh.insert(thread);
  }
  return fresh;
}

// The signals that a program handles or is ended by: their bits in /proc's masks.
constexpr std::uint64_t signal_bits() {
  std::uint64_t bits = 0;
  for (const int number : {SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2, SIGALRM, SIGTERM, SIGCHLD}) bits |= std::uint64_t{1} << (number - 1);
  return bits;
}

std::uint64_t blocked_signals(const std::string& thread) {
  std::ifstream status{"/proc/self/task/" + thread + "/status"};
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("SigBlk:")) return std::stoull(line.substr(7), nullptr, 16);
  }
  return ~std::uint64_t{0};  // it has ended
}

// Everything that a backend can open, at work.
struct Work {
  explicit Work(Scene& scene) {
    scene.adapter();
    if (scene.can(DISPYTCH_CAN_PRODUCE)) scene.publish(scene.messages(0, 3));
    if (scene.can(DISPYTCH_CAN_CONSUME)) {
      consumer = scene.consumer();
      Reader{scene, *consumer}.await_event(DISPYTCH_ASSIGNED);
    }
  }
  std::unique_ptr<Consumer> consumer;
};

void threads_block_signals(Scene& scene) {
  const std::set<std::string> before = threads();
  const Work work{scene};
  // A thread is born with all signals blocked and opens them when it first runs: it is looked at more than once.
  const auto deadline = std::chrono::steady_clock::now() + scene.options.quiet;
  do {
    std::this_thread::sleep_for(Milliseconds{10});
    for (const std::string& thread : new_threads(before)) {
      const std::uint64_t open = signal_bits() & ~blocked_signals(thread);
      expect(open == 0, "a thread of the plugin doesn't block the signals 0x", std::hex, open,
             ": the application's handlers would run on it");
    }
  } while (std::chrono::steady_clock::now() < deadline);
}

void close_joins_threads(Scene& scene) {
  std::thread{[] {}}.join();  // a thread that a sanitizer starts beside the first one is not the plugin's
  const std::set<std::string> before = threads();
  {
    Scene inner{scene.plugin, scene.options};
    const Work work{inner};
  }
  // A thread that was joined may be seen by /proc for a moment.
  const auto deadline = std::chrono::steady_clock::now() + scene.options.patience;
  while (!new_threads(before).empty()) {
    expect(std::chrono::steady_clock::now() < deadline, new_threads(before).size(), " threads outlive the close of all that started them");
    std::this_thread::sleep_for(Milliseconds{5});
  }
}

void expect_no_complaints(const Scene& scene) {
  for (const std::string& complaint : scene.host.complaints()) fail(complaint);
}

void no_notify_after_close(Scene& scene) {
  auto consumer = scene.can(DISPYTCH_CAN_CONSUME) ? scene.consumer() : nullptr;
  if (consumer) Reader{scene, *consumer}.await_event(DISPYTCH_ASSIGNED);
  const auto producer = scene.producer();
  producer->send_all(scene.messages(0, 20), 1, scene.options.patience);  // its reports are under way
  Outcome closed = producer->close(scene.options.patience);
  expect(closed.ok(), "closing a producer failed: ", to_string(closed));
  if (consumer) {
    closed = consumer->close(scene.options.patience);
    expect(closed.ok(), "closing a consumer failed: ", to_string(closed));
  }
  scene.publish(scene.messages(20, 20));  // what the closed ones would have been told of
  std::this_thread::sleep_for(scene.options.quiet);
  expect_no_complaints(scene);
}

void host_is_used_rightly(Scene& scene) {
  const Work work{scene};
  scene.publish(scene.messages(3, 50));
  if (work.consumer) {
    Reader reader{scene, *work.consumer};
    reader.take(50);
  }
  expect_no_complaints(scene);
}

void close_with_reports_unpulled(Scene& scene) {
  const auto producer = scene.producer();
  producer->send_all(scene.messages(0, 20), 1, scene.options.patience);
  const Outcome closed = producer->close(scene.options.patience);
  expect(closed.ok() || closed.error.text[0] != '\0', "close failed with ", name_of(closed.status), " and gave no text");
  scene.publish({scene.message(20)});
}

void close_keeps_within_its_timeout(Scene& scene) {
  const auto begin = std::chrono::steady_clock::now();
  {
    const auto consumer = scene.consumer();
    Reader reader{scene, *consumer};
    scene.publish(scene.messages(0, 10));
    reader.take(10);
    const Outcome closed = consumer->close(scene.options.patience);  // with everything unsettled
    expect(closed.ok(), "closing a consumer with unsettled messages failed: ", to_string(closed));
  }
  expect(std::chrono::steady_clock::now() - begin < scene.options.patience * 3, "closing a consumer with unsettled messages took too long");
}

void close_keeps_what_was_settled(Scene& scene) {
  scene.publish(scene.messages_in_one_source(0, 6));
  {
    const auto consumer = scene.consumer();
    Reader reader{scene, *consumer};
    reader.ack_all(reader.take(6));
    const Outcome closed = consumer->close(scene.options.patience);  // without sync
    expect(closed.ok(), "close failed: ", to_string(closed));
  }
  const auto consumer = scene.consumer();
  Reader reader{scene, *consumer};
  reader.expect_nothing("it was settled before its consumer closed");
}

// What each signal does in this process.
std::map<int, const void*> dispositions() {
  std::map<int, const void*> all;
  for (int number = 1; number < NSIG; ++number) {
    struct sigaction action {};
    if (sigaction(number, nullptr, &action) == 0) all[number] = reinterpret_cast<const void*>(action.sa_handler);
  }
  return all;
}

void signal_dispositions_stay(Scene& scene) {
  const std::map<int, const void*> before = dispositions();
  {
    Scene inner{scene.plugin, scene.options};
    const Work work{inner};
    for (const auto& [number, handler] : dispositions()) {
      expect(before.at(number) == handler, "the plugin changed what signal ", number, " does, which is the application's");
    }
  }
  expect(before == dispositions(), "the plugin changed what a signal does, which is the application's");
}

constexpr std::array kEndRules{
    Rule{"end.threads_block_signals", 0, "Threads of the plugin block all signals.", threads_block_signals},
    Rule{"end.close_joins_threads", 0, "After close no thread is left of what the object started.", close_joins_threads},
    Rule{"end.no_notify_after_close", DISPYTCH_CAN_PRODUCE, "No notify follows the close of its object.", no_notify_after_close},
    Rule{"end.host_is_used_rightly", kFlow, "notify, log and metrics are called with cookies, levels and ids that there are.",
         host_is_used_rightly},
    Rule{"end.close_with_reports_unpulled", DISPYTCH_CAN_PRODUCE, "A producer closes while reports are unpulled; others go on.",
         close_with_reports_unpulled},
    Rule{"end.close_with_messages_unsettled", kFlow, "A consumer closes within its timeout while messages are unsettled.",
         close_keeps_within_its_timeout},
    Rule{"end.close_keeps_what_was_settled", kFlow, "close stores what was settled before it, also without sync.",
         close_keeps_what_was_settled, kAcknowledge},
    Rule{"end.signal_dispositions_stay", 0, "What a signal does in the process is as before.", signal_dispositions_stay},
};

}  // namespace

std::span<const Rule> end_rules() { return kEndRules; }

}  // namespace dispytch::conformance
