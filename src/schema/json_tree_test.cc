#include "schema/json_tree.h"

#include <gtest/gtest.h>

namespace relay {
namespace {

JsonTree tree_of(std::string_view text) {
  auto tree = JsonTree::read(text, "/payload");
  EXPECT_TRUE(tree) << text;
  return tree ? std::move(*tree) : *JsonTree::read("null", "");
}

std::string canonical(std::string_view text) {
  const JsonTree tree = tree_of(text);
  std::string out;
  tree.append_canonical(out, tree.root());
  return out;
}

std::string first_fault(std::string_view text) {
  const auto tree = JsonTree::read(text, "/payload");
  return tree ? std::string() : tree.error().front().path;
}

TEST(JsonTree, LaysValuesOutInTheOrderTheyAreWritten) {
  const JsonTree tree = tree_of(R"({"a":[1,{"b":2}],"c":"\u0041"})");
  const JsonNode& root = tree.root();
  EXPECT_EQ(root.kind, JsonKind::object);
  EXPECT_EQ(root.size, 2U);
  const JsonNode* const list = tree.find(root, "a");
  ASSERT_NE(list, nullptr);
  EXPECT_EQ(list->size, 2U);
  ASSERT_NE(tree.find(root, "c"), nullptr);
  EXPECT_EQ(tree.find(root, "c")->text, "A");
  EXPECT_EQ(tree.find(root, "b"), nullptr);
  std::vector<std::string> pointers;
  tree.each_child(*list, [&](const JsonNode& child, std::size_t) {
    pointers.push_back(tree.pointer_of(child, "/payload"));
    return true;
  });
  EXPECT_EQ(pointers, (std::vector<std::string>{"/payload/a/0", "/payload/a/1"}));
}

TEST(JsonTree, NamesWhatNoReceiverCouldTell) {
  EXPECT_EQ(first_fault(R"({"a":{"b":1,"b":2}})").substr(0, 10), "/payload/a");
  EXPECT_EQ(first_fault(R"(["x","\ud800"])"), "/payload/1");
  EXPECT_EQ(first_fault("[1e9999999999]"), "/payload/0");
  EXPECT_EQ(first_fault(R"({"a":1})"), "");
}

TEST(JsonTree, WhatIsEqualIsWrittenTheSame) {
  EXPECT_EQ(canonical(R"({"a":1,"b":[1.0,"x"]})"), canonical(R"({"b":[10e-1,"\u0078"],"a":1})"));
  EXPECT_NE(canonical("[1]"), canonical("1"));
  EXPECT_NE(canonical("\"1\""), canonical("1"));
  EXPECT_NE(canonical(R"(["a","b"])"), canonical(R"(["ab"])"));
  EXPECT_NE(canonical("[]"), canonical("{}"));
}

}  // namespace
}  // namespace relay
