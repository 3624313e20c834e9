// A RedisConnection behind TLS, against a real server with a certificate of the test's own.

#include <cstdlib>
#include <filesystem>

#include <gtest/gtest.h>

#include "redis/redis_connection_fixture.h"

namespace relay {
namespace {

// A key and a certificate for localhost, 127.0.0.1 excluded, which is its own authority.
class Certificate {
 public:
  Certificate() {
    std::string name = (std::filesystem::temp_directory_path() / "relay_tls_XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) return;
    folder_ = name;
    const std::string command =
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=test "
        "-addext subjectAltName=DNS:localhost -keyout " +
        key() + " -out " + certificate() + " >/dev/null 2>&1";
    made_ = std::system(command.c_str()) == 0;
  }
  ~Certificate() {
    std::error_code ignored;
    if (!folder_.empty()) std::filesystem::remove_all(folder_, ignored);
  }
  Certificate(const Certificate&) = delete;
  Certificate& operator=(const Certificate&) = delete;

  [[nodiscard]] bool made() const { return made_; }
  [[nodiscard]] std::string key() const { return folder_ + "/key.pem"; }
  [[nodiscard]] std::string certificate() const { return folder_ + "/certificate.pem"; }

 private:
  std::string folder_;
  bool made_ = false;
};

class RedisTlsTest : public RedisConnectionFixture {
 protected:
  void SetUp() override {
    RedisConnectionFixture::SetUp();
    if (HasFatalFailure()) return;
    ASSERT_TRUE(certificate_.made()) << "openssl made no certificate";
    server_ = std::make_unique<RedisServer>(RedisServerStart{
        .options = {"--port", "0", "--tls-port", "{port}", "--tls-auth-clients", "no", "--tls-cert-file",
                    certificate_.certificate(), "--tls-key-file", certificate_.key()}});
    ASSERT_TRUE(server_->runs()) << server_->output();
  }

  RedisConnectionOptions options(std::string host) const {
    return {.server = {std::move(host), server_->port()},
            .tls = true,
            .tls_authorities_file = certificate_.certificate()};
  }

  Certificate certificate_;
  std::unique_ptr<RedisServer> server_;
};

TEST_F(RedisTlsTest, CarriesCommandsBothWays) {
  ASSERT_TRUE(connect(options("localhost"))) << (losses_.empty() ? "" : losses_.back());
  std::string value;
  for (std::size_t i = 0; i < 3 * 1024 * 1024; ++i) value += static_cast<char>(i * 31 >> 3U);

  EXPECT_EQ(ask({"SET", "a", value}).text, "OK");
  EXPECT_EQ(ask({"GET", "a"}).text, value);
  for (int i = 0; i < 5'000; ++i) ASSERT_TRUE(connection_->send({"PING"}, note()).has_value());
  EXPECT_TRUE(run_until([&] { return replies_.size() == 5'002; }));
}

TEST_F(RedisTlsTest, RefusesACertificateOfAnotherHost) {
  const std::string loss = loss_of(options("127.0.0.1"));

  EXPECT_TRUE(loss.starts_with("the certificate is refused: ")) << loss;
  EXPECT_TRUE(loss.contains("mismatch")) << loss;
}

TEST_F(RedisTlsTest, RefusesAnAuthorityThatTheSystemDoesNotTrust) {
  RedisConnectionOptions untrusted = options("localhost");
  untrusted.tls_authorities_file.clear();

  const std::string loss = loss_of(untrusted);

  EXPECT_TRUE(loss.starts_with("the certificate is refused: ")) << loss;
}

TEST_F(RedisTlsTest, SaysThatAnAuthoritiesFileCannotBeRead) {
  RedisConnectionOptions without_file = options("localhost");
  without_file.tls_authorities_file = "/nonexistent/authorities.pem";

  EXPECT_EQ(loss_of(without_file), "the certificates of the authorities cannot be read");
}

TEST_F(RedisTlsTest, AServerWithoutTlsIsALossInTime) {
  const RedisServer plain;
  RedisConnectionOptions wrong = options("localhost");
  wrong.server = plain.endpoint();
  wrong.connect_timeout = std::chrono::milliseconds(500);

  const std::string loss = loss_of(wrong);

  EXPECT_TRUE(loss.starts_with("TLS failed") || loss.starts_with("no connection within") ||
              loss == "closed by the server" || loss == "the connection broke")
      << loss;
}

TEST_F(RedisTlsTest, ACommandWithoutAnAnswerEndsItToo) {
  RedisConnectionOptions impatient = options("localhost");
  impatient.command_timeout = std::chrono::milliseconds(100);
  ASSERT_TRUE(connect(impatient));
  server_->pause();
  ASSERT_TRUE(connection_->send({"PING"}, note()).has_value());

  ASSERT_TRUE(run_until([&] { return !losses_.empty(); }));

  EXPECT_EQ(losses_.back(), "no answer to a command in time");
}

}  // namespace
}  // namespace relay
