// A JSON Schema (draft-07) that checks, normalises and redacts options: core's own config file, and what a plugin declares of itself.
//
// Beyond draft-07 these annotations are understood; other readers of the schema ignore them:
//   "format": "duration",  "unit": "ns" | "us" | "ms" | "s"              "250ms" in the file, the integer 250 for the program
//   "format": "byte-size", "unit": "bytes" | "KiB" | "MiB" | "kB" | "MB"  "64MiB" in the file, the integer 65536 (KiB) for the program
//     with "type": "string"; with ["string", "integer"] a bare integer in that unit is taken as well. The draft's own "minimum" and
//     "maximum" are about the integer.
//   "writeOnly": true                                                    a secret: its value is never shown
//   "x-instead": "use the listener's `start`"                            an option that something else decides: refused, with that word
//   "x-reason": "..."                                                    why the default is what it is; for documentation
// Defaults are documentation: they are not filled in.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include <dispytch/result.hpp>

namespace dispytch::schema {

/// A place where a value doesn't fit its schema.
struct Violation {
  std::string pointer = {};  ///< JSON pointer into the value: `/listeners/board/start`. Of an unknown key: the key's.
  bool about_key = false;    ///< the key is wrong, not its value
  std::string text = {};     ///< `expected an integer of at least 1, found "five"`; never a secret's value
};

/// How the value at a JSON pointer is to be shown in a text, where it isn't to be shown as it is; nullopt: as it is.
using Shown = std::function<std::optional<std::string>(const std::string& pointer)>;

/// A compiled schema. Cheap to copy; const functions from any thread.
class Schema {
 public:
  /// Compiles a document, or what is named `definition` below its `$defs`: `backend`, `producer`, `consumer`, `topic` of a plugin.
  /// A definition that isn't there allows no key at all. Fails with ErrorCode::config where the document is no valid schema.
  static Result<Schema> compile(const nlohmann::json& document, std::string_view definition = {});

  /// Checks `value` and writes durations and sizes as integers into it. All violations, in the order of the value; empty: it fits.
  std::vector<Violation> apply(nlohmann::json& value, const Shown& shown = {}) const;

  /// The JSON pointers of all secrets in the value: what the schema marks `writeOnly`, and keys it doesn't know with telling names.
  std::vector<std::string> secrets(const nlohmann::json& value) const;

 private:
  struct Compiled;
  explicit Schema(std::shared_ptr<const Compiled> compiled) : compiled_{std::move(compiled)} {}
  std::shared_ptr<const Compiled> compiled_;
};

/// What stands in the place of a secret.
inline constexpr std::string_view kRedacted = "***";

/// The value with `***` for every secret.
nlohmann::json redact(nlohmann::json value, const Schema& schema);

/// For options that come from no file (Backend::load): checked and normalised, or one Error with all violations in its text,
/// `/acks: expected one of ...`, a line each. `what` names them: "the options of plugin `kafka`".
Result<nlohmann::json> accept(nlohmann::json value, const Schema& schema, std::string_view what);

}  // namespace dispytch::schema
