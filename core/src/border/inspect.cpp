#include "border/inspect.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <optional>

#include <nlohmann/json.hpp>

namespace dispytch::border {
namespace {

using nlohmann::json;
using Deadline = std::chrono::steady_clock::time_point;

// Closes a descriptor.
class Descriptor {
 public:
  explicit Descriptor(int number) noexcept : number_{number} {}
  ~Descriptor() { reset(); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const noexcept { return number_; }
  void reset() noexcept {
    if (number_ >= 0) ::close(number_);
    number_ = -1;
  }

 private:
  int number_;
};

std::string described(std::string_view name_or_path, const PluginSearch& search) {
  const json answer = [&]() -> json {
    try {
      const Result<const Library*> loaded = load(name_or_path, search);
      if (!loaded) return {{"code", loaded.error().code}, {"error", loaded.error().text}};
      const Library& library = **loaded;
      return {{"path", library.path().string()},
              {"id", library.id()},
              {"version", library.version()},
              {"license", library.license()},
              {"abi_minor", library.table().abi_minor},
              {"capabilities", library.capabilities()},
              {"schema", library.schema()}};
    } catch (const std::exception& exception) {
      return {{"code", ErrorCode::internal}, {"error", exception.what()}};
    }
  }();
  return answer.dump(-1, ' ', false, json::error_handler_t::replace);
}

bool write_all(int descriptor, const void* data, std::size_t size) noexcept {
  for (const char* next = static_cast<const char*>(data); size > 0;) {
    const ssize_t written = ::write(descriptor, next, size);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    next += written;
    size -= static_cast<std::size_t>(written);
  }
  return true;
}

// The whole life of the child. A crash must end it by its signal and leave no core file; what the library prints must not mix with what
// the program prints.
[[noreturn]] void answer_in_child(int pipe, std::string_view name_or_path, const PluginSearch& search) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  for (int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGTERM, SIGPIPE}) std::signal(signal, SIG_DFL);
  constexpr rlimit kNoCore{0, 0};
  ::setrlimit(RLIMIT_CORE, &kNoCore);
  if (const int null = ::open("/dev/null", O_WRONLY); null >= 0) ::dup2(null, STDOUT_FILENO);

  const std::string answer = described(name_or_path, search);
  const std::uint64_t size = answer.size();
  const bool told = write_all(pipe, &size, sizeof size) && write_all(pipe, answer.data(), answer.size());
  ::_exit(told ? 0 : 1);
}

enum class Reading : std::uint8_t { done, ended, timed_out };

Reading read_all(int descriptor, void* data, std::size_t size, Deadline deadline) {
  for (char* next = static_cast<char*>(data); size > 0;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    pollfd readable{.fd = descriptor, .events = POLLIN, .revents = 0};
    const int ready = ::poll(&readable, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) return Reading::timed_out;
    const ssize_t got = ::read(descriptor, next, size);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return Reading::ended;
    next += got;
    size -= static_cast<std::size_t>(got);
  }
  return Reading::done;
}

Reading read_answer(int pipe, std::string& answer, Deadline deadline) {
  std::uint64_t size = 0;
  if (const Reading reading = read_all(pipe, &size, sizeof size, deadline); reading != Reading::done) return reading;
  answer.resize(size);
  return read_all(pipe, answer.data(), answer.size(), deadline);
}

// The child's wait status; nullopt where somebody else has reaped it.
std::optional<int> reap(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return std::nullopt;
  }
  return status;
}

// Of those by which a process dies of a mistake of its own, or of somebody's kill; glibc alone has a function for all.
std::string name_of_signal(int signal) {
  switch (signal) {
    case SIGABRT: return "SIGABRT";
    case SIGBUS: return "SIGBUS";
    case SIGFPE: return "SIGFPE";
    case SIGILL: return "SIGILL";
    case SIGKILL: return "SIGKILL";
    case SIGSEGV: return "SIGSEGV";
    case SIGSYS: return "SIGSYS";
    case SIGTERM: return "SIGTERM";
    case SIGTRAP: return "SIGTRAP";
    default: return "signal " + std::to_string(signal);
  }
}

std::string how_it_ended(std::optional<int> status) {
  if (!status) return "ended the process that loaded it";
  if (WIFSIGNALED(*status)) {
    const int signal = WTERMSIG(*status);
    return "crashed with " + name_of_signal(signal) + " (" + ::strsignal(signal) + ")";
  }
  return "ended the process that loaded it, with exit code " + std::to_string(WEXITSTATUS(*status));
}

Result<PluginInfo> parsed(const std::string& answer) {
  const json all = json::parse(answer);
  if (all.contains("error")) return Error{.code = all.at("code").get<ErrorCode>(), .text = all.at("error").get<std::string>()};
  PluginInfo info;
  info.path = all.at("path").get<std::string>();
  info.id = all.at("id").get<std::string>();
  info.version = all.at("version").get<std::string>();
  info.license = all.at("license").get<std::string>();
  info.abi_major = DISPYTCH_ABI_MAJOR;
  info.abi_minor = all.at("abi_minor").get<std::uint32_t>();
  info.capabilities = all.at("capabilities").get<std::uint64_t>();
  info.schema = all.at("schema").get<std::string>();
  return info;
}

}  // namespace

Result<PluginInfo> inspect(std::string_view name_or_path, const PluginSearch& search, std::chrono::milliseconds timeout) {
  const Deadline deadline = std::chrono::steady_clock::now() + timeout;
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) {
    return Error{.code = ErrorCode::internal, .text = "no pipe to a child process: " + std::string{std::strerror(errno)} + "."};
  }
  Descriptor from_child{ends[0]};
  Descriptor to_parent{ends[1]};
  const pid_t child = ::fork();
  if (child < 0) {
    return Error{.code = ErrorCode::internal, .text = "no child process to load a plugin in: " + std::string{std::strerror(errno)} + "."};
  }
  if (child == 0) answer_in_child(to_parent.get(), name_or_path, search);
  to_parent.reset();

  std::string answer;
  const Reading reading = read_answer(from_child.get(), answer, deadline);
  if (reading != Reading::done && reading != Reading::ended) ::kill(child, SIGKILL);
  const std::optional<int> status = reap(child);
  if (reading == Reading::done) return parsed(answer);

  const Result<std::filesystem::path> path = find_plugin(name_or_path, search);
  const std::string plugin = "the plugin " + (path ? path->string() : "`" + std::string{name_or_path} + "`") + " ";
  if (reading == Reading::timed_out) {
    return Error{.code = ErrorCode::timeout,
                 .text = plugin + "did not finish loading within " + std::to_string(timeout.count()) +
                         " ms. A plugin's constructors and its " + "entry must not wait for anything."};
  }
  return Error{
      .code = ErrorCode::invalid,
      .text = plugin + how_it_ended(status) + " while it was being loaded (in a child process). Don't use it before it is mended."};
}

std::vector<FoundPlugin> list(const PluginSearch& search, std::chrono::milliseconds timeout) {
  std::vector<FoundPlugin> all;
  for (const std::filesystem::path& path : find_all_plugins(search)) {
    all.push_back({.path = path, .info = inspect(path.string(), search, timeout)});
  }
  return all;
}

}  // namespace dispytch::border
