#include "file.hpp"

#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <fstream>

#include "fixture.hpp"
#include "layout.hpp"

namespace dispytch::sqlite {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class FileTest : public BrokerTest {
 protected:
  plugin::Error refusal() { return refusal_of(options()); }
  plugin::Error refusal_of(const Options& with) {
    return thrown_by([&] { const File file{with, plugin::Host{&host.raw}}; });
  }
  void write_file(std::string_view text) { std::ofstream{path()} << text; }
};

TEST_F(FileTest, IsCreatedAndOpenedAgain) {
  { const File file{options(), plugin::Host{&host.raw}}; }
  const File again{options(), plugin::Host{&host.raw}};
  EXPECT_FALSE(again.missing().has_value());
  const auto database = again.connect();
  Query query = database->query("PRAGMA application_id");
  ASSERT_TRUE(query.next());
  EXPECT_EQ(query.integer(0), kApplicationId);
}

TEST_F(FileTest, ThatIsNoDatabaseIsRefused) {
  write_file("a text, and rather a long one, so that it is no empty file\n");
  const plugin::Error error = refusal();
  EXPECT_EQ(error.code, DISPYTCH_ECONFIG);
  EXPECT_THAT(error.text, AllOf(StartsWith("/config/path: "), HasSubstr(path()), HasSubstr("is no SQLite database")));
}

TEST_F(FileTest, OfAnotherProgramIsRefusedAndLeftAsItIs) {
  {
    Database other{path(), SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE};
    other.execute("CREATE TABLE customers(id); INSERT INTO customers VALUES(1)");
  }
  const plugin::Error error = refusal();
  EXPECT_EQ(error.code, DISPYTCH_ECONFIG);
  EXPECT_THAT(error.text, AllOf(StartsWith("/config/path: "), HasSubstr("another program"), HasSubstr("customers")));
  Database other{path(), SQLITE_OPEN_READWRITE};
  Query query = other.query("SELECT count(*) FROM sqlite_schema");
  ASSERT_TRUE(query.next());
  EXPECT_EQ(query.integer(0), 1);
  Query mode = other.query("PRAGMA journal_mode");
  ASSERT_TRUE(mode.next());
  EXPECT_EQ(mode.text(0), "delete");
}

TEST_F(FileTest, OfANewerPluginIsRefused) {
  { const File file{options(), plugin::Host{&host.raw}}; }
  Database{path(), SQLITE_OPEN_READWRITE}.execute("PRAGMA user_version = 7");
  const plugin::Error error = refusal();
  EXPECT_EQ(error.code, DISPYTCH_ECONFIG);
  EXPECT_THAT(error.text, AllOf(StartsWith("/config/path: "), HasSubstr("layout 7"), HasSubstr("layout 1")));
}

TEST_F(FileTest, InAFolderThatIsNotThereIsRefused) {
  Options with = options();
  with.path = folder / "missing/events.db";
  const plugin::Error error = refusal_of(with);
  EXPECT_EQ(error.code, DISPYTCH_ECONFIG);
  EXPECT_THAT(error.text, AllOf(StartsWith("/config/path: "), HasSubstr("missing"), HasSubstr("create it")));
}

TEST_F(FileTest, ThatIsAFolderIsRefused) {
  Options with = options();
  with.path = folder.path();
  const plugin::Error error = refusal_of(with);
  EXPECT_EQ(error.code, DISPYTCH_ECONFIG);
  EXPECT_THAT(error.text, StartsWith("/config/path: "));
}

// As a user who may not: the rights of root have no bounds. In a process of its own, since that is for good.
std::string refusal_of_somebody(const Options& options, TestHost& host) {
  int ends[2];
  if (pipe(ends) != 0) return "no pipe";
  const pid_t child = fork();
  if (child == 0) {
    std::string text = "nothing was refused";
    if (geteuid() == 0 && setuid(65534) != 0) text = "can't become another user";
    try {
      const File file{options, plugin::Host{&host.raw}};
    } catch (const plugin::Exception& exception) {
      text = exception.error().text;
    }
    _exit(write(ends[1], text.data(), text.size()) == static_cast<ssize_t>(text.size()) ? 0 : 1);
  }
  ::close(ends[1]);
  std::string text(1000, '\0');
  text.resize(static_cast<std::size_t>(std::max<ssize_t>(read(ends[0], text.data(), text.size()), 0)));
  ::close(ends[0]);
  waitpid(child, nullptr, 0);
  return text;
}

TEST_F(FileTest, InAFolderThatMayNotBeWrittenToIsRefused) {
  std::filesystem::permissions(folder.path(), std::filesystem::perms{0555});
  const std::string text = refusal_of_somebody(options(), host);
  std::filesystem::permissions(folder.path(), std::filesystem::perms{0700});
  EXPECT_THAT(text, AllOf(StartsWith("/config/path: "), HasSubstr(path()), HasSubstr("can't open or create it")));
}

TEST_F(FileTest, ThatMayNotBeWrittenToIsRefused) {
  { const File file{options(), plugin::Host{&host.raw}}; }
  std::filesystem::permissions(folder.path(), std::filesystem::perms{0777});
  std::filesystem::permissions(path(), std::filesystem::perms{0444});
  const std::string text = refusal_of_somebody(options(), host);
  EXPECT_THAT(text, AllOf(StartsWith("/config/path: "), HasSubstr(path()), HasSubstr("can't write to it")));
}

TEST(NetworkFileSystem, IsKnownByItsNumber) {
  EXPECT_STREQ(network_file_system(NFS_SUPER_MAGIC), "NFS");
  EXPECT_STREQ(network_file_system(0xff534d42), "CIFS");
  EXPECT_STREQ(network_file_system(static_cast<std::int32_t>(0xfe534d42)), "SMB") << "as statfs of 32 bits has it";
  EXPECT_STREQ(network_file_system(V9FS_MAGIC), "9P");
  EXPECT_EQ(network_file_system(EXT4_SUPER_MAGIC), nullptr);
  EXPECT_EQ(network_file_system(TMPFS_MAGIC), nullptr);
  EXPECT_EQ(network_file_system(BTRFS_SUPER_MAGIC), nullptr);
}

TEST_F(FileTest, OnANetworkFileSystemIsRefusedUnlessTheOperatorKnowsBetter) {
  const auto everything_is_nfs = [](const std::string&) { return long{NFS_SUPER_MAGIC}; };
  const plugin::Error error = thrown_by([&] { const File file{options(), plugin::Host{&host.raw}, everything_is_nfs}; });
  EXPECT_EQ(error.code, DISPYTCH_ECONFIG);
  EXPECT_THAT(error.text,
              AllOf(StartsWith("/config/path: "), HasSubstr("network file system (NFS)"), HasSubstr("allow_network_file_system")));
  EXPECT_FALSE(std::filesystem::exists(path()));
  Options allowed = options();
  allowed.allow_network_file_system = true;
  const File file{allowed, plugin::Host{&host.raw}, everything_is_nfs};
  EXPECT_TRUE(std::filesystem::exists(path()));
}

TEST_F(FileTest, OnFuseIsWarnedOf) {
  const File file{options(), plugin::Host{&host.raw}, [](const std::string&) { return 0x65735546L; }};
  EXPECT_THAT(host.log().back(), HasSubstr("FUSE"));
}

TEST_F(FileTest, CanBeMadeByManyAtOnce) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 5; ++round) {
        EXPECT_NO_THROW(File(options(), plugin::Host{&host.raw}));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace dispytch::sqlite
