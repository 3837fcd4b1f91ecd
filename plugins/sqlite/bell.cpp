#include "bell.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <system_error>

namespace dispytch::sqlite {
namespace {

constexpr int kSlowLookMs = 100;  // a net: where a bell is lost, or its file was deleted
constexpr mode_t kMode = 0666;    // as SQLite creates files; the process's umask takes from it

}  // namespace

Descriptor::~Descriptor() { reset(-1); }

void Descriptor::reset(int number) noexcept {
  if (number_ >= 0) close(number_);
  number_ = number;
}

Bell::Bell(const File& file, const plugin::Host& host)
    : file_{file}, host_{host}, path_{file.path() + "-bell"}, stop_{eventfd(0, EFD_CLOEXEC)} {
  open_bell();
}

Bell::~Bell() {
  std::thread thread;
  {
    const plugin::Lock lock{mutex_};
    thread = std::move(thread_);
  }
  if (!thread.joinable()) return;
  eventfd_write(stop_.get(), 1);
  thread.join();
}

void Bell::open_bell() { bell_.reset(open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kMode)); }

void Bell::ring() noexcept {
  // Somebody may have deleted it, as it looks like something that was left behind.
  struct stat opened {};
  if (bell_.get() < 0 || fstat(bell_.get(), &opened) != 0 || opened.st_nlink == 0) open_bell();
  const char one = 1;
  if (bell_.get() >= 0 && pwrite(bell_.get(), &one, 1, 0) < 0) {
    // Then others look when their time has come: a disk that is full delays them by that.
  }
}

void Bell::add(Signal& signal) {
  const plugin::Lock lock{mutex_};
  signals_.push_back(&signal);
  if (thread_.joinable()) return;
  const plugin::SignalsBlocked blocked;
  watch();
  thread_ = std::thread{[this] { listen(); }};
}

void Bell::remove(Signal& signal) {
  const plugin::Lock lock{mutex_};
  std::erase(signals_, &signal);
}

void Bell::watch() {
  inotify_.reset(inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (inotify_.get() >= 0 && inotify_add_watch(inotify_.get(), path_.c_str(), IN_MODIFY | IN_DELETE_SELF | IN_MOVE_SELF) >= 0) {
    warned_ = false;
    return;
  }
  if (!std::exchange(warned_, true))
    host_.log(plugin::Level::warning, "`" + path_ + "` can't be watched: " + std::generic_category().message(errno) +
                                          "; messages of other processes are noticed within " + std::to_string(kSlowLookMs) +
                                          " ms. fs.inotify.max_user_instances of the system may be too low");
  inotify_.reset(-1);
}

bool Bell::has_changed(Database& database, std::int64_t& version) {
  Query query = database.query("PRAGMA data_version");
  const std::int64_t found = query.next() ? query.integer(0) : version;
  return std::exchange(version, found) != found;
}

void Bell::listen() {
  std::unique_ptr<Database> database;
  std::int64_t version = -1;
  for (;;) {
    std::array<pollfd, 2> waits{pollfd{stop_.get(), POLLIN, 0}, pollfd{inotify_.get(), POLLIN, 0}};
    const int ready = poll(waits.data(), waits.size(), kSlowLookMs);
    if ((waits[0].revents & POLLIN) != 0) return;
    bool rung = false, gone = false;
    if (ready > 0 && (waits[1].revents & POLLIN) != 0) {
      alignas(inotify_event) std::array<char, 4096> events;
      for (ssize_t size = 0; (size = read(inotify_.get(), events.data(), events.size())) > 0;) {
        for (ssize_t at = 0; at < size;) {
          const auto* const event = reinterpret_cast<const inotify_event*>(events.data() + at);
          rung = rung || (event->mask & IN_MODIFY) != 0;
          gone = gone || (event->mask & (IN_IGNORED | IN_MOVE_SELF)) != 0;
          at += static_cast<ssize_t>(sizeof(inotify_event) + event->len);
        }
      }
    }
    try {
      if (database == nullptr) database = file_.connect_for_reading();
      const bool changed = has_changed(*database, version);
      rung = rung || (ready == 0 && changed);
    } catch (const Failure&) {  // whoever reads will say so
      rung = true;
    }
    if (gone) inotify_.reset(-1);
    if (inotify_.get() < 0 && access(path_.c_str(), F_OK) == 0) watch();
    if (rung) signal_all();
  }
}

void Bell::signal_all() {
  const plugin::Lock lock{mutex_};
  for (Signal* signal : signals_) signal->set();
}

}  // namespace dispytch::sqlite
