// Tries the tables of docs/write-a-handler.md, section 8: each payload is read, or refused with the words that stand there.
#include <fstream>
#include <map>
#include <regex>
#include <string>

#include <dispytch/dispytch.hpp>
#include <dispytch/testing/harness.hpp>

#include <nlohmann/json.hpp>

#include <gmock/gmock.h>

namespace dispytch {
namespace {

// As it stands in the document.
struct Reading {
  static constexpr auto topic = "readings";
  static constexpr auto type = "reading";
  static constexpr auto defaulted = fields("small", "number", "flag", "text", "list", "at", "free");
  int whole = 0;
  std::uint8_t small = 0;
  double number = 0;
  bool flag = false;
  std::string text = {};
  std::optional<int> maybe = {};
  std::vector<int> list = {};
  std::chrono::sys_time<std::chrono::milliseconds> at = {};
  nlohmann::json free = {};
};
DISPYTCH_EVENT(Reading, whole, small, number, flag, text, maybe, list, at, free)

struct Row {
  WireForm wire = {};
  std::string payload = {};
  std::string answer = {};
};

// What `\xff` and `\n` stand for in the document; JSON's own escapes stay.
std::string bytes_of(const std::string& text) {
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text.compare(i, 2, "\\x") == 0) {
      bytes += static_cast<char>(std::stoi(text.substr(i + 2, 2), nullptr, 16));
      i += 3;
    } else if (text.compare(i, 2, "\\n") == 0) {
      bytes += '\n';
      ++i;
    } else {
      bytes += text[i];
    }
  }
  return bytes;
}

std::vector<Row> rows() {
  const std::map<std::string, WireForm> tables{{"| flat payload | answer |", {.layout = WireForm::Layout::flat}},
                                               {"| envelope | answer |", {.layout = WireForm::Layout::envelope}}};
  const std::regex row{R"(\| `(.*)` \| (.*) \|)"};
  std::vector<Row> all;
  std::ifstream document{DISPYTCH_DOCUMENT};
  const WireForm* wire = nullptr;
  std::smatch match;
  for (std::string line; std::getline(document, line);) {
    if (const auto table = tables.find(line); table != tables.end()) {
      wire = &table->second;
    } else if (line.empty()) {
      wire = nullptr;
    } else if (wire != nullptr && std::regex_match(line, match, row)) {
      all.push_back({.wire = *wire, .payload = match[1], .answer = match[2]});
    }
  }
  return all;
}

TEST(OddInput, IsAnsweredAsTheDocumentSays) {
  const std::vector<Row> all = rows();
  ASSERT_GT(all.size(), 30);
  for (const Row& row : all) {
    SCOPED_TRACE(row.payload);
    int read = 0;
    HandlerGroup group;
    group.on<Reading>([&](const Reading&) { ++read; });
    testing::Harness harness{std::move(group), {.name = "harness", .wire = row.wire}};
    harness.emit(OutgoingMessage{.topic = "readings", .payload = bytes_of(row.payload)});
    harness.settle();
    if (row.answer == "read") {
      EXPECT_EQ(read, 1) << (harness.failures().empty() ? "" : harness.failures()[0].reason);
    } else {
      ASSERT_EQ(harness.failures().size(), 1);
      EXPECT_THAT(harness.failures()[0].reason, ::testing::HasSubstr(": " + row.answer));
      EXPECT_EQ(read, 0);
    }
  }
}

}  // namespace
}  // namespace dispytch
