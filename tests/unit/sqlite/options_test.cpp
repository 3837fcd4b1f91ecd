#include "options.hpp"

#include "fixture.hpp"

namespace dispytch::sqlite {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

Options read(const char* json) { return read_options(plugin::Config{json}); }

TEST(SqliteOptions, SayWhatIsSaid) {
  const Options options = read(
      R"({"path": "a.db", "durability": "normal", "max_size": 2097152, "busy_timeout": 1, "session_timeout": 300, "rebalance_timeout": 4,
          "commit_interval": 5, "queue_messages": 6, "queue_bytes": 7, "max_message_bytes": 8, "allow_network_file_system": true,
          "retention": "handled", "topics": {"orders": {"partitions": 9, "retention": "keep", "retention_time": 10, "retention_bytes": 11}}})");
  EXPECT_EQ(options.path, "a.db");
  EXPECT_FALSE(options.durable);
  EXPECT_EQ(options.max_size, 2097152);
  EXPECT_EQ(options.busy_timeout, milliseconds{1});
  EXPECT_EQ(options.session_timeout, milliseconds{300});
  EXPECT_EQ(options.rebalance_timeout, milliseconds{4});
  EXPECT_EQ(options.commit_interval, milliseconds{5});
  EXPECT_EQ(options.queue_messages, 6u);
  EXPECT_EQ(options.queue_bytes, 7u);
  EXPECT_EQ(options.max_message_bytes, 8u);
  EXPECT_TRUE(options.allow_network_file_system);
  EXPECT_FALSE(options.auto_create);
  EXPECT_TRUE(options.others.retention.handled);
  EXPECT_EQ(options.topics.at("orders").partitions, 9);
  EXPECT_EQ(options.topics.at("orders").retention, (Retention{.handled = false, .time_ms = 10, .max_bytes = 11}));
}

TEST(SqliteOptions, HaveTheDefaultsThatTheSchemaSays) {
  const Options options = read(R"({"path": "a.db"})");
  EXPECT_TRUE(options.durable);
  EXPECT_TRUE(options.auto_create);
  EXPECT_EQ(options.others.partitions, 4);
  EXPECT_TRUE(options.others.retention.keeps_all());
  EXPECT_EQ(options.busy_timeout, milliseconds{5000});
  EXPECT_EQ(options.session_timeout, milliseconds{5000});
  EXPECT_EQ(options.rebalance_timeout, milliseconds{60'000});
  EXPECT_EQ(options.commit_interval, milliseconds{20});
  EXPECT_EQ(options.queue_messages, 100'000u);
  EXPECT_EQ(options.queue_bytes, std::size_t{64} << 20);
  EXPECT_EQ(options.max_message_bytes, std::size_t{16} << 20);
}

TEST(SqliteOptions, ThatCannotBeAreRefusedWhereTheyStand) {
  const auto refusal = [](const char* json) {
    const plugin::Error error = thrown_by([&] { read(json); });
    EXPECT_EQ(error.code, DISPYTCH_ECONFIG) << json;
    return error.text;
  };
  EXPECT_THAT(refusal("{}"), StartsWith("/path: expected the path"));
  EXPECT_THAT(refusal(R"({"path": ":memory:"})"), AllOf(StartsWith("/path: "), HasSubstr("plugin: memory")));
  EXPECT_THAT(refusal(R"({"path": "file:a.db?mode=ro"})"), StartsWith("/path: "));
  EXPECT_THAT(refusal(R"({"path": "a", "auto_create": false})"), StartsWith("/auto_create: "));
  EXPECT_THAT(refusal(R"({"path": "a", "default_partitions": 0})"), StartsWith("/default_partitions: "));
  EXPECT_THAT(refusal(R"({"path": "a", "topics": {"o": {"partitions": 10001}}})"), StartsWith("/topics/o/partitions: "));
  EXPECT_THAT(refusal(R"({"path": "a", "max_size": 5})"), StartsWith("/max_size: "));
  EXPECT_THAT(refusal(R"({"path": "a", "session_timeout": 0})"), StartsWith("/session_timeout: "));
  EXPECT_THAT(refusal(R"({"path": "a", "queue_messages": 0})"), StartsWith("/queue_messages: "));
}

}  // namespace
}  // namespace dispytch::sqlite
