#include "schema/schema_format.h"

#include <algorithm>
#include <array>

#include <arpa/inet.h>

#include <re2/re2.h>

#include "base/time_text.h"

namespace relay {
namespace {

bool matches(std::string_view text, const RE2& pattern) {
  return RE2::FullMatch(re2::StringPiece(text.data(), text.size()), pattern);
}

// As the full-date and the full-time of a date-time (RFC 3339 §5.6).
bool is_date(std::string_view text) {
  return text.size() == 10 && is_rfc3339(std::string(text) + "T00:00:00Z");
}

bool is_time(std::string_view text) {
  constexpr std::size_t time_bytes_max = 64;
  return text.size() <= time_bytes_max && is_rfc3339("1970-01-01T" + std::string(text));
}

// RFC 4122 §3.
bool is_uuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    const char c = text[i];
    const bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    if (dash ? c != '-' : !hex) return false;
  }
  return true;
}

bool is_address(std::string_view text, int family) {
  if (text.size() > INET6_ADDRSTRLEN || text.find('\0') != std::string_view::npos) return false;
  std::array<unsigned char, sizeof(in6_addr)> address{};
  return inet_pton(family, std::string(text).c_str(), address.data()) == 1;
}

bool is_ipv4(std::string_view text) {
  return is_address(text, AF_INET);
}

bool is_ipv6(std::string_view text) {
  return is_address(text, AF_INET6);
}

// RFC 1123 §2.1 with the lengths of RFC 1035 §2.3.4.
bool is_hostname(std::string_view text) {
  static const RE2 pattern(
      "[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*");
  if (text.size() > 253 || !matches(text, pattern)) return false;
  std::size_t label = 0;
  return std::ranges::all_of(text, [&](char c) {
    label = c == '.' ? 0 : label + 1;
    return label <= 63;
  });
}

// The mailbox of RFC 5321 §4.1.2.
bool is_email(std::string_view text) {
  static const RE2 local_part(
      R"([\w!#$%&'*+/=?^`{|}~-]+(?:\.[\w!#$%&'*+/=?^`{|}~-]+)*|"(?:[ !#-\[\]-~]|\\[ -~])*")");
  const std::size_t at = text.rfind('@');  // npos is more than 64
  if (at > 64 || !matches(text.substr(0, at), local_part)) return false;
  std::string_view domain = text.substr(at + 1);
  if (!domain.starts_with('[') || !domain.ends_with(']')) return is_hostname(domain);
  domain = domain.substr(1, domain.size() - 2);
  constexpr std::string_view tag = "IPv6:";
  return domain.starts_with(tag) ? is_ipv6(domain.substr(tag.size())) : is_ipv4(domain);
}

// The parts of RFC 3986 appendix A as regular expressions.
std::string hier_part_pattern(std::string_view first_segment) {
  const std::string escaped = "%[0-9A-Fa-f]{2}";
  const std::string pchar = R"((?:[\w.~!$&'()*+,;=:@-]|)" + escaped + ")";
  const std::string user = R"((?:(?:[\w.~!$&'()*+,;=:-]|)" + escaped + ")*@)?";
  const std::string host = R"((?:\[[0-9A-Fa-f:.]+\]|(?:[\w.~!$&'()*+,;=-]|)" + escaped + ")*)(?::[0-9]*)?";
  const std::string segments = "(?:/" + pchar + "*)*";
  const std::string path =
      "//" + user + host + segments + "|/(?:" + pchar + "+" + segments + ")?|" + std::string(first_segment);
  const std::string tail = "(?:" + pchar + "|[/?])*)?";
  return "(?:" + path + segments + R"(|)(?:\?)" + tail + "(?:#" + tail;
}

bool is_uri(std::string_view text) {
  static const RE2 pattern("[A-Za-z][A-Za-z0-9+.-]*:" +
                           hier_part_pattern(R"((?:[\w.~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})+)"));
  return matches(text, pattern);
}

bool is_uri_reference(std::string_view text) {
  // A colon in the first segment would end a scheme.
  static const RE2 pattern(hier_part_pattern(R"((?:[\w.~!$&'()*+,;=@-]|%[0-9A-Fa-f]{2})+)"));
  return is_uri(text) || matches(text, pattern);
}

// RFC 6901 §3.
bool is_json_pointer(std::string_view text) {
  static const RE2 pattern("(?s)(?:/(?:[^/~]|~[01])*)*");
  return matches(text, pattern);
}

struct Format {
  std::string_view name;
  FormatCheck check;
};

constexpr std::array formats = {
    Format{"date", is_date},   Format{"date-time", is_rfc3339},
    Format{"email", is_email}, Format{"hostname", is_hostname},
    Format{"ipv4", is_ipv4},   Format{"ipv6", is_ipv6},
    Format{"time", is_time},   Format{"json-pointer", is_json_pointer},
    Format{"uri", is_uri},     Format{"uri-reference", is_uri_reference},
    Format{"uuid", is_uuid},
};

}  // namespace

FormatCheck format_check(std::string_view name) noexcept {
  const auto* const found = std::ranges::find(formats, name, &Format::name);
  return found == formats.end() ? nullptr : found->check;
}

std::string format_names() {
  std::string names;
  for (const Format& format : formats) {
    if (!names.empty()) names += ", ";
    names += format.name;
  }
  return names;
}

}  // namespace relay
