// The extensions of version 1.1 through the border: the memory plugin's, those that a plugin lacks, and one that lies.
#include "border/extensions.hpp"

#include <array>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <dispytch/plugins/memory.h>
#include <dispytch/message.hpp>
#include <dispytch/plugin/message.hpp>

#include "border/document.hpp"
#include "border/library.hpp"
#include "border/producer_handle.hpp"

namespace dispytch::border {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::chrono::seconds kSoon{5};

std::shared_ptr<Adapter> open_memory(const std::string& config = R"({"config":{"topics":{"orders":{"partitions":2}}}})") {
  static const Library& library = adopt(*dispytch_memory_plugin(DISPYTCH_ABI_MINOR));
  return Adapter::open(library, config, {}, kSoon).value();
}

void send(Adapter& adapter, std::vector<std::string> payloads) {
  const auto producer = adapter.open_producer(R"({"config":{},"timeout_ms":1000})", {}, kSoon).value();
  std::uint64_t token = 0;
  for (const std::string& payload : payloads) {
    const dispytch_header header{plugin::bytes("none"), {}};
    const dispytch_message message{.topic = plugin::bytes("orders"),
                                   .payload = plugin::bytes(payload),
                                   .headers = &header,
                                   .n_headers = 1,
                                   .flags = DISPYTCH_MSG_PARTITION,
                                   .partition = 1,
                                   .token = ++token};
    std::uint32_t accepted = 0;
    dispytch_error error{};
    ASSERT_EQ(producer->send({&message, 1}, accepted, error), DISPYTCH_OK);
  }
}

TEST(Extensions, GroupsAreMovedListedAndForgotten) {
  const auto adapter = open_memory();
  send(*adapter, {"a", "b", "c"});
  const Groups groups = Groups::of(adapter).value();
  EXPECT_THAT(groups.list(kSoon).value(), IsEmpty());
  const Move move{.topic = "orders", .partition = 1, .to = DISPYTCH_MOVE_TO_OFFSET, .value = 2};
  EXPECT_EQ(groups.move("billing", {&move, 1}, true, kSoon).value().at(0).offset, 2);
  EXPECT_EQ(groups.positions("billing", std::nullopt, kSoon).error().code, ErrorCode::not_found);
  EXPECT_EQ(groups.move("billing", {&move, 1}, false, kSoon).value().size(), 1u);
  const std::vector<PositionRow> rows = groups.positions("billing", "orders", kSoon).value();
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[1].topic, "orders");
  EXPECT_EQ(rows[1].partition, 1);
  EXPECT_EQ(rows[1].offset, 2);
  EXPECT_EQ(rows[1].high, 3);
  EXPECT_EQ(rows[1].id, std::nullopt);
  const std::vector<GroupRow> all = groups.list(kSoon).value();
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].name, "billing");
  EXPECT_EQ(all[0].members, 0u);
  EXPECT_EQ(all[0].state, std::nullopt);
  EXPECT_THAT(groups.members("billing", kSoon).value(), IsEmpty());
  EXPECT_TRUE(groups.forget("billing", kSoon));
  EXPECT_EQ(groups.forget("billing", kSoon).error().text, "no group `billing` in the memory backend");
}

TEST(Extensions, ABacklogSaysWhatIsKnown) {
  const auto adapter = open_memory();
  send(*adapter, {"a", "b"});
  const Move to_one{.topic = "orders", .partition = 1, .to = DISPYTCH_MOVE_TO_OFFSET, .value = 1};
  ASSERT_TRUE(Groups::of(adapter).value().move("billing", {&to_one, 1}, false, kSoon));
  const std::vector<BacklogRow> rows = Backlog::of(adapter).value().ask("billing", std::nullopt, kSoon).value();
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[1].waiting, 1);
  EXPECT_EQ(rows[1].in_hand, 0);
  EXPECT_EQ(rows[1].position, 1);
  EXPECT_EQ(rows[1].end, 2);
  EXPECT_TRUE(rows[1].oldest_ms);
  EXPECT_EQ(rows[0].oldest_ms, std::nullopt) << "there is none";
}

