#include "hub/audience_table.h"

#include <string>

#include <gtest/gtest.h>

#include "hub/socket_id.h"

namespace relay {
namespace {

Audience rooms(std::vector<std::string> names, std::string namespace_name = "/") {
  return {.namespace_name = std::move(namespace_name), .rooms = std::move(names)};
}

TEST(AudienceTable, KnowsTheWorkersOfARoom) {
  AudienceTable table(4);
  table.join(1, "/", "a");
  table.join(3, "/", "a");
  table.join(2, "/", "b");

  EXPECT_EQ(table.workers_of(rooms({"a"})), 0b1010U);
  EXPECT_EQ(table.workers_of(rooms({"a", "b"})), 0b1110U);
  EXPECT_EQ(table.workers_of(rooms({"c"})), 0U);

  table.leave(1, "/", "a");
  table.leave(3, "/", "a");
  EXPECT_EQ(table.workers_of(rooms({"a"})), 0U);
  EXPECT_EQ(table.rooms_count(), 1U);
}

TEST(AudienceTable, KeepsNamespacesApart) {
  AudienceTable table(2);
  table.join(0, "/", "/chat");
  table.join(1, "/chat", "a");
  EXPECT_EQ(table.workers_of(rooms({"a"})), 0U);
  EXPECT_EQ(table.workers_of(rooms({"a"}, "/chat")), 0b10U);
  EXPECT_EQ(table.workers_of(rooms({"/chat"})), 0b01U);
}

TEST(AudienceTable, FindsASocketsWorkerInItsId) {
  const AudienceTable table(8);
  for (const unsigned worker : {0U, 3U, 7U}) {
    const SocketId id = SocketId::make(worker);
    EXPECT_EQ(table.workers_of(rooms({std::string(id.text())})), WorkerSet{1} << worker);
  }
}

TEST(AudienceTable, EverybodyIsOnEveryWorker) {
  EXPECT_EQ(AudienceTable(1).workers_of(rooms({})), 1U);
  EXPECT_EQ(AudienceTable(64).workers_of(rooms({})), ~WorkerSet{0});
}

}  // namespace
}  // namespace relay
