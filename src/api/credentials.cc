#include "api/credentials.h"

#include <algorithm>

namespace relay {

std::string_view bearer_of(const HttpRequest& request) {
  constexpr std::string_view scheme = "Bearer ";
  std::string_view value = request.header("Authorization").value_or("");
  if (!equals_ignoring_case(value.substr(0, scheme.size()), scheme)) return {};
  value.remove_prefix(scheme.size());
  while (value.starts_with(' ') || value.starts_with('\t')) value.remove_prefix(1);
  return value;
}

std::string_view presented_key(const HttpRequest& request) {
  if (const auto key = request.header("X-Relay-Key")) return *key;
  return bearer_of(request);
}

bool looks_like_token(std::string_view bearer) {
  return std::ranges::count(bearer, '.') == 2;
}

}  // namespace relay
