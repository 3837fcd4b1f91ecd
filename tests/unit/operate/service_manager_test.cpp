// What systemd is told of an application, by a socket and a clock of the test's own.
#include "operate/service_manager.hpp"

#include <cstdlib>
#include <string>

#include <unistd.h>

#include "operate/watch.hpp"
#include "support/datagram_receiver.hpp"
#include "unit/listen/rig.hpp"

namespace dispytch::operate {
namespace {

using namespace std::chrono_literals;
using listen::logged;
using listen::order;
using listen::Order;
using listen::Rig;
using ::testing::HasSubstr;

HandlerGroup failing() {
  HandlerGroup group;
  group.on<Order>([](const Order&) { throw std::logic_error{"never"}; }, {.name = "store"});
  return group;
}

class ToldToSystemd : public ::testing::Test {
 protected:
  void look() {
    watch.look();
    (void)rig.step();
    watch.look();
    manager.look();
  }

  testing::DatagramReceiver receiver;
  Rig rig{failing(), {.delivery = {.stuck_after = 10s}}};
  Watch watch{{&rig.engine()}, {}, rig.clock};
  ServiceManager manager{watch, {.socket = receiver.path(), .watchdog = 20s}, rig.clock};
};

TEST_F(ToldToSystemd, ReadyOnceAndWhyNotLater) {
  rig.settle_all();
  look();
  EXPECT_EQ(receiver.next(), "READY=1\nSTATUS=ready\nWATCHDOG=1\n");
  look();
  EXPECT_EQ(receiver.next(0), "") << "nothing has changed";
  rig.broker.append(0, order("a"));
  (void)rig.step();
  rig.clock.advance(12s);
  look();
  EXPECT_THAT(receiver.next(), HasSubstr("STATUS=not ready: "));
}

TEST_F(ToldToSystemd, ThatItLivesFourTimesInTheWatchdogsTime) {
  rig.settle_all();
  look();
  (void)receiver.next();
  rig.clock.advance(4s);
  look();
  EXPECT_EQ(receiver.next(0), "");
  rig.clock.advance(1s);
  look();
  EXPECT_EQ(receiver.next(), "WATCHDOG=1\n");
  EXPECT_EQ(manager.interval(1s), 1s);
  EXPECT_EQ((ServiceManager{watch, {.socket = receiver.path(), .watchdog = 2s}, rig.clock}.interval(1s)), 500ms);
}

TEST_F(ToldToSystemd, NothingOfALifeWhereAThreadDoesNotAnswer) {
  watch.look();
  rig.clock.advance(61s);
  manager.look();
  EXPECT_THAT(receiver.next(), Not(HasSubstr("WATCHDOG=1")));
}

TEST_F(ToldToSystemd, TheEndWithTimeForTheDrain) {
  manager.stopping(25s);
  EXPECT_EQ(receiver.next(), "STOPPING=1\nSTATUS=ending\nWATCHDOG_USEC=45000000\nWATCHDOG=1\n");
}

TEST_F(ToldToSystemd, NothingWhereNobodyListens) {
  ServiceManager none{watch, {}, rig.clock};
  EXPECT_EQ(logged([&] {
              none.look();
              none.stopping(1s);
            }),
            "");
  EXPECT_THAT(logged([&] { ServiceManager gone(watch, {.socket = "/nowhere/socket"}, rig.clock); }),
              HasSubstr("systemd is not told how this service is: the socket /nowhere/socket: No such file"));
  receiver.close();
  EXPECT_THAT(logged([&] { manager.stopping(1s); }), HasSubstr("systemd was not told how this service is"));
}

TEST(ServiceManagerEnvironment, IsTakenOnceAndOnlyByTheProcessThatIsMeant) {
  ::setenv("NOTIFY_SOCKET", "@name", 1);
  ::setenv("WATCHDOG_USEC", "30000000", 1);
  ::setenv("WATCHDOG_PID", std::to_string(::getpid()).c_str(), 1);
  const auto environment = ServiceManager::environment_of_this_process();
  EXPECT_EQ(environment.socket, "@name");
  EXPECT_EQ(environment.watchdog, 30s);
  EXPECT_EQ(std::getenv("NOTIFY_SOCKET"), nullptr);
  ::setenv("WATCHDOG_USEC", "30000000", 1);
  ::setenv("WATCHDOG_PID", "1", 1);
  EXPECT_EQ(ServiceManager::environment_of_this_process().watchdog, std::nullopt);
  ::setenv("WATCHDOG_USEC", "soon", 1);
  EXPECT_EQ(ServiceManager::environment_of_this_process().watchdog, std::nullopt);
}

}  // namespace
}  // namespace dispytch::operate
