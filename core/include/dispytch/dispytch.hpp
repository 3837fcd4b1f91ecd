// All that an application needs.
#pragma once

#include <dispytch/app.hpp>
#include <dispytch/backend.hpp>
#include <dispytch/batch.hpp>
#include <dispytch/context.hpp>
#include <dispytch/describe.hpp>
#include <dispytch/emit_middleware.hpp>
#include <dispytch/emitter.hpp>
#include <dispytch/event.hpp>
#include <dispytch/handler.hpp>
#include <dispytch/listener.hpp>
#include <dispytch/message.hpp>
#include <dispytch/middleware.hpp>
#include <dispytch/outcome.hpp>
#include <dispytch/parameters.hpp>
#include <dispytch/policy.hpp>
#include <dispytch/result.hpp>
#include <dispytch/settings.hpp>
#include <dispytch/wire.hpp>
