#include "cluster/bus_mac.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "cluster/hex_bytes.h"
#include "cluster/reject_reason.h"

namespace relay {
namespace {

using Parts = std::vector<std::string_view>;

std::string_view view(const BusMac::Mac& mac) {
  return {mac.data(), mac.size()};
}

TEST(BusMac, VerifiesWhatItSigned) {
  const BusMac mac("a secret of the cluster");
  const Parts parts = {"classic", "socket.io#/#", "content"};

  const BusMac::Mac signed_mac = mac.sign(parts);

  EXPECT_TRUE(mac.verify(parts, view(signed_mac)));
  EXPECT_TRUE(BusMac("a secret of the cluster").verify(parts, view(signed_mac)));
  EXPECT_FALSE(BusMac("another secret").verify(parts, view(signed_mac)));
}

// HMAC-SHA-256 under HKDF(secret, "socket-relay bus 1"), computed with Python's hmac.
TEST(BusMac, IsTheSameInEveryVersion) {
  const Parts parts = {"classic", "socket.io#/#", "content"};

  EXPECT_EQ(to_hex(view(BusMac("a secret of the cluster").sign(parts))), "633cf665da20805c7767af9bfcd53c45");
}

TEST(BusMac, RefusesEveryOtherMac) {
  const BusMac mac("secret");
  const Parts parts = {"a", "b"};
  const std::string good(view(mac.sign(parts)));

  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 1);
    EXPECT_FALSE(mac.verify(parts, bad));
  }
  EXPECT_FALSE(mac.verify(parts, ""));
  EXPECT_FALSE(mac.verify(parts, good.substr(1)));
  EXPECT_FALSE(mac.verify(parts, good + 'x'));
}

TEST(BusMac, TellsPartsApart) {
  const BusMac mac("secret");

  EXPECT_NE(mac.sign(Parts{"ab", "c"}), mac.sign(Parts{"a", "bc"}));
  EXPECT_NE(mac.sign(Parts{"ab"}), mac.sign(Parts{"ab", ""}));
}

TEST(RejectReason, HasAWordForTheMetric) {
  EXPECT_EQ(metric_word(RejectReason::malformed), "malformed");
  EXPECT_EQ(metric_word(RejectReason::too_large), "too_large");
  EXPECT_EQ(metric_word(RejectReason::unsigned_), "unsigned");
  EXPECT_EQ(metric_word(RejectReason::bad_mac), "bad_mac");
  EXPECT_EQ(metric_word(RejectReason::replayed), "replayed");
  EXPECT_EQ(metric_word(RejectReason::foreign_version), "foreign_version");
}

TEST(BusMac, AcceptsTheSecretBeforeAndSignsWithTheNewOne) {
  const BusMac older("the secret that goes");
  const BusMac newer("the secret that comes");
  const std::vector<std::string> previous{"the secret that goes"};
  const BusMac changing("the secret that comes", previous);
  const std::array<std::string_view, 2> parts{"channel", "message"};
  const auto text = [](const BusMac::Mac& mac) { return std::string(mac.begin(), mac.end()); };
  EXPECT_TRUE(changing.verify(parts, text(older.sign(parts))));
  EXPECT_TRUE(changing.verify(parts, text(newer.sign(parts))));
  EXPECT_EQ(changing.sign(parts), newer.sign(parts));
  EXPECT_FALSE(newer.verify(parts, text(older.sign(parts))));
}

}  // namespace
}  // namespace relay
