#include "relay/connect_request.h"

#include <algorithm>

#include "hub/local_hub.h"
#include "protocol/json_scanner.h"

namespace relay {
namespace {

std::optional<std::string> text_of(std::string_view json) {
  return json.starts_with('"') ? decode_json_string(json) : std::nullopt;
}

// As the socket that it was: from what it got there last, or from where it began, whichever is later. The
// stock client sends an old offset after a second drop, or none at all.
void want_socket(const ConnectRequest& request, const PrivateId& pid, ResumeWish& wish) {
  Position after = pid.position;
  if (!request.offset_json.empty()) {
    const auto text = text_of(request.offset_json);
    const auto offset = text ? parse_offset(*text) : std::nullopt;
    if (!offset) return;
    if (offset->epoch == pid.epoch) after = std::max(after, offset->position);
  }
  wish.resume = {.after = after, .as = pid.socket_id};
}

}  // namespace

ConnectRequest parse_connect_request(std::string_view auth_json) {
  ConnectRequest request;
  if (auth_json.empty()) return request;
  JsonScanner scanner(auth_json, LocalHub::json_depth_max);
  // The packet's parser has checked the object; there is no error to handle.
  static_cast<void>(scanner.scan_object([&](std::string_view key, std::string_view value) {
    if (value == "null") value = {};
    if (json_string_equals(key, "token")) request.token_json = value;
    if (json_string_equals(key, "pid")) request.pid_json = value;
    if (json_string_equals(key, "offset")) request.offset_json = value;
    if (json_string_equals(key, "after")) request.after_json = value;
  }));
  return request;
}

ResumeWish resume_wish(const ConnectRequest& request, std::string_view account, const PrivateIds& private_ids,
                       std::string_view epoch) {
  ResumeWish wish;
  if (!request.pid_json.empty()) {
    wish.is_asked = true;
    wish.asked_json = request.offset_json;
    wish.pid = text_of(request.pid_json).value_or("");
    const auto pid = private_ids.verify(wish.pid, account);
    if (pid && pid->epoch == epoch) want_socket(request, *pid, wish);
  } else if (!request.after_json.empty()) {
    wish.is_asked = true;
    wish.asked_json = request.after_json;
    const auto text = text_of(request.after_json);
    const auto after = text ? parse_offset(epoch, *text) : std::nullopt;
    if (after) wish.resume = {.after = *after};
  }
  return wish;
}

}  // namespace relay
