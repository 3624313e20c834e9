#include "redis/tls_client.h"

#include <utility>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/check.h"
#include "net/ip_address.h"

namespace relay {
namespace {

std::string openssl_reason() {
  const unsigned long error = ERR_peek_last_error();
  const char* const reason = error == 0 ? nullptr : ERR_reason_error_string(error);
  return reason == nullptr ? "TLS failed" : std::string("TLS failed: ") + reason;
}

}  // namespace

struct TlsClient::State {
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context{SSL_CTX_new(TLS_client_method()), &SSL_CTX_free};
  std::unique_ptr<SSL, decltype(&SSL_free)> session{nullptr, &SSL_free};
  // Both are the session's.
  BIO* from_socket = nullptr;
  BIO* to_socket = nullptr;

  [[nodiscard]] bool load_authorities(const std::string& file) const {
    return file.empty() ? SSL_CTX_set_default_verify_paths(context.get()) == 1
                        : SSL_CTX_load_verify_file(context.get(), file.c_str()) == 1;
  }

  // What the certificate must say, and for a name what the server is told before it chooses one.
  [[nodiscard]] bool expect_host(const std::string& host) const {
    if (IpAddress::parse(host)) {
      return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session.get()), host.c_str()) == 1;
    }
    SSL_set_hostflags(session.get(), X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    // What SSL_set_tlsext_host_name() is, without the cast in that macro.
    return SSL_set1_host(session.get(), host.c_str()) == 1 &&
           SSL_ctrl(session.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                    const_cast<char*>(host.c_str())) == 1;
  }

  // Whether an operation that did not succeed only needs more bytes from the socket.
  [[nodiscard]] std::expected<void, std::string> needs_more(int result) const {
    switch (SSL_get_error(session.get(), result)) {
      case SSL_ERROR_WANT_READ:
      case SSL_ERROR_WANT_WRITE:
        return {};
      case SSL_ERROR_ZERO_RETURN:
        return std::unexpected("closed by the server");
      default:
        break;
    }
    if (const long verdict = SSL_get_verify_result(session.get()); verdict != X509_V_OK) {
      return std::unexpected(std::string("the certificate is refused: ") +
                             X509_verify_cert_error_string(verdict));
    }
    return std::unexpected(openssl_reason());
  }
};

TlsClient::TlsClient(std::unique_ptr<State> state) : state_(std::move(state)) {}
TlsClient::~TlsClient() = default;

std::expected<std::unique_ptr<TlsClient>, std::string> TlsClient::create(
    const std::string& host, const std::string& authorities_file) {
  ERR_clear_error();
  auto state = std::make_unique<State>();
  RELAY_CHECK(state->context != nullptr);
  SSL_CTX_set_min_proto_version(state->context.get(), TLS1_2_VERSION);
  SSL_CTX_set_verify(state->context.get(), SSL_VERIFY_PEER, nullptr);
  if (!state->load_authorities(authorities_file)) {
    return std::unexpected("the certificates of the authorities cannot be read");
  }
  state->session.reset(SSL_new(state->context.get()));
  RELAY_CHECK(state->session != nullptr);
  if (!state->expect_host(host)) return std::unexpected(openssl_reason());
  state->from_socket = BIO_new(BIO_s_mem());
  state->to_socket = BIO_new(BIO_s_mem());
  RELAY_CHECK(state->from_socket != nullptr && state->to_socket != nullptr);
  // An empty memory means "more will come", not the end.
  BIO_set_mem_eof_return(state->from_socket, -1);
  SSL_set_bio(state->session.get(), state->from_socket, state->to_socket);
  SSL_set_connect_state(state->session.get());
  return std::unique_ptr<TlsClient>(new TlsClient(std::move(state)));
}

std::expected<bool, std::string> TlsClient::handshake() {
  ERR_clear_error();
  const int result = SSL_do_handshake(state_->session.get());
  if (result == 1) return true;
  if (auto more = state_->needs_more(result); !more) return std::unexpected(std::move(more).error());
  return false;
}

void TlsClient::feed(std::string_view encrypted) {
  std::size_t taken = 0;
  RELAY_CHECK(BIO_write_ex(state_->from_socket, encrypted.data(), encrypted.size(), &taken) == 1 &&
              taken == encrypted.size());  // else out of memory
}

std::expected<std::size_t, std::string> TlsClient::read(std::span<char> out) {
  ERR_clear_error();
  std::size_t count = 0;
  const int result = SSL_read_ex(state_->session.get(), out.data(), out.size(), &count);
  if (result == 1) return count;
  if (auto more = state_->needs_more(result); !more) return std::unexpected(std::move(more).error());
  return 0;
}

std::expected<void, std::string> TlsClient::write(std::string_view plain) {
  ERR_clear_error();
  std::size_t taken = 0;
  const int result = SSL_write_ex(state_->session.get(), plain.data(), plain.size(), &taken);
  if (result == 1) return {};
  if (auto more = state_->needs_more(result); !more) return std::unexpected(std::move(more).error());
  // TLS 1.2 renegotiation would be the only reason, and no Redis asks for one.
  return std::unexpected("TLS failed: the server asked to negotiate anew");
}

void TlsClient::take_output(std::string& out) {
  const std::size_t size = BIO_ctrl_pending(state_->to_socket);
  if (size == 0) return;
  const std::size_t before = out.size();
  out.resize(before + size);
  std::size_t taken = 0;
  RELAY_CHECK(BIO_read_ex(state_->to_socket, out.data() + before, size, &taken) == 1 && taken == size);
}

}  // namespace relay
