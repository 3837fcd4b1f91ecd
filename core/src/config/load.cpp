#include "config/load.hpp"

#include <cstdlib>
#include <utility>

#include "config/problem_list.hpp"
#include "config/read_file.hpp"
#include "config/text.hpp"
#include "config/tree.hpp"
#include "config/validate.hpp"

namespace dispytch::config {
namespace {

std::optional<std::string> process_environment(const std::string& name) {
  const char* const value = std::getenv(name.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>{value};
}

bool is_json(const std::filesystem::path& file) { return file.extension() == ".json"; }

Tree parse(const std::string& text, const std::filesystem::path& file, const LoadOptions& options) {
  Sources sources{.environment = options.environment ? options.environment : process_environment,
                  .file = options.file ? options.file : read_file,
                  .folder = file.parent_path()};
  return is_json(file) ? parse_json(text, std::move(sources)) : parse_yaml(text, std::move(sources));
}

}  // namespace

Loaded load_text(std::string_view bytes, const std::filesystem::path& file, const LoadOptions& options) {
  const std::string text{without_byte_order_mark(bytes)};
  const auto only = [&](Position position, std::string what) {
    return tl::make_unexpected(Problems{{.file = file.string(), .position = position, .text = std::move(what)}});
  };
  if (const std::optional<TextError> error = find_text_error(text)) return only(Lines{text}.position(error->offset), error->text);

  Tree tree = parse(text, file, options);
  if (tree.complete && tree.value.is_null() && tree.mistakes.empty())
    return only({.line = 1, .column = 1}, "the file says nothing; the least it needs is `version: 1`");
  ProblemList problems{file.string(), tree};
  if (tree.complete) {
    const BackendPlugins plugins = validate(tree, file.parent_path(), options, problems);
    cross_check(tree, file.parent_path(), plugins, problems);
  }
  Positions positions = problems.positions();
  Problems found = std::move(problems).sorted();
  if (!found.empty()) return tl::make_unexpected(std::move(found));
  return build(std::move(tree), file, std::move(positions));
}

Loaded load(const std::filesystem::path& file, const LoadOptions& options) {
  const Result<std::string> bytes = read_file(file);
  if (!bytes) return tl::make_unexpected(Problems{{.file = file.string(), .text = bytes.error().text}});
  return load_text(*bytes, file, options);
}

Config load_or_throw(const std::filesystem::path& file, const LoadOptions& options) {
  Loaded loaded = load(file, options);
  if (!loaded) throw Exception{ErrorCode::config, report(loaded.error())};
  return std::move(*loaded);
}

}  // namespace dispytch::config
