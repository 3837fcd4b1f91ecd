// Which values must not be shown.
#pragma once

#include <set>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

namespace dispytch::schema {

/// Whether a name tells that what it names is secret: it holds password, passphrase, secret, token, credential, or ends in key.pem and the
/// like.
bool sounds_secret(std::string_view name);

/// The pointers of all values that a schema marks `writeOnly`, wherever it might apply, and of those under keys that no "properties" name
/// and that sound secret.
std::set<std::string> find_secrets(const nlohmann::json& document, const nlohmann::json& schema, const nlohmann::json& value);

}  // namespace dispytch::schema
