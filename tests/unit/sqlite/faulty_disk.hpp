// A disk that can be full: a layer over SQLite's own access to files (VFS), which refuses to write where a test says so.
#pragma once

#include <sqlite3.h>

#include <atomic>
#include <new>

namespace dispytch::sqlite {

/// While one lives, whatever SQLite opens in this process goes through it.
class FaultyDisk {
 public:
  FaultyDisk() : below_{sqlite3_vfs_find(nullptr)}, vfs_{*below_} {
    vfs_.zName = "faulty";
    vfs_.pAppData = this;
    vfs_.szOsFile = static_cast<int>(sizeof(File)) + below_->szOsFile;
    vfs_.xOpen = open;
    sqlite3_vfs_register(&vfs_, 1);
  }
  ~FaultyDisk() {
    sqlite3_vfs_unregister(&vfs_);
    sqlite3_vfs_register(below_, 1);
  }
  FaultyDisk(const FaultyDisk&) = delete;
  FaultyDisk& operator=(const FaultyDisk&) = delete;

  /// What each write of the database and its log ends with, such as SQLITE_FULL or SQLITE_IOERR_WRITE; SQLITE_OK: it is carried out.
  std::atomic<int> writes = SQLITE_OK;

 private:
  struct File {
    sqlite3_file base;
    FaultyDisk* disk;
    sqlite3_io_methods methods;  // those of the file below, but for writing
    sqlite3_file* below() { return reinterpret_cast<sqlite3_file*>(this + 1); }
  };
  template <auto Member>
  struct Forward;
  template <class... A, int (*sqlite3_io_methods::*Member)(sqlite3_file*, A...)>
  struct Forward<Member> {
    static int call(sqlite3_file* file, A... arguments) {
      sqlite3_file* const below = reinterpret_cast<File*>(file)->below();
      return (below->pMethods->*Member)(below, arguments...);
    }
  };

  static int open(sqlite3_vfs* vfs, const char* name, sqlite3_file* raw, int flags, int* out_flags) {
    FaultyDisk& disk = *static_cast<FaultyDisk*>(vfs->pAppData);
    auto* const file = new (raw) File{};
    file->disk = &disk;
    const int code = disk.below_->xOpen(disk.below_, name, file->below(), flags, out_flags);
    if (code != SQLITE_OK || file->below()->pMethods == nullptr) return code;
    sqlite3_io_methods& methods = file->methods;
    methods.iVersion = 2;
    methods.xClose = Forward<&sqlite3_io_methods::xClose>::call;
    methods.xRead = Forward<&sqlite3_io_methods::xRead>::call;
    methods.xWrite = write;
    methods.xTruncate = Forward<&sqlite3_io_methods::xTruncate>::call;
    methods.xSync = Forward<&sqlite3_io_methods::xSync>::call;
    methods.xFileSize = Forward<&sqlite3_io_methods::xFileSize>::call;
    methods.xLock = Forward<&sqlite3_io_methods::xLock>::call;
    methods.xUnlock = Forward<&sqlite3_io_methods::xUnlock>::call;
    methods.xCheckReservedLock = Forward<&sqlite3_io_methods::xCheckReservedLock>::call;
    methods.xFileControl = Forward<&sqlite3_io_methods::xFileControl>::call;
    methods.xSectorSize = Forward<&sqlite3_io_methods::xSectorSize>::call;
    methods.xDeviceCharacteristics = Forward<&sqlite3_io_methods::xDeviceCharacteristics>::call;
    methods.xShmMap = Forward<&sqlite3_io_methods::xShmMap>::call;
    methods.xShmLock = Forward<&sqlite3_io_methods::xShmLock>::call;
    methods.xShmBarrier = [](sqlite3_file* of) {
      sqlite3_file* const below = reinterpret_cast<File*>(of)->below();
      below->pMethods->xShmBarrier(below);
    };
    methods.xShmUnmap = Forward<&sqlite3_io_methods::xShmUnmap>::call;
    file->base.pMethods = &methods;
    return SQLITE_OK;
  }
  static int write(sqlite3_file* raw, const void* bytes, int count, sqlite3_int64 offset) {
    auto* const file = reinterpret_cast<File*>(raw);
    if (const int code = file->disk->writes; code != SQLITE_OK) return code;
    return file->below()->pMethods->xWrite(file->below(), bytes, count, offset);
  }

  sqlite3_vfs* below_;
  sqlite3_vfs vfs_;
};

}  // namespace dispytch::sqlite