TEST(Extensions, ADeclarationFindsAndMakes) {
  const auto adapter = open_memory();
  const Declaration declaration = Declaration::of(adapter).value();
  const std::string document =
      declare_document(nlohmann::json::object(), nlohmann::json::array(), {{{"name", "in"}, {"topics", {{{"name", "refunds"}}}}}});
  const std::vector<FindingRow> found = declaration.declare(document, false, kSoon).value();
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].kind, std::uint32_t{DISPYTCH_MISSING});
  EXPECT_EQ(found[0].object, "topic `refunds`");
  EXPECT_EQ(found[0].pointer, "/consumers/0/topics/0/name");
  EXPECT_EQ(found[0].setting, std::nullopt);
  EXPECT_TRUE(found[0].can_make);
  EXPECT_TRUE(declaration.declare(document, true, kSoon).value().at(0).made);
  EXPECT_THAT(declaration.declare(document, false, kSoon).value(), IsEmpty());
}

TEST(Extensions, ALookShowsMessagesWithTheirHeaders) {
  const auto adapter = open_memory();
  send(*adapter, {"a", "b", "c"});
  const auto browser = Browser::open(adapter, {.topic = "orders", .partition = 1, .offset = 1}, kSoon).value();
  EXPECT_EQ(browser->disturbs(), 0u);
  const auto messages = browser->read(1, 1000, kSoon).value();
  ASSERT_EQ(messages.size(), 1u);
  const Message message{messages[0], nullptr, nullptr};
  EXPECT_EQ(message.payload(), "b");
  ASSERT_EQ(message.headers().size(), 1u);
  EXPECT_EQ(message.headers()[0].value, std::nullopt);
  EXPECT_EQ(browser->read(10, 1000, kSoon).value().size(), 1u);
  EXPECT_TRUE(browser->read(10, 1000, kSoon).value().empty()) << "that were all";
  EXPECT_EQ(Browser::open(adapter, {.topic = "nothing"}, kSoon).error().code, ErrorCode::not_found);
}

// ---- plugins that lack them ----

// The memory plugin's table with another function `extension`.
class Altered {
 public:
  explicit Altered(const char* id, const void* (*extension)(const char*) noexcept) {
    table_.id = id;
    table_.extension = extension;
  }
  std::shared_ptr<Adapter> open() { return Adapter::open(library_, R"({"config":{}})", {}, kSoon).value(); }

 private:
  dispytch_plugin table_ = *dispytch_memory_plugin(DISPYTCH_ABI_MINOR);
  const Library library_{table_, {}};
};

TEST(Extensions, OneThatIsNotOfferedIsSaidToBeSo) {
  Altered plain{"plain", [](const char*) noexcept -> const void* { return nullptr; }};
  const auto adapter = plain.open();
  const Error groups = Groups::of(adapter).error();
  EXPECT_EQ(groups.code, ErrorCode::not_implemented);
  EXPECT_EQ(groups.text,
            "the plugin `plain` doesn't offer the extension dispytch.groups/1, by which groups are listed, moved and forgotten; use the "
            "broker's own tools");
  EXPECT_EQ(Backlog::of(adapter).error().code, ErrorCode::not_implemented);
  EXPECT_EQ(Declaration::of(adapter).error().code, ErrorCode::not_implemented);
  EXPECT_EQ(Browser::open(adapter, {.topic = "orders"}, kSoon).error().code, ErrorCode::not_implemented);
}

