#pragma once
// Where a node's accounts come and go for the whole cluster: it decides who is told.
//
// Threading: any.

#include <string>
#include <string_view>

#include "protocol/json_writer.h"

namespace relay {

class PresenceLedger {
 public:
  virtual ~PresenceLedger() = default;
  // The account has its first socket in the room on this node.
  virtual void enter(std::string room, std::string account) = 0;
  // It has none any more, and its grace is over.
  virtual void leave(std::string room, std::string account) = 0;
};

// The argument of `relay:joined` and `relay:left`.
[[nodiscard]] inline std::string presence_argument(std::string_view account) {
  std::string argument = R"({"account":)";
  append_json_string(argument, account);
  argument += '}';
  return argument;
}

}  // namespace relay
