// Opening while the broker refuses, is silent, or is only starting.
#include <array>
#include <atomic>
#include <cstdint>
#include <exception>
#include <thread>

#include "kit/commands.hpp"
#include "kit/rule.hpp"

namespace dispytch::conformance {
namespace {

using Clock = std::chrono::steady_clock;

// What an operator's start does: opens the backend and then a consumer, on a thread of its own.
class Opener {
 public:
  Opener(Scene& scene, const std::string& backend_json, Milliseconds timeout) : scene_{scene}, json_{backend_json}, timeout_{timeout} {}
  ~Opener() {
    if (thread_.joinable()) thread_.join();
    dispytch_error ignored = empty_error();
    if (consumer_ != nullptr) scene_.plugin.consumer->close(consumer_, 2000, &ignored);
    if (adapter_ != nullptr) scene_.plugin.close(adapter_, 2000, &ignored);
  }

  void begin() {
    thread_ = std::thread{[this] { open(); }};
  }
  bool ended() const noexcept { return ended_; }
  // What the one that failed said, or the consumer's success.
  const Outcome& finish() {
    if (thread_.joinable()) thread_.join();
    return outcome_;
  }
  Milliseconds took() const noexcept { return took_; }
  dispytch_consumer* consumer() const noexcept { return consumer_; }

 private:
  void open() {
    const auto begin = Clock::now();
    outcome_ = Adapter::try_open(scene_.plugin, *scene_.host.raw(), json_, timeout_, &adapter_);
    if (outcome_.ok()) {
      const std::string json = scene_.consumer_json({});
      outcome_ = Outcome{.error = empty_error()};
      outcome_.status = scene_.plugin.consumer->open(adapter_, json.data(), json.size(), scene_.host.new_cookie(),
                                                     static_cast<std::int32_t>(timeout_.count()), &consumer_, &outcome_.error);
    }
    took_ = std::chrono::duration_cast<Milliseconds>(Clock::now() - begin);
    ended_ = true;
  }

