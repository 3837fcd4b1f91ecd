// An application over a plugin of version 1.0: built from what is frozen in v1/.
#include <atomic>
#include <chrono>
#include <map>
#include <string>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <dispytch/dispytch.hpp>

#include "abi/support.hpp"
#include "border/adapter.hpp"
#include "border/library.hpp"

namespace dispytch::border {

struct Note {
  static constexpr auto topic = "echo";
  static constexpr auto type = "note";
  std::string text = {};
};
DISPYTCH_EVENT(Note, text)

namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

TEST(Version1, IsWhatTheFrozenPluginSaysOfItself) {
  const Library& library = *load(library_path("echo_v1").string()).value();
  EXPECT_EQ(library.table().abi_minor, 0u);
  EXPECT_EQ(library.table().consumer->size, 88u);
  EXPECT_EQ(library.table().producer->size, 48u);
}

// Emits, handles, tries again, and drains: all that an application asks of a plugin.
TEST(Version1, CarriesAnApplication) {
  const LibraryFolder folder;
  const auto file = folder.write("app.yaml",
                                 "version: 1\n"
                                 "backends: { old: { plugin: " +
                                     library_path("echo_v1").string() +
                                     " } }\n"
                                     "emitters: { out: { backend: old } }\n"
                                     "listeners:\n"
                                     "  in:\n"
                                     "    backend: old\n"
                                     "    topics: [echo]\n"
                                     "    retry: { attempts: 3, backoff: { initial: 1ms } }\n");
  std::stop_source stop;
  std::map<std::string, int> handled;
  HandlerGroup group;
  group.on<Note>([&](const Event<Note>& note) {
    const int tries = ++handled[note.body.text];
    if (note.body.text == "b" && tries < 3) throw std::runtime_error{"not yet"};
    EXPECT_EQ(note.headers, (Headers{{"empty", ""}, {"none", ""}})) << "an absent value is sent as an empty one";
    if (note.body.text == "c") stop.request_stop();
  });
  App app{"old-and-new"};
  app.config(file.string());
  app.listen("in", std::move(group));
  app.task([](Named<"out", EventEmitter> out, std::stop_token) {
    for (const char* text : {"a", "b", "c"}) {
      out->emit(Note{.text = text}, {.headers = {{"empty", ""}, {"none", std::nullopt}}}).value();
    }
  });
  EXPECT_EQ(app.run(stop.get_token()), 0);
  EXPECT_THAT(handled, ElementsAre(Pair("a", 1), Pair("b", 3), Pair("c", 1)));
}

}  // namespace
}  // namespace dispytch::border
