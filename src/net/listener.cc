#include "net/listener.h"

#include <array>
#include <cerrno>
#include <cstring>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <fcntl.h>
#include <netdb.h>
#include <unistd.h>

namespace relay {
namespace {

constexpr int backlog = 4096;
constexpr int accepts_per_turn_max = 64;
// What the kernel may hold for one client. Beyond it the bytes are ours, where they are counted and bounded.
constexpr int send_buffer_bytes = 512 * 1024;
// A peer that vanished without a word is given up when it has acknowledged nothing for this long.
constexpr unsigned user_timeout_ms = 60'000;

struct AddressList {
  addrinfo* first = nullptr;
  ~AddressList() {
    if (first != nullptr) freeaddrinfo(first);
  }
};

void set_option(int descriptor, int level, int name, int value) {
  setsockopt(descriptor, level, name, &value, sizeof value);
}

// Accepted sockets inherit these options, which saves three calls a connection.
int open_bound(const addrinfo& address, bool listening) {
  const int descriptor = socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return -1;
  set_option(descriptor, SOL_SOCKET, SO_REUSEADDR, 1);
  if (listening) set_option(descriptor, SOL_SOCKET, SO_REUSEPORT, 1);
  set_option(descriptor, SOL_SOCKET, SO_SNDBUF, send_buffer_bytes);
  set_option(descriptor, IPPROTO_TCP, TCP_NODELAY, 1);
  set_option(descriptor, IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<int>(user_timeout_ms));
  if (address.ai_family == AF_INET6) set_option(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, 0);
  if (bind(descriptor, address.ai_addr, address.ai_addrlen) == 0 &&
      (!listening || listen(descriptor, backlog) == 0)) {
    return descriptor;
  }
  const int reason = errno;
  close(descriptor);
  errno = reason;
  return -1;
}

std::uint16_t bound_port(int descriptor) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &size);
  if (address.ss_family == AF_INET) return ntohs(reinterpret_cast<const sockaddr_in*>(&address)->sin_port);
  return ntohs(reinterpret_cast<const sockaddr_in6*>(&address)->sin6_port);
}

void set_port(addrinfo& address, std::uint16_t port) {
  if (address.ai_family == AF_INET) {
    reinterpret_cast<sockaddr_in*>(address.ai_addr)->sin_port = htons(port);
  } else {
    reinterpret_cast<sockaddr_in6*>(address.ai_addr)->sin6_port = htons(port);
  }
}

}  // namespace

std::expected<BoundListeners, std::string> bind_listeners(const std::string& host, std::uint16_t port,
                                                          std::size_t count) {
  const std::string where = host + ":" + std::to_string(port);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  AddressList addresses;
  if (const int error = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &addresses.first);
      error != 0) {
    return std::unexpected("cannot resolve " + host + ": " + gai_strerror(error));
  }
  addrinfo& address = *addresses.first;

  // A shared bind would succeed beside another relay of the same user and take half of its connections. This
  // one does not.
  const int probe = open_bound(address, false);
  if (probe < 0) return std::unexpected("cannot listen on " + where + ": " + std::strerror(errno));
  BoundListeners bound{{}, bound_port(probe)};
  close(probe);

  set_port(address, bound.port);
  for (std::size_t i = 0; i < count; ++i) {
    const int descriptor = open_bound(address, true);
    if (descriptor < 0) {
      const std::string reason = std::strerror(errno);
      for (const int opened : bound.descriptors) close(opened);
      return std::unexpected("cannot listen on " + where + ": " + reason);
    }
    bound.descriptors.push_back(descriptor);
  }
  return bound;
}

Listener::Listener(int descriptor, EventLoop& loop, HttpConnections& connections, NetProbe& probe)
    : descriptor_(descriptor),
      spare_descriptor_(open("/dev/null", O_RDONLY | O_CLOEXEC)),
      loop_(loop),
      connections_(connections),
      probe_(probe) {
  [[maybe_unused]] const bool watched = loop_.add_listener(descriptor_, *this);
}

Listener::~Listener() {
  loop_.remove(descriptor_);
  close(descriptor_);
  if (spare_descriptor_ >= 0) close(spare_descriptor_);
}

void Listener::on_io(std::uint32_t /*events*/) {
  for (int i = 0; i < accepts_per_turn_max; ++i) {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    const int accepted =
        accept4(descriptor_, reinterpret_cast<sockaddr*>(&address), &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (accepted < 0) {
      if (errno == EMFILE || errno == ENFILE) refuse_one();
      if (errno == ECONNABORTED || errno == EINTR) continue;
      return;
    }
    probe_.connections_accepted.add();
    connections_.adopt({ByteStream(accepted), IpAddress::from(address), {}});
  }
}

// Without a descriptor the connection would stay in the queue and announce itself for ever.
void Listener::refuse_one() {
  probe_.connections_refused.add();
  if (spare_descriptor_ >= 0) close(spare_descriptor_);
  const int accepted = accept4(descriptor_, nullptr, nullptr, SOCK_CLOEXEC);
  if (accepted >= 0) close(accepted);
  spare_descriptor_ = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

}  // namespace relay