  Scene& scene_;
  const std::string json_;
  const Milliseconds timeout_;
  dispytch_adapter* adapter_ = nullptr;
  dispytch_consumer* consumer_ = nullptr;
  Outcome outcome_ = {};
  Milliseconds took_{0};
  std::atomic<bool> ended_ = false;
  std::thread thread_ = {};
};

// Whether the opened consumer is told of its sources, and so is at work.
void expect_at_work(Scene& scene, dispytch_consumer* consumer) {
  const auto deadline = Clock::now() + scene.options.patience;
  while (true) {
    const dispytch_batch* batch = nullptr;
    dispytch_error error = empty_error();
    const dispytch_status status = scene.plugin.consumer->poll(consumer, 0, 1 << 20, 50, &batch, &error);
    expect(status >= 0, "poll failed with ", name_of(status), ": ", error.text);
    const bool assigned = batch != nullptr && batch->kind == DISPYTCH_ASSIGNED;
    if (batch != nullptr) scene.plugin.consumer->release(consumer, batch);
    if (assigned) return;
    expect(Clock::now() < deadline, "the consumer was opened, and is never told of its sources");
  }
}

void expect_opened(Scene& scene, Opener& opener, const char* after) {
  const Outcome& outcome = opener.finish();
  expect(outcome.status == DISPYTCH_OK, "opening ended with ", to_string(outcome), " after ", opener.took().count(), " ms, though ", after,
         " within its time-out of ", scene.options.patience.count(), " ms");
  expect_at_work(scene, opener.consumer());
}

// Waits until the plugin has tried to connect; one that connects later, or not at all when it is opened, has nothing to wait for.
template <class Condition>
void await_attempt(Scene& scene, const Opener& opener, Condition attempted) {
  const auto deadline = Clock::now() + scene.options.patience / 2;
  while (!attempted() && !opener.ended() && Clock::now() < deadline) std::this_thread::sleep_for(Milliseconds{2});
}

void waits_while_refused(Scene& scene) {
  network::Proxy& proxy = scene.network().proxy();
  const std::uint64_t before = proxy.attempts();
  proxy.set({.refuse = true});
  Opener opener{scene, scene.backend_json(), scene.options.patience};
  opener.begin();
  await_attempt(scene, opener, [&] { return proxy.attempts() > before; });
  std::this_thread::sleep_for(scene.options.quiet);  // so that one that gives up has done it
  proxy.set({});
  expect_opened(scene, opener, "the broker took connections again");
}

void waits_while_silent(Scene& scene) {
  network::Proxy& proxy = scene.network().proxy();
  proxy.set({.hold = true});
  Opener opener{scene, scene.backend_json(), scene.options.patience};
  opener.begin();
  await_attempt(scene, opener, [&] { return proxy.waiting() > 0; });
  proxy.mute();
  proxy.set({});
  expect_opened(scene, opener, "only its first connection was never answered, and others were");
}

void error_names_the_address(Scene& scene) {
  network::Proxy& proxy = scene.network().proxy();
  proxy.set({.refuse = true});
  const Milliseconds timeout = std::min(Milliseconds{1000}, scene.options.patience);
  Opener opener{scene, scene.backend_json(), timeout};
  opener.begin();
  const Outcome& outcome = opener.finish();
  expect(!outcome.ok(), "opening succeeded while the broker refused all connections");
  expect(opener.took() <= timeout * 2 + scene.options.slack, "opening with a time-out of ", timeout.count(), " ms took ",
         opener.took().count(), " ms");
  const std::string text = outcome.error.text;
  const std::string address = scene.network().address();
  const std::string port = address.substr(address.rfind(':'));
  expect(text.find(port) != std::string::npos, "the error doesn't name the address ", address, ": ", to_string(outcome));
}

void refused_login_ends_at_once(Scene& scene) {
  nlohmann::json config = direct_config(scene.options);
  config.update(scene.options.refused_login);
  const Milliseconds timeout = scene.options.patience + scene.options.slack;
  Opener opener{scene, nlohmann::json{{"config", config}}.dump(), timeout};
  opener.begin();
  const Outcome& outcome = opener.finish();
  expect(outcome.status == DISPYTCH_EAUTH, "a login that the broker refuses is ", to_string(outcome), ", expected EAUTH");
  expect(opener.took() < scene.options.patience, "a login that the broker refuses was tried for ", opener.took().count(), " ms");
}

void waits_for_a_starting_broker(Scene& scene) {
  Stopped broker{scene};
  Opener opener{scene, scene.backend_json(), scene.options.patience};
  opener.begin();
  std::this_thread::sleep_for(scene.options.quiet);
  broker.start();
  expect_opened(scene, opener, "the broker was started");
}

constexpr std::array kConnectRules{
    asking(kNetwork, Rule{"connect.waits_while_refused", kFlow,
                          "Opening goes on trying until its time-out while connections are refused, and succeeds when they no longer are.",
                          waits_while_refused}),
    asking(kNetwork,
           Rule{"connect.waits_while_silent", kFlow,
                "A connection that is never answered is given up for another one within the time-out of opening.", waits_while_silent}),
    asking(kNetwork,
           Rule{"connect.error_names_the_address", kFlow,
                "Opening ends at its time-out while the broker can't be reached; the error names the address.", error_names_the_address}),
    asking(kRefusedLogin, Rule{"connect.refused_login_ends_at_once", kFlow,
                               "A login that is refused at open is EAUTH, and isn't tried again.", refused_login_ends_at_once}),
    asking(kKill, Rule{"connect.waits_for_a_starting_broker", kFlow,
                       "Opening waits for a broker that is started, and for one that is loading.", waits_for_a_starting_broker}),
};

}  // namespace

std::span<const Rule> connect_rules() { return kConnectRules; }

}  // namespace dispytch::conformance
