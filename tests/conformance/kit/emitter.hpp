// A producer at work while its connections break: what became of each message that it took, and what is really at the broker.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "kit/scene.hpp"

namespace dispytch::conformance {

/// What the reports said of one message.
struct Fate {
  std::size_t reports = 0;
  dispytch_status code = DISPYTCH_OK;  ///< of the first
  std::uint32_t flags = 0;
  std::string text = {};

  bool ok() const noexcept { return reports > 0 && code == DISPYTCH_OK; }
  bool may_be_stored() const noexcept { return reports == 0 || ok() || (flags & DISPYTCH_ERROR_MAYBE_SENT) != 0; }
};

/// Sends messages of the scene to one source, numbered from 0 on, and gathers the reports. One thread.
class Emitter {
 public:
  /// `timeout`: how long the plugin tries to deliver each; 0: as long as the broker may take for anything.
  Emitter(Scene& scene, Milliseconds timeout = {});

  /// Offers them until they are taken. Throws Failure where there is no room in time, or where one is refused.
  void send(int count);
  /// Offers one, once. Whether it was taken.
  bool offer();
  /// Gathers the reports that are there.
  void pull();
  /// Gathers until each message that was taken has one. Throws Failure where they don't come in time.
  void await_all(Milliseconds patience);

  Producer& producer() noexcept { return *producer_; }
  int sent() const noexcept { return sent_; }
  const Fate& fate(int number) const { return fates_.at(static_cast<std::size_t>(number)); }
  std::size_t count_ok() const;

 private:
  void note(const Report& report);

  Scene& scene_;
  std::unique_ptr<Producer> producer_;
  int sent_ = 0;
  std::vector<Fate> fates_ = {};
};

/// The numbers of the scene's messages that are at the broker, in their order, read by a connection that nothing breaks. Waits until
/// `least` came, and then until nothing more comes.
std::vector<int> look(Scene& scene, std::size_t least);

/// Throws Failure where a message that was confirmed is not there, or one is there whose report says that it can't be.
void expect_the_truth(const Emitter& emitter, const std::vector<int>& stored);
/// Throws Failure where of the confirmed messages one is there before an earlier one.
void expect_order(const Emitter& emitter, const std::vector<int>& stored);

}  // namespace dispytch::conformance
