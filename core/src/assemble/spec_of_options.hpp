// The specification of a listener that is made in code.
#pragma once

#include <dispytch/listener.hpp>

#include "assemble/listener_spec.hpp"
#include "border/adapter.hpp"

namespace dispytch::assemble {

/// Fills in what the options say of a listener at a backend; group and topics stay open. Throws Exception (ErrorCode::config) where there
/// are dead letters, but no emitter for them.
ListenerSpec spec_of(const ListenerOptions& options, const border::Adapter& backend);

}  // namespace dispytch::assemble
