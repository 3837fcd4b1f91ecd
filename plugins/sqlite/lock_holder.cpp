#include "lock_holder.hpp"

#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <sstream>

namespace dispytch::sqlite {
namespace {

constexpr long kWriteLockByte = 120;  // of the file -shm: WAL_WRITE_LOCK of SQLite's wal.c, documented in walformat.html

std::string read_all(const std::string& path) {
  std::ifstream file{path};
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace

// A line: "1: POSIX  ADVISORY  WRITE 4711 fe:00:123456 120 120". One that waits for a lock has "->" behind its number.
long write_lock_in(std::string_view locks, unsigned major, unsigned minor, unsigned long inode) {
  std::istringstream lines{std::string{locks}};
  for (std::string line; std::getline(lines, line);) {
    long process = 0;
    unsigned line_major = 0, line_minor = 0;
    unsigned long line_inode = 0;
    long first = 0;
    char last[24] = "";
    if (std::sscanf(line.c_str(), "%*d: POSIX %*s WRITE %ld %x:%x:%lu %ld %23s", &process, &line_major, &line_minor, &line_inode, &first,
                    last) != 6) {
      continue;
    }
    const std::string_view end = last;
    const long until = end == "EOF" ? kWriteLockByte : std::stol(last);
    if (line_major == major && line_minor == minor && line_inode == inode && first <= kWriteLockByte && until >= kWriteLockByte) {
      return process;
    }
  }
  return 0;
}

std::string lock_holder(const std::string& path) {
  struct stat shared {};
  if (stat((path + "-shm").c_str(), &shared) != 0) return "";
  const long process = write_lock_in(read_all("/proc/locks"), major(shared.st_dev), minor(shared.st_dev), shared.st_ino);
  if (process == 0) return "";
  if (process == getpid()) return "another backend of this process";
  if (process < 0) return "a process of another container";
  std::string name = read_all("/proc/" + std::to_string(process) + "/comm");
  while (!name.empty() && name.back() == '\n') name.pop_back();
  return "process " + std::to_string(process) + (name.empty() ? "" : " (" + name + ")");
}

}  // namespace dispytch::sqlite
