#pragma once
// Which events a client may emit itself (CLIENT_EVENTS), and in which order what is wrong is judged.
//
// Threading: immutable.

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "hub/namespace_handler.h"
#include "relay/relay_probe.h"

namespace relay {

class ClientEventRules {
 public:
  // Comma-separated names; one that ends in `*` is a prefix. Empty: no event at all. The error names the
  // entry.
  [[nodiscard]] static std::expected<ClientEventRules, std::string> parse(std::string_view list);

  [[nodiscard]] bool allows(std::string_view name) const;

  // The event's name, decoded, or why it is refused: binary before reserved names, before scope and list,
  // before form.
  [[nodiscard]] std::expected<std::string, ClientEventRefusal> judge(const MemberEvent& event,
                                                                     bool may_publish) const;

 private:
  std::vector<std::string> names_;
  std::vector<std::string> prefixes_;
};

}  // namespace relay
