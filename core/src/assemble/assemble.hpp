// From a specification to an engine that runs: the only way in which a listener is made.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <dispytch/handler.hpp>
#include <dispytch/parameters.hpp>
#include <dispytch/result.hpp>

#include "assemble/listener_spec.hpp"
#include "border/adapter.hpp"
#include "border/consumer_handle.hpp"
#include "listen/engine.hpp"
#include "route/router.hpp"

namespace dispytch::assemble {

/// A listener without mistakes, before anything of it is opened. Its handlers' groups and providers outlive it.
struct CheckedListener {
  ListenerSpec spec;
  route::Router router;
  const Providers* providers;
};

/// Finds every mistake of a listener that shows before its backend is asked: a sentence into `problems` for each, which begins with the
/// listener's place in the file, or else with its name. With any, what is returned must not be opened. `capabilities`: the most that the
/// backend can do. The providers are the caller's to check, since listeners share them.
CheckedListener check(ListenerSpec spec, const std::vector<HandlerGroup>& groups, const Providers& providers, std::uint64_t capabilities,
                      std::vector<std::string>& problems);

/// Opens a listener at its backend, once the providers have made what they make. Blocks up to `timeout`. Throws Exception
/// (ErrorCode::config) where the opened backend can't do what is asked of it. The error is the plugin's own.
Result<std::unique_ptr<listen::Engine>> open(CheckedListener listener, border::Adapter& backend, std::chrono::milliseconds timeout,
                                             Replacements replacements = {});

/// Opens a listener over a consumer that is open already: topics, start and the plugin's options are what it was opened with.
std::unique_ptr<listen::Engine> open(CheckedListener listener, std::unique_ptr<border::ConsumerHandle> consumer,
                                     Replacements replacements = {});

/// Checks and opens a listener over a consumer that is open already, whose group and topics it takes over. The providers make what they
/// make in between. Throws Exception (ErrorCode::config) with every mistake, a line each, before anything is read.
std::unique_ptr<listen::Engine> assemble(ListenerSpec spec, const std::vector<HandlerGroup>& groups, Providers& providers,
                                         std::unique_ptr<border::ConsumerHandle> consumer, Replacements replacements = {});

/// Returns whether what goes through the emitter reaches the backend.
bool goes_to(const std::shared_ptr<detail::EmitterCore>& emitter, const border::Adapter& backend) noexcept;

/// Throws Exception (ErrorCode::config) with all of the problems, a line each; without any it does nothing.
void throw_if_any(const std::vector<std::string>& problems);

}  // namespace dispytch::assemble
