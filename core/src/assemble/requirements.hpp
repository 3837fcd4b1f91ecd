// Checks what a listener asks of its backend, before it reads anything.
#pragma once

#include <cstdint>
#include <string>

#include <dispytch/policy.hpp>

#include "border/adapter.hpp"
#include "route/router.hpp"

namespace dispytch::assemble {

/// Throws Exception (ErrorCode::config) where a backend can't acknowledge and nobody said that at most once will do.
void require_acknowledgement(std::uint64_t capabilities, bool at_most_once, const std::string& listener);

/// Throws Exception (ErrorCode::config) where a listener wants order by key, and its backend doesn't keep a key's messages together.
void require_order(std::uint64_t capabilities, Ordering ordering, const std::string& listener);

/// Throws Exception (ErrorCode::config) where a listener is to be known by a name, and its backend knows no member by one. An empty name:
/// it isn't.
void require_instance(const border::Adapter& adapter, const std::string& instance, const std::string& listener);

/// Throws Exception (ErrorCode::config) where handlers let their messages go back to a broker that can't keep them. Warns where the
/// listener asks for order by key as well, which such messages leave.
void require_requeueing(std::uint64_t capabilities, const route::Router& router, Ordering ordering, const std::string& listener);

}  // namespace dispytch::assemble
