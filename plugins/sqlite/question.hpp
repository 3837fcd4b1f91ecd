// One question or order of an operator: a connection of its own, and its failures as the border's.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <dispytch/plugin/status.hpp>

#include "broker.hpp"
#include "catalog.hpp"
#include "errors.hpp"

namespace dispytch::sqlite {

/// Calls body(database) and returns what it returns. Throws plugin::Exception.
template <class Body>
auto ask(Broker& broker, Body&& body) {
  try {
    if (const auto missing = broker.file().missing()) throw plugin::Exception{*missing};
    const std::unique_ptr<Database> database = broker.file().connect();
    return body(*database);
  } catch (const Failure& failure) {
    throw plugin::Exception{error_of(failure, "using", broker.file().path())};
  }
}

/// The same in a transaction; others are told when it is committed.
template <class Body>
auto order(Broker& broker, Body&& body) {
  return ask(broker, [&](Database& database) {
    Transaction transaction{database};
    struct AtEnd {
      Transaction& transaction;
      Broker& broker;
      void done() {
        transaction.commit();
        broker.bell().ring();
      }
    } end{transaction, broker};
    if constexpr (std::is_void_v<decltype(body(database))>) {
      body(database);
      end.done();
    } else {
      auto result = body(database);
      end.done();
      return result;
    }
  });
}

/// Throws plugin::Exception (DISPYTCH_ENOTFOUND).
inline Topic existing_topic(Broker& broker, Database& database, std::string_view name) {
  if (auto found = find_topic(database, name)) return std::move(*found);
  plugin::Error error{.code = DISPYTCH_ENOTFOUND, .text = no_topic(name, broker.file().path())};
  if (broker.options().auto_create) {
    error.text = "there is no topic `" + std::string{name} + "` in `" + broker.file().path() + "` yet; its first use creates it";
    error.retriable = true;
  }
  throw plugin::Exception{error};
}

}  // namespace dispytch::sqlite
