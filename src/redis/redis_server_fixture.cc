#include "redis/redis_server_fixture.h"

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <netinet/in.h>
#include <sys/poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <unistd.h>

namespace relay {
namespace {

constexpr std::chrono::seconds start_time_max(10);

std::string with_places(std::string text, const std::string& folder, std::uint16_t port) {
  for (const auto& [mark, value] :
       {std::pair<std::string, std::string>{"{folder}", folder}, {"{port}", std::to_string(port)}}) {
    const std::size_t at = text.find(mark);
    if (at != std::string::npos) text.replace(at, mark.size(), value);
  }
  return text;
}

std::string new_folder() {
  std::string name = (std::filesystem::temp_directory_path() / "relay_redis_XXXXXX").string();
  return mkdtemp(name.data()) == nullptr ? std::string() : name;
}

// Never returns.
void become_server(std::vector<std::string>& arguments, int output) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);  // a test that crashes leaves no server behind
  dup2(output, STDOUT_FILENO);
  dup2(output, STDERR_FILENO);
  std::vector<char*> pointers;
  pointers.reserve(arguments.size() + 1);
  for (std::string& argument : arguments) pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  execvp(pointers.front(), pointers.data());
  _exit(127);
}

}  // namespace

RedisServer::RedisServer(RedisServerStart start)
    : port_(start.port == 0 ? free_port() : start.port), folder_(new_folder()) {
  std::vector<std::string> command{"redis-server"};
  if (start.configuration.empty()) {
    command.insert(command.end(), {"--port", "{port}", "--bind", "127.0.0.1", "--save", "", "--appendonly",
                                   "no", "--dir", "{folder}"});
  } else {
    command.emplace_back("{folder}/redis.conf");
    std::ofstream(folder_ + "/redis.conf") << with_places(std::move(start.configuration), folder_, port_);
  }
  command.insert(command.end(), start.options.begin(), start.options.end());
  for (std::string& argument : command) argument = with_places(std::move(argument), folder_, port_);
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return;
  process_ = fork();
  if (process_ == 0) become_server(command, ends[1]);
  close(ends[1]);
  runs_ = process_ > 0 && await_readiness(ends[0]);
  // The server goes on writing into the pipe, which it may: its end is closed, and Redis ignores that.
  close(ends[0]);
}

RedisServer::~RedisServer() {
  kill();
  std::error_code ignored;
  if (!folder_.empty()) std::filesystem::remove_all(folder_, ignored);
}

bool RedisServer::await_readiness(int descriptor) {
  const auto deadline = std::chrono::steady_clock::now() + start_time_max;
  for (;;) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    pollfd watched{.fd = descriptor, .events = POLLIN, .revents = 0};
    if (left.count() <= 0 || poll(&watched, 1, static_cast<int>(left.count())) <= 0) return false;
    char buffer[4096];
    const ssize_t count = read(descriptor, buffer, sizeof buffer);
    if (count <= 0) return false;
    output_.append(buffer, static_cast<std::size_t>(count));
    if (output_.contains("eady to accept connections") || output_.contains("Sentinel ID is")) return true;
  }
}

bool RedisServer::is_installed() {
  return std::system("command -v redis-server >/dev/null 2>&1") == 0;
}

std::uint16_t RedisServer::free_port() {
  const int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  const bool ok = bind(descriptor, generic, size) == 0 && getsockname(descriptor, generic, &size) == 0;
  close(descriptor);
  return ok ? ntohs(address.sin_port) : std::uint16_t{0};
}

void RedisServer::kill() {
  if (process_ <= 0) return;
  ::kill(process_, SIGKILL);
  waitpid(process_, nullptr, 0);
  process_ = -1;
  runs_ = false;
}

void RedisServer::pause() const {
  ::kill(process_, SIGSTOP);
}

void RedisServer::resume() const {
  ::kill(process_, SIGCONT);
}

}  // namespace relay
