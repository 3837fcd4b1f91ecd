// The schemas that stand in the repository: what they give as examples and defaults is what they take.
#include <gtest/gtest.h>

#include "config/read_file.hpp"
#include "schema/pointer.hpp"
#include "schema/schema.hpp"

namespace dispytch::tests {
namespace {

using nlohmann::json;
using schema::Schema;

struct Document {
  const char* file;
  json value = json::parse(config::read_file(std::string{DISPYTCH_REPOSITORY} + '/' + file).value());

  // The schema at a pointer, with all that it may refer to.
  Schema at(const std::string& pointer) const {
    json node = *schema::find(value, pointer);
    for (const char* definitions : {"definitions", "$defs"})
      if (value.contains(definitions)) node[definitions] = value[definitions];
    return Schema::compile(node).value();
  }

  int check(const json& node, const std::string& pointer) const {
    if (!node.is_structured()) return 0;
    int checked = 0;
    const auto fits = [&](json example) {
      const std::vector<schema::Violation> violations = at(pointer).apply(example);
      EXPECT_TRUE(violations.empty()) << file << ' ' << pointer << ": " << violations.front().text;
      ++checked;
    };
    if (node.is_object() && node.contains("examples") && node.at("examples").is_array())
      for (const json& example : node.at("examples")) fits(example);
    if (node.is_object() && node.contains("default") && node.contains("type")) fits(node.at("default"));
    for (const auto& [key, part] : node.items()) checked += check(part, schema::child(pointer, key));
    return checked;
  }
};

TEST(SchemaDocuments, TakeTheirOwnExamplesAndDefaults) {
  for (const char* file :
       {"config/dispytch.schema.json", "plugins/memory/schema.json", "plugins/kafka/schema.json", "plugins/redis/schema.json"}) {
    const Document document{file};
    EXPECT_GE(document.check(document.value, ""), 10) << file;
  }
}

}  // namespace
}  // namespace dispytch::tests
