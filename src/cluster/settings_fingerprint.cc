#include "cluster/settings_fingerprint.h"

#include "auth/hmac.h"

namespace relay {
namespace {

constexpr std::string_view key_purpose = "socket-relay settings 1";

// No name holds a NUL, so no two settings are signed alike.
std::string signed_text(const Setting& setting) {
  std::string text(setting.name);
  text += '\0';
  text += setting.value;
  return text;
}

std::string short_hex(const Digest& digest) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string hex;
  for (std::size_t i = 0; i < setting_hash_digits / 2; ++i) {
    hex += digits[digest[i] >> 4U];
    hex += digits[digest[i] & 15U];
  }
  return hex;
}

}  // namespace

SettingsFingerprint fingerprint_of(std::span<const Setting> settings, std::string_view secret) {
  const HmacKey key(bytes_of(derive_key(secret, key_purpose)));
  SettingsFingerprint fingerprint;
  for (const Setting& setting : settings) {
    fingerprint.insert_or_assign(std::string(setting.name), short_hex(key.sign(signed_text(setting))));
  }
  return fingerprint;
}

std::vector<std::string> differing_settings(const SettingsFingerprint& mine,
                                            const SettingsFingerprint& theirs) {
  std::vector<std::string> names;
  for (const auto& [name, hash] : mine) {
    const auto their_hash = theirs.find(name);
    if (their_hash != theirs.end() && their_hash->second != hash) names.push_back(name);
  }
  return names;
}

}  // namespace relay
