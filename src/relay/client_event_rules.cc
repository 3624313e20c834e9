#include "relay/client_event_rules.h"

#include <algorithm>

#include "protocol/json_scanner.h"
#include "relay/publish_rule.h"

namespace relay {
namespace {

constexpr std::string_view own_prefix = "relay:";

std::string_view trim(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

}  // namespace

std::expected<ClientEventRules, std::string> ClientEventRules::parse(std::string_view list) {
  ClientEventRules rules;
  if (trim(list).empty()) return rules;
  for (;;) {
    const std::size_t comma = list.find(',');
    const std::string_view entry = trim(list.substr(0, comma));
    if (entry.empty()) return std::unexpected("an empty entry");
    const std::size_t star = entry.find('*');
    if (star == std::string_view::npos) {
      rules.names_.emplace_back(entry);
    } else if (star + 1 == entry.size()) {
      rules.prefixes_.emplace_back(entry.substr(0, star));
    } else {
      return std::unexpected("\"" + std::string(entry) + "\" has a * that is not at its end");
    }
    if (comma == std::string_view::npos) return rules;
    list.remove_prefix(comma + 1);
  }
}

bool ClientEventRules::allows(std::string_view name) const {
  return std::ranges::find(names_, name) != names_.end() ||
         std::ranges::any_of(prefixes_, [&](const std::string& prefix) { return name.starts_with(prefix); });
}

std::expected<std::string, ClientEventRefusal> ClientEventRules::judge(const MemberEvent& event,
                                                                       bool may_publish) const {
  if (!event.attachments.empty()) return std::unexpected(ClientEventRefusal::binary_unsupported);
  const bool is_text = event.name_json.starts_with('"');
  // A name that is a number, as the protocol allows, or no text at all for its lone surrogate, can be in no
  // list.
  const auto name = is_text ? decode_json_string(event.name_json) : std::nullopt;
  if (name && name->starts_with(own_prefix)) return std::unexpected(ClientEventRefusal::reserved_name);
  if (!may_publish || (name && !allows(*name))) return std::unexpected(ClientEventRefusal::forbidden);
  if (!name || event.arguments_count != 1 || !event_type_problem(*name).empty()) {
    return std::unexpected(ClientEventRefusal::invalid_event);
  }
  return *name;
}

}  // namespace relay
