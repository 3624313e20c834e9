#pragma once
// The client's side of TLS (1.2 or newer) between two memories: what the socket brought goes in, what it must
// send comes out. It never touches a socket.
//
// The server must show a certificate for the host, signed by an authority that the system trusts.
//
// Threading: bound to one thread.

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace relay {

class TlsClient {
 public:
  // `host` is a name or an address. `authorities_file` (PEM) stands in for the system's authorities; empty:
  // the system's. Reads files.
  [[nodiscard]] static std::expected<std::unique_ptr<TlsClient>, std::string> create(
      const std::string& host, const std::string& authorities_file);
  ~TlsClient();
  TlsClient(const TlsClient&) = delete;
  TlsClient& operator=(const TlsClient&) = delete;

  // Errors are a few words, and end the connection.

  // Goes on with the handshake; true when it is done. Then write() and read() may be used.
  [[nodiscard]] std::expected<bool, std::string> handshake();

  // Bytes from the socket. Read until there is nothing more before the next feed: then no more than one
  // record waits in here.
  void feed(std::string_view encrypted);
  // What has been decrypted; 0 when it needs more from the socket.
  [[nodiscard]] std::expected<std::size_t, std::string> read(std::span<char> out);

  [[nodiscard]] std::expected<void, std::string> write(std::string_view plain);
  // Appends what the socket must send.
  void take_output(std::string& out);

 private:
  struct State;

  explicit TlsClient(std::unique_ptr<State> state);

  const std::unique_ptr<State> state_;
};

}  // namespace relay
