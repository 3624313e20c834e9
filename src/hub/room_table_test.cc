#include "hub/room_table.h"

#include <string>

#include <gtest/gtest.h>

#include "hub/socket_id.h"

namespace relay {
namespace {

Audience rooms(std::vector<std::string> names, std::string namespace_name = "/") {
  return {.namespace_name = std::move(namespace_name), .rooms = std::move(names)};
}

TEST(RoomTable, KnowsTheWorkersOfARoom) {
  RoomTable table(4);
  table.join(1, "/", "a");
  table.join(3, "/", "a");
  table.join(2, "/", "b");

  EXPECT_EQ(table.workers_of(rooms({"a"})), 0b1010U);
  EXPECT_EQ(table.workers_of(rooms({"a", "b"})), 0b1110U);
  EXPECT_EQ(table.workers_of(rooms({"c"})), 0U);

  table.leave(1, "/", "a");
  table.leave(3, "/", "a");
  EXPECT_EQ(table.workers_of(rooms({"a"})), 0U);
  EXPECT_EQ(table.occupied_count(), 1U);
}

TEST(RoomTable, KeepsNamespacesApart) {
  RoomTable table(2);
  table.join(0, "/", "/chat");
  table.join(1, "/chat", "a");
  EXPECT_EQ(table.workers_of(rooms({"a"})), 0U);
  EXPECT_EQ(table.workers_of(rooms({"a"}, "/chat")), 0b10U);
  EXPECT_EQ(table.workers_of(rooms({"/chat"})), 0b01U);
}

TEST(RoomTable, FindsASocketsWorkerInItsId) {
  const RoomTable table(8);
  for (const unsigned worker : {0U, 3U, 7U}) {
    const SocketId id = SocketId::make(worker);
    EXPECT_EQ(table.workers_of(rooms({std::string(id.text())})), WorkerSet{1} << worker);
  }
}

TEST(RoomTable, EverybodyIsOnEveryWorker) {
  EXPECT_EQ(RoomTable(1).workers_of(rooms({})), 1U);
  EXPECT_EQ(RoomTable(64).workers_of(rooms({})), ~WorkerSet{0});
}

TEST(RoomTable, FindsASocketThatWasRecoveredElsewhere) {
  RoomTable table(8);
  const SocketId id = SocketId::make(3);
  table.join(5, "/", id.text());
  EXPECT_EQ(table.workers_of(rooms({std::string(id.text())})), 0b101000U);
  table.leave(5, "/", id.text());
  EXPECT_EQ(table.workers_of(rooms({std::string(id.text())})), 0b1000U);
}

TEST(RoomTable, ATargetIsTheWorkersOfTheAudience) {
  RoomTable table(8);
  table.join(1, "/", "a");
  const SocketId id = SocketId::make(3);
  EXPECT_EQ(table.target("/", "a").workers, table.workers_of(rooms({"a"})));
  EXPECT_EQ(table.target("/", "b").workers, 0U);
  EXPECT_EQ(table.target("/", id.text()).workers, 0b1000U);
  EXPECT_EQ(table.target("/", "").workers, table.workers_of(rooms({})));
}

TEST(RoomTable, KeepsAHistoryWhenEverybodyHasLeft) {
  RoomTable table(1);
  table.join(0, "/", "a");
  table.target("/", "a").history.push(7, 10);
  table.leave(0, "/", "a");
  EXPECT_EQ(table.occupied_count(), 0U);
  ASSERT_NE(table.find_history("/", "a"), nullptr);
  EXPECT_EQ(table.find_history("/", "a")->front(), 7U);
  EXPECT_EQ(table.find_history("/chat", "a"), nullptr);
}

TEST(RoomTable, EvictsOnlyTheOldest) {
  RoomTable table(1);
  table.target("/", "a").history.push(7, 10);
  table.target("/", "a").history.push(8, 10);
  EXPECT_FALSE(table.evict("/", "a", 8, 10));
  EXPECT_TRUE(table.evict("/", "a", 7, 10));
  EXPECT_FALSE(table.evict("/", "a", 7, 10)) << "gone already";
  EXPECT_FALSE(table.evict("/", "b", 7, 10)) << "no such room";
  EXPECT_EQ(table.floor("/", "a"), 7U);
}

TEST(RoomTable, ForgetsFloorsThatNobodyCanAskFor) {
  RoomTable table(1);
  for (const Position position : {10U, 20U}) {
    const std::string room = "r" + std::to_string(position);
    table.target("/", room).history.push(position, 1);
    EXPECT_TRUE(table.evict("/", room, position, 1));
  }
  EXPECT_GT(table.history_bytes(), 0U);
  table.expire_floors(15);
  EXPECT_EQ(table.find_history("/", "r10"), nullptr);
  EXPECT_EQ(table.floor("/", "r10"), 0U);
  EXPECT_EQ(table.floor("/", "r20"), 20U);
  table.expire_floors(21);
  EXPECT_EQ(table.history_bytes(), 0U);
}

TEST(RoomTable, AForgottenFloorHoldsForAllThatHaveNone) {
  RoomTable table(1);
  table.target("/", "old").history.push(10, 1);
  table.target("/", "live").history.push(12, 1);
  EXPECT_TRUE(table.evict("/", "old", 10, 1));
  EXPECT_TRUE(table.forget_floor());
  EXPECT_EQ(table.floor("/", "old"), 10U);
  EXPECT_EQ(table.floor("/", "another"), 10U);
  EXPECT_FALSE(table.forget_floor()) << "a history with events is none to forget";
}

TEST(RoomTable, ARoomThatFillsAgainKeepsItsFloor) {
  RoomTable table(1);
  table.target("/", "a").history.push(10, 1);
  EXPECT_TRUE(table.evict("/", "a", 10, 1));
  table.target("/", "a").history.push(11, 1);
  table.expire_floors(100);
  EXPECT_EQ(table.floor("/", "a"), 10U);
  EXPECT_TRUE(table.evict("/", "a", 11, 1));
  table.expire_floors(100);
  EXPECT_EQ(table.find_history("/", "a"), nullptr);
}

TEST(RoomTable, ARaisedFloorHoldsForAllRoomsAndNeverSinks) {
  RoomTable table(1);
  table.target("/", "low").history.push(10, 1);
  EXPECT_TRUE(table.evict("/", "low", 10, 1));
  table.target("/", "high").history.push(30, 1);
  EXPECT_TRUE(table.evict("/", "high", 30, 1));

  table.raise_floor(20);

  EXPECT_EQ(table.floor("/", "low"), 20U);
  EXPECT_EQ(table.floor("/", "high"), 30U) << "its own is above";
  EXPECT_EQ(table.floor("/chat", "never heard of"), 20U);
  table.raise_floor(15);
  EXPECT_EQ(table.floor("/", "low"), 20U);
  table.expire_floors(100);
  EXPECT_EQ(table.floor("/", "low"), 20U) << "it does not go with the histories";
}

}  // namespace
}  // namespace relay
