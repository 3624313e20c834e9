#include "relay/private_id.h"

#include <set>

#include <gtest/gtest.h>

namespace relay {
namespace {

const std::string secret(32, 's');
constexpr std::string_view epoch = "epoch1";

TEST(PrivateIds, BringBackWhatWasSigned) {
  const PrivateIds ids({secret});
  const SocketId socket = SocketId::make(5);
  const std::string pid = ids.make(socket.text(), epoch, 1234, "ann");

  const auto verified = ids.verify(pid, "ann");

  ASSERT_TRUE(verified);
  EXPECT_EQ(verified->socket_id.text(), socket.text());
  EXPECT_EQ(verified->epoch, epoch);
  EXPECT_EQ(verified->position, 1234U);
}

TEST(PrivateIds, AreOfNoUseToAnotherAccount) {
  const PrivateIds ids({secret});
  const std::string pid = ids.make(SocketId::make(0).text(), epoch, 1, "ann");
  EXPECT_FALSE(ids.verify(pid, "bob"));
  EXPECT_FALSE(ids.verify(pid, ""));
  EXPECT_FALSE(ids.verify(pid, "anna"));
}

TEST(PrivateIds, NoCharacterOfOneCanBeChanged) {
  const PrivateIds ids({secret});
  const std::string pid = ids.make(SocketId::make(0).text(), epoch, 1, "ann");
  for (std::size_t i = 0; i < pid.size(); ++i) {
    std::string forged = pid;
    forged[i] = forged[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(ids.verify(forged, "ann")) << "at " << i;
  }
  for (const std::string& other : {std::string(), std::string("x"), pid + "A", pid.substr(1),
                                   std::string(pid.size(), 'A'), std::string(pid.size(), '\0')}) {
    EXPECT_FALSE(ids.verify(other, "ann"));
  }
}

TEST(PrivateIds, RotateWithTheTokenSecrets) {
  const PrivateIds before({secret});
  const PrivateIds after({std::string(32, 'n'), secret});
  const PrivateIds long_after({std::string(32, 'n')});
  const std::string pid = before.make(SocketId::make(0).text(), epoch, 1, "ann");
  EXPECT_TRUE(after.verify(pid, "ann"));
  EXPECT_FALSE(long_after.verify(pid, "ann"));
  EXPECT_FALSE(before.verify(after.make(SocketId::make(0).text(), epoch, 1, "ann"), "ann"));
}

TEST(PrivateIds, AreSafeInAUrl) {
  const PrivateIds ids({secret});
  for (int i = 0; i < 200; ++i) {
    const std::string pid = ids.make(SocketId::make(0).text(), epoch, 1, "ann");
    EXPECT_EQ(pid.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~"),
              std::string::npos);
  }
}

}  // namespace
}  // namespace relay
