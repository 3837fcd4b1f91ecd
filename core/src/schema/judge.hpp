// The verdict of valijson on a value: the one file that includes it is judge.cpp.
//
// valijson knows all of draft-07 but words its errors for programmers; walk.hpp words those of the usual keywords for operators. What only
// valijson finds is reported in its words, so that no keyword of a plugin's schema is without effect.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include <dispytch/result.hpp>

namespace dispytch::schema {

class Judge {
 public:
  struct Objection {
    std::string pointer = {};
    std::string text = {};
  };

  /// Compiles a schema document. ErrorCode::config with valijson's reason where it is none.
  static Result<Judge> compile(const nlohmann::json& document);
  /// What doesn't fit; of nested objections the innermost. Strings are judged by their first 1024 bytes. Any thread.
  std::vector<Objection> objections(const nlohmann::json& value) const;

  Judge(Judge&&) noexcept;
  Judge& operator=(Judge&&) noexcept;
  ~Judge();

 private:
  struct Compiled;
  explicit Judge(std::unique_ptr<const Compiled> compiled);
  std::unique_ptr<const Compiled> compiled_;
};

/// The longest string that a "pattern" is tried on; longer ones don't match. std::regex recurses once or more for each character and
/// would otherwise overrun the stack.
inline constexpr std::size_t kLongestMatched = 1024;

}  // namespace dispytch::schema
