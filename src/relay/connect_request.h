#pragma once
// The `auth` object of a CONNECT packet: the token, and from where the client wants to go on.
//
//     {"token":…}                                 a new socket
//     {"token":…,"pid":…,"offset":…}              the socket that it was (the stock client does this by
//     itself)
//     {"token":…,"after":…}                       a new socket that wants what came after an event it knows
//     of
//
// Threading: pure; any.

#include <optional>
#include <string>
#include <string_view>

#include "hub/namespace_handler.h"
#include "relay/private_id.h"

namespace relay {

// Each as JSON, pointing into the packet; empty when it is absent or null. Of a member that is there twice
// the last counts, as for JSON.parse().
struct ConnectRequest {
  std::string_view token_json = {};
  std::string_view pid_json = {};
  std::string_view offset_json = {};
  std::string_view after_json = {};
};

// `auth_json`: the packet's object, valid JSON, or empty.
[[nodiscard]] ConnectRequest parse_connect_request(std::string_view auth_json);

struct ResumeWish {
  bool is_asked = false;
  std::optional<Resume> resume = {};  // none: what was asked for cannot be
  std::string pid = {};               // as it came, with resume->as
  std::string asked_json = {};        // for `relay:gap`; empty: it need not be told
};

// What the client asks for, as far as the log of this epoch may know of it.
[[nodiscard]] ResumeWish resume_wish(const ConnectRequest& request, std::string_view account,
                                     const PrivateIds& private_ids, std::string_view epoch);

}  // namespace relay
