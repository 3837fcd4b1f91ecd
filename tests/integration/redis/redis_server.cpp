#include "redis_server.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <thread>

#include <hiredis/hiredis.h>

namespace dispytch::redis::testing {
namespace {

constexpr std::chrono::seconds kServerPatience{20};

// A port on which nobody listens at present.
std::uint16_t free_port() {
  const int probe = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (bind(probe, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      getsockname(probe, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    close(probe);
    throw std::runtime_error{"there is no free port"};
  }
  close(probe);
  return ntohs(address.sin_port);
}

struct FreeContext {
  void operator()(redisContext* context) const noexcept { redisFree(context); }
};

}  // namespace

RedisServer::RedisServer(std::vector<std::string> options) : arguments_{std::move(options)}, port_{free_port()} {
  start({});
  await_answer();
}

RedisServer::~RedisServer() {
  if (id_ > 0) kill();
}

void RedisServer::start(const std::vector<std::string>& more) {
  std::vector<std::string> words{
      DISPYTCH_REDIS_SERVER, "--bind", "127.0.0.1",     "--port",   std::to_string(port_), "--dir", folder_.path(),           "--save", "",
      "--appendonly",        "yes",    "--appendfsync", "everysec", "--logfile",           "log",   "--enable-debug-command", "local"};
  words.insert(words.end(), arguments_.begin(), arguments_.end());
  words.insert(words.end(), more.begin(), more.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  id_ = fork();
  if (id_ < 0) throw std::runtime_error{"no process can be made"};
  if (id_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);  // none outlives its test
    execv(argv[0], argv.data());
    _exit(127);
  }
}

void RedisServer::await_answer() const {
  const auto deadline = std::chrono::steady_clock::now() + kServerPatience;
  for (;;) {
    const std::unique_ptr<redisContext, FreeContext> context{redisConnect("127.0.0.1", port_)};
    if (context && context->err == 0) {
      const Reply reply{static_cast<redisReply*>(redisCommand(context.get(), "PING"))};
      if (reply && !text(*reply).starts_with("LOADING")) return;
    }
    if (std::chrono::steady_clock::now() >= deadline)
      throw std::runtime_error{"redis-server did not answer in time; its log is in " + folder_.path().string()};
    std::this_thread::yield();
  }
}

void RedisServer::kill() {
  ::kill(id_, SIGKILL);
  waitpid(id_, nullptr, 0);
  id_ = -1;
}
void RedisServer::freeze() { ::kill(id_, SIGSTOP); }
void RedisServer::thaw() { ::kill(id_, SIGCONT); }

void RedisServer::restart(const std::vector<std::string>& options, bool wait) {
  if (id_ > 0) kill();
  start(options);
  if (wait) await_answer();
}

Reply RedisServer::ask(std::initializer_list<std::string_view> words) const {
  const std::unique_ptr<redisContext, FreeContext> context{redisConnect("127.0.0.1", port_)};
  if (!context || context->err != 0) throw std::runtime_error{"redis-server can't be reached"};
  for (std::size_t i = 0; i + 1 < arguments_.size(); ++i) {
    if (arguments_[i] == "--requirepass")
      Reply{static_cast<redisReply*>(redisCommand(context.get(), "AUTH %s", arguments_[i + 1].c_str()))};
  }
  std::vector<const char*> data;
  std::vector<std::size_t> sizes;
  for (const std::string_view word : words) {
    data.push_back(word.data());
    sizes.push_back(word.size());
  }
  Reply reply{static_cast<redisReply*>(redisCommandArgv(context.get(), static_cast<int>(data.size()), data.data(), sizes.data()))};
  if (!reply) throw std::runtime_error{"redis-server did not answer"};
  return reply;
}

std::string RedisServer::text_of(std::initializer_list<std::string_view> words) const { return std::string{text(*ask(words))}; }
std::int64_t RedisServer::number_of(std::initializer_list<std::string_view> words) const { return integer(*ask(words), -1); }

void RedisServer::make_stream(const std::string& name) const {
  ask({"XGROUP", "CREATE", name, "maker", "0", "MKSTREAM"});
  ask({"XGROUP", "DESTROY", name, "maker"});
}

}  // namespace dispytch::redis::testing
