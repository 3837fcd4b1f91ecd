#include "border/host.hpp"

#include <cstdint>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <dispytch/plugin/host.hpp>

#include "base/log.hpp"

namespace dispytch::border {
namespace {

using testing::HasSubstr;

class StoppedClock final : public Clock {
 public:
  std::chrono::nanoseconds monotonic() const noexcept override { return std::chrono::nanoseconds{42}; }
  std::int64_t unix_ms() const noexcept override { return 1'357'034'400'000; }
};

TEST(HostServices, GiveAPluginTheHostsClock) {
  const StoppedClock clock;
  HostServices services{"kafka", {.application = "board", .version = "2.1", .clock = &clock}};
  const plugin::Host host{services.raw()};
  EXPECT_EQ(host.clock().monotonic(), std::chrono::nanoseconds{42});
  EXPECT_EQ(host.clock().unix_ms(), 1'357'034'400'000);
  EXPECT_EQ(host.application(), "board");
  EXPECT_EQ(host.version(), "2.1");
}

TEST(HostServices, OfferNoExtensionThatNobodyKnows) {
  HostServices services{"kafka", {}};
  EXPECT_EQ(plugin::Host{services.raw()}.extension("dispytch.clock/2"), nullptr);
}

TEST(HostServices, WriteAPluginsLinesUnderItsName) {
  log::configure(log::Level::info, log::Format::text);
  HostServices services{"kafka", {}};
  const plugin::Host host{services.raw()};
  testing::internal::CaptureStderr();
  host.log(plugin::Level::warning, "The broker is slow.");
  host.log(plugin::Level::debug, "Not for this level.");
  const std::string written = testing::internal::GetCapturedStderr();
  EXPECT_THAT(written, HasSubstr("plugin.kafka: The broker is slow."));
  EXPECT_THAT(written, testing::Not(HasSubstr("Not for this level")));
  EXPECT_FALSE(host.logs(plugin::Level::debug));
}

TEST(HostServices, TellOfAPluginThatNotifiesTooLate) {
  HostServices services{"kafka", {}};
  int notified = 0;
  const std::uint64_t cookie = services.add_cookie([&] { ++notified; });
  const plugin::Notify notify{services.raw(), cookie};
  notify();
  services.remove_cookie(cookie);
  testing::internal::CaptureStderr();
  notify();
  EXPECT_THAT(testing::internal::GetCapturedStderr(),
              HasSubstr("plugin.kafka: The plugin notified of a producer or consumer that is closed"));
  EXPECT_EQ(notified, 1);
}

TEST(HostServices, TellApartWhoIsNotified) {
  HostServices services{"kafka", {}};
  int first = 0, second = 0;
  services.add_cookie([&] { ++first; });
  const plugin::Notify notify{services.raw(), services.add_cookie([&] { ++second; })};
  notify();
  EXPECT_EQ(first, 0);
  EXPECT_EQ(second, 1);
}

}  // namespace
}  // namespace dispytch::border
