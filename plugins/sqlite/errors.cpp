#include "errors.hpp"

#include <unistd.h>

#include <system_error>

#include "lock_holder.hpp"

namespace dispytch::sqlite {
namespace {

std::string holder_of(const std::string& path) {
  const std::string holder = lock_holder(path);
  return holder.empty() ? "somebody, who holds it no longer" : holder;
}

std::string why(const Failure& failure, const std::string& path) {
  switch (failure.code()) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return "it is locked by " + holder_of(path) + "; end that process, or let it finish: emits and acknowledgements wait meanwhile";
    case SQLITE_FULL:
      return "no room is left for it, on its disk or within `max_size`; emits wait until there is: free some, or raise max_size";
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return "user " + std::to_string(geteuid()) +
             " can't write to it or to its folder, where SQLite keeps two files beside it; give the "
             "user both rights";
    case SQLITE_CANTOPEN:
      return "user " + std::to_string(geteuid()) +
             " can't open or create it; its folder must exist, and the user be allowed to write to it";
    case SQLITE_NOTADB: return "it is no SQLite database; expected a file of this plugin, or none";
    case SQLITE_CORRUPT: return "it is damaged: " + std::string{failure.what()} + "; `sqlite3 FILE 'PRAGMA integrity_check'` says where";
    case SQLITE_TOOBIG: return "a message is larger than SQLite stores";
    default: break;
  }
  std::string text = failure.what();
  if (failure.system_errno() != 0) text += ": " + std::generic_category().message(failure.system_errno());
  return text;
}

dispytch_status border_code(const Failure& failure) {
  switch (failure.code()) {
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH: return DISPYTCH_EAUTH;
    case SQLITE_TOOBIG: return DISPYTCH_ETOOBIG;
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
    case SQLITE_MISUSE:
    case SQLITE_ERROR: return DISPYTCH_EINTERNAL;
    default: return DISPYTCH_EUNAVAILABLE;
  }
}

}  // namespace

plugin::Error error_of(const Failure& failure, const std::string& doing, const std::string& path) {
  const dispytch_status code = border_code(failure);
  return {.code = code,
          .text = doing + " `" + path + "` failed: " + why(failure, path),
          .retriable = code == DISPYTCH_EUNAVAILABLE,
          .broker_code = failure.extended_code()};
}

}  // namespace dispytch::sqlite
