#include "errors.hpp"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using dispytch::redis::error_of;
using dispytch::redis::is_passing;
using dispytch::redis::Refusal;
using dispytch::redis::refusal_of;
using ::testing::HasSubstr;
using ::testing::StartsWith;

struct Case {
  const char* error;
  Refusal refusal;
  bool passing;
  dispytch_status code;
  const char* says;
};

// The words are those of a server of version 7.0.
constexpr Case kCases[] = {
    {"LOADING Redis is loading the dataset in memory", Refusal::loading, true, DISPYTCH_EUNAVAILABLE, "reading its data"},
    {"READONLY You can't write against a read only replica.", Refusal::read_only, true, DISPYTCH_EUNAVAILABLE,
     "let `address` name the master"},
    {"MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.", Refusal::master_down, true, DISPYTCH_EUNAVAILABLE,
     "lost its master"},
    {"MOVED 11829 127.0.0.1:7413", Refusal::moved, true, DISPYTCH_EUNAVAILABLE, "clusters are not followed yet"},
    {"CROSSSLOT Keys in request don't hash to the same slot", Refusal::cross_slot, false, DISPYTCH_EINVAL, "clusters are not followed yet"},
    {"NOAUTH Authentication required.", Refusal::no_login, false, DISPYTCH_EAUTH, "set `password`"},
    {"WRONGPASS invalid username-password pair or user is disabled.", Refusal::wrong_login, false, DISPYTCH_EAUTH,
     "check `username` and `password`"},
    {"ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?",
     Refusal::wrong_login, false, DISPYTCH_EAUTH, "refuses the login"},
    {"NOPERM this user has no permissions to run the 'xadd' command", Refusal::no_permission, false, DISPYTCH_EAUTH, "ACL SETUSER"},
    {"ERR The user executing the script can't run this command or subcommand script: 5c2d, on @user_script:1.", Refusal::no_permission,
     false, DISPYTCH_EAUTH, "ACL SETUSER"},
    {"OOM command not allowed when used memory > 'maxmemory'.", Refusal::out_of_memory, true, DISPYTCH_EUNAVAILABLE, "`maxmemory`"},
    {"MISCONF Errors writing to the AOF file: No space left on device", Refusal::cannot_persist, true, DISPYTCH_EUNAVAILABLE, "its disk"},
    {"NOGROUP No such key 'nope' or consumer group 'g' in XREADGROUP with GROUP option", Refusal::no_group, false, DISPYTCH_ENOTFOUND,
     "gone"},
    {"ERR no such key", Refusal::no_key, false, DISPYTCH_ENOTFOUND, "dispytch declare"},
    {"ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM option", Refusal::no_key,
     false, DISPYTCH_ENOTFOUND, "no such stream"},
    {"WRONGTYPE Operation against a key holding the wrong kind of value", Refusal::wrong_type, false, DISPYTCH_EINVAL,
     "something else than a stream"},
    {"BUSYGROUP Consumer Group name already exists", Refusal::group_exists, false, DISPYTCH_EINVAL, "there already"},
    {"BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.", Refusal::busy, true, DISPYTCH_EUNAVAILABLE,
     "too busy"},
    {"ERR max number of clients reached", Refusal::busy, true, DISPYTCH_EUNAVAILABLE, "too busy"},
    {"UNBLOCKED the stream key no longer exists", Refusal::unblocked, true, DISPYTCH_EUNAVAILABLE, "ended the wait"},
    {"ERR syntax error", Refusal::other, false, DISPYTCH_EINTERNAL, "syntax error"},
};

TEST(RedisErrors, AreSentencesThatSayWhatToChange) {
  for (const Case& each : kCases) {
    EXPECT_EQ(refusal_of(each.error), each.refusal) << each.error;
    EXPECT_EQ(is_passing(each.refusal), each.passing) << each.error;
    const auto error = error_of(each.error, "reading stream `orders`", "redis-1:6379");
    EXPECT_EQ(error.code, each.code) << each.error;
    EXPECT_EQ(error.retriable, each.passing) << each.error;
    EXPECT_THAT(error.text, StartsWith("reading stream `orders` at redis-1:6379: "));
    EXPECT_THAT(error.text, HasSubstr(each.says));
  }
}

TEST(RedisErrors, AreFoundBehindTheWordsOfAScript) {
  EXPECT_EQ(
      refusal_of("ERR Error running script (call to f_5c2d): @user_script:7: @user_script: 7: OOM command not allowed when used memory"),
      Refusal::out_of_memory);
  EXPECT_EQ(refusal_of("NOGROUP No such key 'orders' or consumer group 'g' script: 5c2d, on @user_script:3."), Refusal::no_group);
  EXPECT_EQ(refusal_of("ERR Error running script (call to f_5c2d): @user_script:7: something else"), Refusal::other);
}

TEST(RedisErrors, FitTheBordersRoomWithTheirAdvice) {
  const auto error = error_of("NOPERM " + std::string(400, 'x'), "reading stream `" + std::string(20, 'o') + "`", "redis-1:6379");
  EXPECT_LT(error.text.find("(ACL SETUSER)"), 239U) << error.text;
}

}  // namespace