TEST(Extensions, OneThatLacksAFunctionIsRefused) {
  Altered lying{"lying", [](const char* id) noexcept -> const void* {
                  static const dispytch_groups groups{.size = sizeof(dispytch_groups)};
                  static const dispytch_backlog backlog{.size = 8};
                  static const dispytch_declare declare{.size = sizeof(dispytch_declare)};
                  static const dispytch_browse browse{.size = sizeof(dispytch_browse)};
                  const std::array<std::pair<const char*, const void*>, 4> all{{{DISPYTCH_EXTENSION_GROUPS, &groups},
                                                                                {DISPYTCH_EXTENSION_BACKLOG, &backlog},
                                                                                {DISPYTCH_EXTENSION_DECLARE, &declare},
                                                                                {DISPYTCH_EXTENSION_BROWSE, &browse}}};
                  for (const auto& [name, table] : all) {
                    if (std::strcmp(id, name) == 0) return table;
                  }
                  return nullptr;
                }};
  const auto adapter = lying.open();
  EXPECT_THAT(Groups::of(adapter).error().text, HasSubstr("its extension dispytch.groups/1 lacks one of its functions"));
  EXPECT_EQ(Backlog::of(adapter).error().code, ErrorCode::invalid);
  EXPECT_EQ(Declaration::of(adapter).error().code, ErrorCode::invalid);
  EXPECT_EQ(Browser::open(adapter, {.topic = "orders"}, kSoon).error().code, ErrorCode::invalid);
}

// Rows of another version: longer ones are stepped over, of shorter ones the end reads as nothing said.
TEST(Extensions, RowsOfAnotherLengthAreReadByTheirStride) {
  static constexpr std::size_t kLong = sizeof(dispytch_group) + 24, kShort = offsetof(dispytch_group, flags);
  static std::size_t stride = kLong;
  static int released = 0;
  static std::array<std::byte, 2 * kLong> memory{};
  Altered other{
      "other", [](const char* id) noexcept -> const void* {
        static const dispytch_rows* const none = nullptr;
        static dispytch_rows rows{};
        static const dispytch_groups groups{
            .size = sizeof(dispytch_groups),
            .reserved = 0,
            .list = [](dispytch_adapter*, std::int32_t, const dispytch_rows** out, dispytch_error*) noexcept -> dispytch_status {
              rows = {.size = sizeof rows, .stride = static_cast<std::uint32_t>(stride), .count = 2, .reserved = 0, .first = memory.data()};
              *out = &rows;
              return DISPYTCH_OK;
            },
            .members = [](dispytch_adapter*, dispytch_bytes, std::int32_t, const dispytch_rows** out,
                          dispytch_error*) noexcept -> dispytch_status { return *out = none, DISPYTCH_OK; },
            .positions = [](dispytch_adapter*, dispytch_bytes, dispytch_bytes, std::int32_t, const dispytch_rows** out,
                            dispytch_error*) noexcept -> dispytch_status { return *out = none, DISPYTCH_OK; },
            .move = [](dispytch_adapter*, dispytch_bytes, const dispytch_move*, std::uint32_t, std::uint32_t, std::int32_t, std::int32_t,
                       const dispytch_rows** out, dispytch_error*) noexcept -> dispytch_status { return *out = none, DISPYTCH_OK; },
            .forget = [](dispytch_adapter*, dispytch_bytes, std::int32_t, dispytch_error*) noexcept -> dispytch_status {
              return DISPYTCH_OK;
            },
            .release = [](dispytch_adapter*, const dispytch_rows*) noexcept { ++released; }};
        return std::strcmp(id, DISPYTCH_EXTENSION_GROUPS) == 0 ? &groups : nullptr;
      }};
  const auto adapter = other.open();
  for (const std::size_t length : {kLong, kShort}) {
    stride = length;
    for (int i = 0; i < 2; ++i) {
      const dispytch_group group{.name = plugin::bytes(i == 0 ? "one" : "two"), .state = {}, .flags = DISPYTCH_GROUP_MEMBERS, .members = 7};
      std::memcpy(memory.data() + static_cast<std::size_t>(i) * stride, &group, std::min(stride, sizeof group));
    }
    const std::vector<GroupRow> rows = Groups::of(adapter).value().list(kSoon).value();
    ASSERT_EQ(rows.size(), 2u);
    EXPECT_EQ(rows[1].name, "two");
    EXPECT_EQ(rows[1].members, length == kLong ? std::optional{7u} : std::nullopt);
  }
  EXPECT_EQ(released, 2);
  EXPECT_THAT(Groups::of(adapter).value().members("g", kSoon).value(), IsEmpty()) << "no rows are none";
}

}  // namespace
}  // namespace dispytch::border
