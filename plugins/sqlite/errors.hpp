// What SQLite refused, in a sentence for who runs the program.
#pragma once

#include <string>

#include <dispytch/plugin/status.hpp>

#include "database.hpp"

namespace dispytch::sqlite {

/// `doing`: what was tried, such as "writing to". Asks the system who holds the lock, where that is what failed. Any thread.
plugin::Error error_of(const Failure& failure, const std::string& doing, const std::string& path);

}  // namespace dispytch::sqlite
