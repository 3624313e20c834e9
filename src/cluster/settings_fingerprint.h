#pragma once
// Which of the settings that must agree in a cluster do not, without telling what they are: a heartbeat
// carries a short hash of each value, so that the log of another node can name the settings.
//
// The hashes are HMACs of the name and the value, so that no two settings show the same one. The key is the
// caller's, and the same on all nodes: a secret only if the values are, since nodes must agree while a secret
// is changed.
//
// Threading: any.

#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace relay {

struct Setting {
  std::string_view name;
  std::string_view value;
};

// Of each setting's name: 8 lower-case hex digits.
using SettingsFingerprint = std::map<std::string, std::string, std::less<>>;

inline constexpr std::size_t setting_hash_digits = 8;

[[nodiscard]] SettingsFingerprint fingerprint_of(std::span<const Setting> settings, std::string_view secret);

// The names, in their order, of the settings that both have and whose values differ. A setting that only one
// knows is of another version, and no disagreement: the names are always among our own.
[[nodiscard]] std::vector<std::string> differing_settings(const SettingsFingerprint& mine,
                                                          const SettingsFingerprint& theirs);

}  // namespace relay
