// What systemd's journal and its service manager are told, by a socket of the test's own.
#include "base/journal.hpp"

#include <cstdlib>
#include <string>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/datagram_receiver.hpp"

namespace dispytch::log {
namespace {

using ::testing::HasSubstr;

class JournalSocket : public ::testing::Test {
 protected:
  ~JournalSocket() override { ::unsetenv("JOURNAL_STREAM"); }
  static std::string number_of_standard_error() {
    struct stat status {};
    ::fstat(STDERR_FILENO, &status);
    return std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino);
  }
  static std::string field(const std::string& name, const std::string& value) {
    return name + "\n" + static_cast<char>(value.size()) + std::string(7, '\0') + value + "\n";
  }
  testing::DatagramReceiver receiver;
};

TEST_F(JournalSocket, TakesALineWithItsLevelAndSource) {
  ::setenv("JOURNAL_STREAM", number_of_standard_error().c_str(), 1);
  const auto journal = Journal::of_standard_error(receiver.path());
  ASSERT_NE(journal, nullptr);
  EXPECT_TRUE(journal->write(Level::warning, "listener.board", "it is slow"));
  EXPECT_EQ(receiver.next(),
            field("MESSAGE", "listener.board: it is slow") + field("PRIORITY", "4") + field("DISPYTCH_SOURCE", "listener.board"));
}

TEST_F(JournalSocket, IsNotTakenWhereStandardErrorGoesElsewhere) {
  ::unsetenv("JOURNAL_STREAM");
  EXPECT_EQ(Journal::of_standard_error(receiver.path()), nullptr);
  ::setenv("JOURNAL_STREAM", "1:2", 1);
  EXPECT_EQ(Journal::of_standard_error(receiver.path()), nullptr);
}

TEST_F(JournalSocket, SaysWhereItTookNothing) {
  ::setenv("JOURNAL_STREAM", number_of_standard_error().c_str(), 1);
  const auto journal = Journal::of_standard_error(receiver.path());
  ASSERT_NE(journal, nullptr);
  EXPECT_FALSE(journal->write(Level::error, "app", std::string(4'000'000, 'x'))) << "larger than a datagram";
  receiver.close();
  EXPECT_FALSE(journal->write(Level::error, "app", "nobody is there"));
  EXPECT_EQ(Journal::of_standard_error(receiver.path() + ".gone"), nullptr);
}

TEST(DatagramTest, NamesTheSocketThatItCannotReach) {
  EXPECT_THAT(Datagram::to("/nowhere/socket").error().text, HasSubstr("the socket /nowhere/socket: No such file"));
  EXPECT_THAT(Datagram::to(std::string(108, 'x')).error().text, HasSubstr("1 to 107 bytes, not 108"));
  EXPECT_THAT(Datagram::to("").error().text, HasSubstr("not 0"));
}

}  // namespace
}  // namespace dispytch::log
