#include "relay/private_id.h"

#include "base/base64.h"
#include "base/check.h"

namespace relay {
namespace {

constexpr std::string_view key_purpose = "socket-relay pid 1";
constexpr std::size_t signature_bytes = 16;
constexpr std::size_t signature_length = 22;
constexpr std::size_t signed_length = socket_id_length - 1 + offset_length;

std::string signature_of(const HmacKey& key, std::string_view signed_part, std::string_view account) {
  std::string data(signed_part);
  data += account;
  const Digest digest = key.sign(data);
  std::string text;
  append_base64url(text, bytes_of(digest).substr(0, signature_bytes));
  return text;
}

}  // namespace

PrivateIds::PrivateIds(const std::vector<std::string>& secrets) {
  RELAY_CHECK(!secrets.empty());
  for (const std::string& secret : secrets) {
    keys_.emplace_back(bytes_of(derive_key(secret, key_purpose)));
  }
}

std::string PrivateIds::make(std::string_view socket_id, std::string_view epoch, Position position,
                             std::string_view account) const {
  RELAY_DCHECK(socket_id.size() == socket_id_length);
  std::string text(socket_id.substr(1));
  const OffsetText offset = format_offset(epoch, position);
  text.append(offset.begin(), offset.end());
  text += signature_of(keys_.front(), text, account);
  return text;
}

std::optional<PrivateId> PrivateIds::verify(std::string_view text, std::string_view account) const {
  if (text.size() != signed_length + signature_length) return std::nullopt;
  const std::string_view signed_part = text.substr(0, signed_length);
  bool genuine = false;
  for (const HmacKey& key : keys_) {
    genuine = equal_in_constant_time(signature_of(key, signed_part, account), text.substr(signed_length)) ||
              genuine;
  }
  const auto socket_id = SocketId::parse("~" + std::string(signed_part.substr(0, socket_id_length - 1)));
  const auto offset = parse_offset(signed_part.substr(socket_id_length - 1));
  if (!genuine || !socket_id || !offset) return std::nullopt;
  return PrivateId{*socket_id, std::string(offset->epoch), offset->position};
}

}  // namespace relay
