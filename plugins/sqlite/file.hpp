// The file that is the broker: where it lies, whether it is still there, and connections to it.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <dispytch/plugin/host.hpp>
#include <dispytch/plugin/status.hpp>

#include "database.hpp"
#include "options.hpp"

namespace dispytch::sqlite {

/// Returns the name of a network file system by statfs's number, such as "NFS"; nullptr: it is none.
const char* network_file_system(long type) noexcept;

/// What statfs says of the file system of that folder. Throws std::system_error.
long file_system_type(const std::string& folder);

/// Any thread.
class File {
 public:
  /// Opens the file, and creates it where it is missing. Throws plugin::Exception with a sentence that names it. `file_system_of` returns
  /// statfs's number of the file system of a folder, or throws std::system_error; a test may give another one.
  File(const Options& options, const plugin::Host& host, const std::function<long(const std::string&)>& file_system_of = file_system_type);

  const std::string& path() const noexcept { return path_; }

  /// A connection of its own, for one thread at a time. Throws Failure.
  std::unique_ptr<Database> connect() const;
  /// A connection that cannot write.
  std::unique_ptr<Database> connect_for_reading() const;

  /// The sentence for a file that is no longer where it was opened: it was moved, deleted or replaced. SQLite itself would go on writing
  /// into a file that nobody finds. nullopt: it is there.
  std::optional<plugin::Error> missing() const;

 private:
  const std::string path_;
  const bool durable_;
  const std::optional<std::int64_t> max_size_;
  const std::chrono::milliseconds busy_timeout_;
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

}  // namespace dispytch::sqlite
