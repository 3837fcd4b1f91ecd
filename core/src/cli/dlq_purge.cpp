// `dispytch dlq purge`: deletes the oldest dead letters for good.
#include <algorithm>
#include <cstdint>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "app/signals.hpp"
#include "border/admin.hpp"
#include "cli/dlq.hpp"
#include "cli/terminal.hpp"

namespace dispytch::cli {
namespace {

constexpr std::chrono::seconds kDeleteTimeout{30};

struct DlqPurgeOptions {
  BoxOptions box = {};
  std::string up_to = {};
  bool all = false;
  bool replayed = false;
  bool other_groups = false;
  bool yes = false;
};

// What is to go of one partition: the letters in [low, offset).
struct Cut {
  std::string topic = {};
  std::int32_t partition = 0;
  std::int64_t low = 0;
  std::int64_t offset = 0;
};

std::int64_t cut_at(const DlqPurgeOptions& options, const LetterPlace& place, const std::string& topic, const dispytch_range& range) {
  if (options.all) return range.high;
  if (options.replayed) return (range.flags & DISPYTCH_RANGE_STORED) != 0 ? std::min(range.stored, range.high) : range.low;
  if (topic != place.topic || range.partition != place.partition) return range.low;
  if (place.offset < range.high) return place.offset + 1;
  throw UsageError{"--up-to " + options.up_to + ": there is no such letter; the last one of partition " + std::to_string(range.partition) +
                   " has offset " + std::to_string(range.high - 1)};
}

std::vector<Cut> cuts_of(const DlqPurgeOptions& options, const LetterBox& box, const border::Admin& admin) {
  LetterPlace place;
  if (!options.up_to.empty()) {
    place = parse_place(options.up_to);
    if (place.id) throw UsageError{"--up-to " + options.up_to + ": only a letter with an offset says what comes before it"};
    place.topic = box.topic_of(place);
  }
  std::vector<Cut> cuts;
  bool found = options.up_to.empty();
  for (const std::string& topic : box.topics()) {
    const auto ranges = admin.ranges(topic, options.replayed ? box.replay_group() : "", app::kOpenTimeout).value();
    for (const dispytch_range& range : ranges) {
      found |= topic == place.topic && range.partition == place.partition;
      const std::int64_t offset = cut_at(options, place, topic, range);
      if (offset > range.low) cuts.push_back({topic, range.partition, range.low, offset});
    }
  }
  if (!found) throw UsageError{"--up-to " + options.up_to + ": topic " + place.topic + " has no such partition"};
  return cuts;
}

const Cut* find(const std::vector<Cut>& cuts, const Letter& letter) {
  const auto cut = std::ranges::find_if(cuts, [&](const Cut& each) {
    return each.topic == letter.topic && each.partition == letter.partition && letter.offset < each.offset;
  });
  return cut == cuts.end() ? nullptr : &*cut;
}

// The reading is what tells how many letters there are, and whose.
void require_own(const DlqPurgeOptions& options, std::uint64_t others, const std::string& group) {
  if (others == 0 || options.other_groups) return;
  throw UsageError{"among them are letters, " + std::to_string(others) + ", that another group than `" + group +
                   "` gave up, or nobody known; say --other-groups to delete them as well"};
}

int purge(const DlqPurgeOptions& options) {
  if ((options.up_to.empty() ? 0 : 1) + (options.all ? 1 : 0) + (options.replayed ? 1 : 0) != 1) {
    throw UsageError{"say which letters are to go, by one of --up-to [TOPIC/]PARTITION:OFFSET, --all and --replayed"};
  }
  app::Signals signals;
  std::optional<app::Signals::PromptEnd> prompt{std::in_place, signals, kFailed};  // until letters are deleted it only looks
  Desk desk{options.box};
  const std::shared_ptr<border::Adapter> adapter = signals.start([&] { return desk.letters(); });
  const border::Admin admin = border::Admin::of(adapter).value();
  const std::vector<Cut> cuts = signals.start([&] { return cuts_of(options, desk.box, admin); });
  if (cuts.empty()) {
    std::cout << "nothing to delete\n";
    return kDone;
  }
  Tally tally;
  std::uint64_t others = 0;
  {
    const auto reader = open_reader(signals, desk, {});
    read_letters(*reader, desk.box, signals.token(), [&](const Message&, const Letter& letter) {
      if (find(cuts, letter) == nullptr) return true;
      tally.add(letter);
      if (letter.group.value_or("") != desk.box.listener().group) ++others;
      return true;
    });
  }
  if (signals.token().stop_requested()) throw Exception{ErrorCode::closed, "interrupted; nothing was deleted"};
  for (const Cut& cut : cuts) {
    std::cout << printable(cut.topic) << ", partition " << cut.partition << ": from offset " << cut.low << " up to " << cut.offset - 1
              << '\n';
  }
  std::cout << tally.text() << '\n';
  require_own(options, others, desk.box.listener().group);
  if (!options.yes) {
    std::cout << "nothing was deleted; say --yes to delete them for good\n";
    return kDone;
  }
  prompt.reset();
  std::vector<dispytch_source> sources;
  for (const Cut& cut : cuts) {
    dispytch_source& source = sources.emplace_back();
    source.topic = {reinterpret_cast<const std::uint8_t*>(cut.topic.data()), cut.topic.size()};
    source.partition = cut.partition;
    source.offset = cut.offset;
    source.flags = DISPYTCH_SOURCE_PARTITION | DISPYTCH_SOURCE_OFFSET;
  }
  if (const Result<void> deleted = admin.delete_up_to(sources, kDeleteTimeout); !deleted) throw Exception{deleted.error()};
  std::cout << "deleted\n";
  return kDone;
}

}  // namespace

void add_dlq_purge(CLI::App& dlq, Action& action) {
  CLI::App* const command = dlq.add_subcommand("purge", "Delete the oldest dead letters, for good");
  const auto options = std::make_shared<DlqPurgeOptions>();
  add_box_options(*command, options->box);
  command->add_option("--up-to", options->up_to, "This letter, and all before it of its partition")->type_name("[TOPIC/]PARTITION:OFFSET");
  command->add_flag("--all", options->all, "All that there are now");
  command->add_flag("--replayed", options->replayed, "All that `replay` has come past: sent back, refused, or passed over by a filter");
  command->add_flag("--other-groups", options->other_groups,
                    "Also those that other groups gave up, where groups share a topic of dead letters");
  command->add_flag("--yes", options->yes, "Delete; without it the command only says what would go");
  command->footer(
      "Example:\n  dispytch dlq purge --config orders.yaml billing --replayed --yes\n\n"
      "It needs a backend whose plugin offers the extension " DISPYTCH_EXTENSION_ADMIN ".");
  command->callback([&action, options] { action = [options] { return purge(*options); }; });
}

}  // namespace dispytch::cli
