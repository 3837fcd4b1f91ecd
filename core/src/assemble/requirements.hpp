// What a listener asks of its backend, checked before it reads anything.
#pragma once

#include <cstdint>
#include <string>

#include <dispytch/policy.hpp>

#include "route/router.hpp"

namespace dispytch::assemble {

/// Throws Exception (ErrorCode::config) where a backend can't acknowledge and nobody said that at most once will do.
void require_acknowledgement(std::uint64_t capabilities, bool at_most_once, const std::string& listener);

/// Throws Exception (ErrorCode::config) where a listener wants order by key, and its backend doesn't keep a key's messages together.
void require_order(std::uint64_t capabilities, Ordering ordering, const std::string& listener);

/// Where handlers let their messages go back to the broker: throws Exception (ErrorCode::config) where it can't keep them, and warns where
/// the listener asks for order by key, which those messages leave.
void require_requeueing(std::uint64_t capabilities, const route::Router& router, Ordering ordering, const std::string& listener);

}  // namespace dispytch::assemble
