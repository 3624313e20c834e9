#include "base/keyed_set.h"

#include <memory>
#include <string>

#include <gtest/gtest.h>

namespace relay {
namespace {

class Named {
 public:
  explicit Named(std::string text) : name_(std::move(text)) {}
  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  std::string name_;
};

TEST(KeyedSet, FindsByTheNameThatAnObjectHolds) {
  KeyedSet<std::unique_ptr<Named>, &Named::name> set;
  for (int i = 0; i < 100; ++i) {
    EXPECT_TRUE(set.insert(std::make_unique<Named>("object " + std::to_string(i))).second);
  }
  EXPECT_FALSE(set.insert(std::make_unique<Named>("object 7")).second);
  ASSERT_NE(set.find(std::string_view("object 42")), set.end());
  EXPECT_EQ((*set.find(std::string_view("object 42")))->name(), "object 42");
  EXPECT_EQ(set.find(std::string_view("object 100")), set.end());
  set.erase(set.find(std::string_view("object 42")));
  EXPECT_EQ(set.find(std::string_view("object 42")), set.end());
  EXPECT_EQ(set.size(), 99U);
}

}  // namespace
}  // namespace relay
