// A broker that takes every message, confirms it and forgets it: the least there is to a plugin.
#include <dispytch/plugin/backend.hpp>

#include <algorithm>
#include <cstdint>
#include <mutex>
#include <vector>

namespace plugin = dispytch::plugin;

namespace {

class Producer {
 public:
  plugin::Accepted send(plugin::Strided<const plugin::MessageView> messages) {
    const std::scoped_lock lock{mutex_};
    for (const plugin::MessageView& message : messages) taken_.push_back(message.token());
    return {.count = messages.size()};
  }
  std::size_t reports(plugin::Strided<plugin::Report> out) {
    const std::scoped_lock lock{mutex_};
    const std::size_t count = std::min(out.size(), taken_.size());
    for (std::size_t i = 0; i < count; ++i) {
      plugin::Report report{};
      report.token = taken_[i];
      out.set(i, report);
    }
    taken_.erase(taken_.begin(), taken_.begin() + static_cast<std::ptrdiff_t>(count));
    return count;
  }
  plugin::Status flush(std::chrono::milliseconds /*timeout*/) { return {}; }

 private:
  std::mutex mutex_;
  std::vector<std::uint64_t> taken_;  // tokens not reported yet; guarded by mutex_
};

class Backend {
 public:
  Backend(plugin::Host /*host*/, plugin::Config /*config*/) {}
  plugin::Result<std::unique_ptr<Producer>> producer(plugin::Config /*options*/) { return std::make_unique<Producer>(); }
};

}  // namespace

DISPYTCH_PLUGIN(Backend, .id = "discard", .version = "1.0.0", .capabilities = {plugin::keys, plugin::headers},
                .config_schema = R"({"$defs": {"backend": {"type": "object", "additionalProperties": false}}})")
