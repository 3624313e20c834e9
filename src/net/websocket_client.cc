#include "net/websocket_client.h"

#include <utility>

#include <boost/asio.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket.hpp>

namespace relay {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using boost::system::error_code;

using Stream = beast::websocket::stream<beast::tcp_stream>;

}  // namespace

struct WebsocketClient::State {
  asio::io_context context;
  Stream stream{context};
  std::string message;
  std::chrono::milliseconds timeout{10000};

  // Runs one operation to its end, and cuts the connection when that takes longer than the timeout.
  template <typename Start>
  error_code run_one(Start start) {
    error_code result = asio::error::would_block;
    beast::get_lowest_layer(stream).expires_after(timeout);
    start([&result](error_code error, auto&&...) { result = error; });
    context.restart();
    context.run();
    return result;
  }

  error_code connect(const HttpUrl& url) {
    error_code error;
    const auto addresses = asio::ip::tcp::resolver(context).resolve(url.host, url.port, error);
    if (error) return error;
    return run_one(
        [&](auto done) { beast::get_lowest_layer(stream).async_connect(addresses, std::move(done)); });
  }

  [[nodiscard]] std::string describe(error_code error) const {
    if (error != beast::websocket::error::closed) return error.message();
    const auto& reason = stream.reason();
    std::string text = "closed by the server";
    if (reason.code != beast::websocket::close_code::none) text += ", code " + std::to_string(reason.code);
    return text;
  }
};

WebsocketClient::WebsocketClient(std::unique_ptr<State> state) : state_(std::move(state)) {}
WebsocketClient::~WebsocketClient() = default;
WebsocketClient::WebsocketClient(WebsocketClient&&) noexcept = default;
WebsocketClient& WebsocketClient::operator=(WebsocketClient&&) noexcept = default;

std::expected<WebsocketClient, std::string> WebsocketClient::open(const HttpUrl& url,
                                                                  const std::string& target,
                                                                  std::chrono::milliseconds timeout) {
  auto state = std::make_unique<State>();
  state->timeout = timeout;
  if (const auto error = state->connect(url)) return std::unexpected("cannot connect: " + error.message());

  // The timeouts of our own are those of the connection below; two sets would contradict each other.
  state->stream.set_option(beast::websocket::stream_base::timeout{
      beast::websocket::stream_base::none(), beast::websocket::stream_base::none(), false});
  state->stream.read_message_max(message_bytes_max);
  beast::websocket::response_type response;
  const auto error = state->run_one([&](auto done) {
    state->stream.async_handshake(response, url.authority(), url.base + target, std::move(done));
  });
  if (error == beast::websocket::error::upgrade_declined) {
    return std::unexpected("refused with HTTP status " + std::to_string(response.result_int()));
  }
  if (error) return std::unexpected("no WebSocket: " + error.message());
  return WebsocketClient(std::move(state));
}

std::expected<void, std::string> WebsocketClient::send(std::string_view text) {
  state_->stream.text(true);
  const auto error = state_->run_one([&](auto done) {
    state_->stream.async_write(asio::buffer(text.data(), text.size()), std::move(done));
  });
  if (error) return std::unexpected(state_->describe(error));
  return {};
}

std::expected<std::string_view, std::string> WebsocketClient::receive(std::chrono::milliseconds timeout) {
  state_->timeout = timeout;
  state_->message.clear();
  auto buffer = asio::dynamic_buffer(state_->message);
  const auto error = state_->run_one([&](auto done) { state_->stream.async_read(buffer, std::move(done)); });
  if (error) return std::unexpected(state_->describe(error));
  return state_->message;
}

}  // namespace relay
