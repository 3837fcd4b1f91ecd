#include "file.hpp"

#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <system_error>

#include "errors.hpp"
#include "layout.hpp"

namespace dispytch::sqlite {
namespace {

struct NetworkFileSystem {
  long type;
  const char* name;
};
// Those that linux/magic.h doesn't have are from statfs(2).
constexpr std::array kNetworkFileSystems{
    NetworkFileSystem{NFS_SUPER_MAGIC, "NFS"}, NetworkFileSystem{SMB_SUPER_MAGIC, "SMB"},
    NetworkFileSystem{0xff534d42, "CIFS"},     NetworkFileSystem{static_cast<long>(0xfe534d42), "SMB"},
    NetworkFileSystem{V9FS_MAGIC, "9P"},       NetworkFileSystem{0x00c36400, "Ceph"},
    NetworkFileSystem{AFS_SUPER_MAGIC, "AFS"}, NetworkFileSystem{CODA_SUPER_MAGIC, "Coda"},
    NetworkFileSystem{0x0bd00bd0, "Lustre"},   NetworkFileSystem{0x47504653, "GPFS"},
    NetworkFileSystem{0x01161970, "GFS2"},     NetworkFileSystem{0x7461636f, "OCFS2"},
};
constexpr long kFuse = 0x65735546;

void judge_place(const Options& options, const plugin::Host& host, const std::function<long(const std::string&)>& file_system_of) {
  std::error_code error;
  const std::string folder = std::filesystem::absolute(options.path, error).parent_path().string();
  long type = 0;
  try {
    if (error) throw std::system_error{error};
    type = file_system_of(folder);
  } catch (const std::system_error& problem) {
    throw plugin::Exception{DISPYTCH_ECONFIG, "/config/path: the folder `" + folder + "` can't be used: " + problem.code().message() +
                                                  "; expected a folder that exists, create it"};
  }
  if (const char* const name = network_file_system(type); name != nullptr && !options.allow_network_file_system) {
    throw plugin::Exception{DISPYTCH_ECONFIG, "/config/path: `" + options.path + "` lies on a network file system (" + name +
                                                  "), where two hosts would damage it; name a file on a local disk, or set "
                                                  "allow_network_file_system where one host alone uses it"};
  }
  if (type == kFuse) {
    host.log(plugin::Level::warning, "`" + options.path +
                                         "` lies on a FUSE file system, of which can't be told whether other hosts see it: the file is "
                                         "safe as long as one host alone uses it");
  }
}

}  // namespace

const char* network_file_system(long type) noexcept {
  const auto* const found =
      std::ranges::find(kNetworkFileSystems, type & 0xffffffff, [](const NetworkFileSystem& one) { return one.type & 0xffffffff; });
  return found == kNetworkFileSystems.end() ? nullptr : found->name;
}

long file_system_type(const std::string& folder) {
  struct statfs place {};
  if (statfs(folder.c_str(), &place) != 0) throw std::system_error{errno, std::generic_category()};
  return place.f_type;
}

File::File(const Options& options, const plugin::Host& host, const std::function<long(const std::string&)>& file_system_of)
    : path_{options.path}, durable_{options.durable}, max_size_{options.max_size}, busy_timeout_{options.busy_timeout} {
  judge_place(options, host, file_system_of);
  try {
    const std::unique_ptr<Database> database = connect();
    ensure_layout(*database, path_, busy_timeout_);
  } catch (const Failure& failure) {
    plugin::Error error = error_of(failure, "opening", path_);
    // All but a lock or a full disk stays so until the operator has changed something: it is a matter of the config.
    if (!error.retriable || failure.code() == SQLITE_CANTOPEN) {
      error.code = DISPYTCH_ECONFIG;
      error.retriable = false;
      error.text = "/config/path: " + error.text;
    }
    throw plugin::Exception{error};
  }
  struct stat found {};
  if (stat(path_.c_str(), &found) == 0) {
    device_ = found.st_dev;
    inode_ = found.st_ino;
  }
}

std::unique_ptr<Database> File::connect() const {
  auto database = std::make_unique<Database>(path_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
  if (database->is_read_only()) throw Failure{SQLITE_READONLY, 0, "it was opened for reading alone"};
  database->wait_for_locks(busy_timeout_);
  database->execute(durable_ ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL");
  database->execute("PRAGMA journal_size_limit = 67108864");
  if (max_size_) {
    Query query = database->query("PRAGMA page_size");
    const std::int64_t page = query.next() ? query.integer(0) : 4096;
    database->execute("PRAGMA max_page_count = " + std::to_string(std::max<std::int64_t>(*max_size_ / page, 1)));
  }
  return database;
}

std::unique_ptr<Database> File::connect_for_reading() const {
  auto database = std::make_unique<Database>(path_, SQLITE_OPEN_READWRITE);  // the shared memory is written by readers as well
  database->wait_for_locks(busy_timeout_);
  database->execute("PRAGMA query_only = ON");
  return database;
}

std::optional<plugin::Error> File::missing() const {
  struct stat found {};
  const bool there = stat(path_.c_str(), &found) == 0;
  if (there && found.st_dev == device_ && found.st_ino == inode_) return std::nullopt;
  return plugin::Error{.code = DISPYTCH_EUNAVAILABLE,
                       .text = "`" + path_ + "` was " + (there ? "replaced by another file" : "moved or deleted") +
                               " while it was open, and what is written now nobody would find; put it back, or start the program again",
                       .retriable = true};
}

}  // namespace dispytch::sqlite
