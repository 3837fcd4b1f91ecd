#include <dispytch/plugin/host.hpp>

#include <pthread.h>
#include <csignal>

#include <thread>

#include <gtest/gtest.h>

namespace dispytch::plugin {
namespace {

// A host that offers nothing but what it must.
const dispytch_host kBareHost = {.size = sizeof(dispytch_host),
                                 .abi_minor = 0,
                                 .context = nullptr,
                                 .application = nullptr,
                                 .version = nullptr,
                                 .log_level = DISPYTCH_LOG_ERROR,
                                 .reserved = 0,
                                 .log = nullptr,
                                 .metric = nullptr,
                                 .record = nullptr,
                                 .notify = nullptr,
                                 .extension = nullptr};

TEST(Host, WithoutAClockMeansTheMachines) {
  const Clock clock = Host{&kBareHost}.clock();
  const std::chrono::nanoseconds before = clock.monotonic();
  EXPECT_GE(clock.monotonic(), before);
  EXPECT_GT(clock.unix_ms(), 1'700'000'000'000);
}

TEST(Host, WithoutANameHasAnEmptyOne) {
  EXPECT_EQ(Host{&kBareHost}.application(), "");
  EXPECT_EQ(Host{&kBareHost}.version(), "");
}

TEST(Host, IsNotBotheredWithLinesItWouldNotWrite) {
  EXPECT_TRUE(Host{&kBareHost}.logs(Level::error));
  EXPECT_FALSE(Host{&kBareHost}.logs(Level::info));
  Host{&kBareHost}.log(Level::info, "its log is null and isn't called");
}

TEST(Notify, AndMetricsOfNobodyDoNothing) {
  Notify{}();
  Metric{}.record(1);
}

TEST(SignalsBlocked, HoldsForThreadsThatStartMeanwhile) {
  const auto terminates = [] {
    sigset_t mask;
    pthread_sigmask(SIG_SETMASK, nullptr, &mask);
    return sigismember(&mask, SIGTERM) == 0;
  };
  bool in_thread = true;
  {
    const SignalsBlocked blocked;
    std::thread{[&] { in_thread = terminates(); }}.join();
  }
  EXPECT_FALSE(in_thread);
  EXPECT_TRUE(terminates());
}

}  // namespace
}  // namespace dispytch::plugin
