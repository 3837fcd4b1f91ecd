// Who holds the lock under which SQLite writes: for a sentence that names the process.
#pragma once

#include <string>
#include <string_view>

namespace dispytch::sqlite {

/// Returns who holds the write lock of the database at `path`, such as "process 4711 (flight-board)"; empty where nobody does, or where the
/// system doesn't say. It opens nothing: whoever closes a file gives up all the locks that his process has on it.
std::string lock_holder(const std::string& path);

/// The same of a text as /proc/locks is, for the file with that device and inode. Returns the number of the process; 0: nobody.
long write_lock_in(std::string_view locks, unsigned major, unsigned minor, unsigned long inode);

}  // namespace dispytch::sqlite
