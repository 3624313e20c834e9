#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "cluster/json_check.h"
#include "cluster/json_msgpack.h"
#include "cluster/json_number.h"
#include "cluster/msgpack_writer.h"
#include "protocol/json_scanner.h"

namespace relay {
namespace {

// `quoted` with every escape that is half a surrogate pair replaced by that of U+FFFD.
std::string replace_lone_surrogates(std::string_view quoted) {
  std::string out(quoted);
  std::size_t at = 0;
  while ((at = out.find('\\', at)) != std::string::npos) {
    if (out[at + 1] != 'u') {
      at += 2;
      continue;
    }
    const auto is_good = [&](std::size_t length) {
      return decode_json_string('"' + out.substr(at, length) + '"').has_value();
    };
    constexpr std::size_t escape_length = 6;
    if (is_good(escape_length)) {
      at += escape_length;
    } else if (out.compare(at + escape_length, 2, "\\u") == 0 && is_good(2 * escape_length)) {
      at += 2 * escape_length;
    } else {
      out.replace(at, escape_length, "\\ufffd");
      at += escape_length;
    }
  }
  return out;
}

// Walks a text that a JsonScanner has passed, which bounds its levels, and packs as it goes. A container's
// header, which holds its size, is written when its parts are: most fit into the one byte that was kept free.
class JsonPacker {
 public:
  JsonPacker(std::string& out, std::string_view json, std::span<const std::string> attachments,
             const BusLimits& limits)
      : out_(out), text_(json), attachments_(attachments), limits_(limits) {}

  std::expected<MsgpackFidelity, RejectReason> pack() {
    skip_space();
    if (!pack_value()) return std::unexpected(RejectReason::too_large);
    skip_space();
    return fidelity_;
  }

 private:
  // Where a member lies in out_, packed.
  struct Member {
    std::size_t key;
    std::size_t value;
    std::size_t end;
  };
  using Members = std::vector<Member>;
  static constexpr std::size_t few_members = 16;

  bool pack_value();
  bool pack_array();
  bool pack_object();
  void pack_number(std::string_view literal);
  void pack_string(std::string_view quoted);
  void drop_duplicates(Members& members);
  [[nodiscard]] bool has_duplicates(const Members& members) const;
  bool replace_placeholder(const Members& members, std::size_t begin);
  void close_container(std::size_t begin, std::size_t size, bool is_map);

  void skip_space() noexcept {
    const std::size_t next = std::min(text_.find_first_not_of(" \t\n\r", at_), text_.size());
    if (next != at_) fidelity_.is_canonical = false;
    at_ = next;
  }
  // The byte at hand, passed with the white space around it.
  void pass() noexcept {
    ++at_;
    skip_space();
  }
  std::string_view take_string() noexcept;
  std::string_view take_word() noexcept;
  [[nodiscard]] std::string_view packed_key(const Member& member) const noexcept {
    return std::string_view(out_).substr(member.key, member.value - member.key);
  }
  [[nodiscard]] std::string_view packed_value(const Member& member) const noexcept {
    return std::string_view(out_).substr(member.value, member.end - member.value);
  }

  std::string& out_;
  const std::string_view text_;
  std::size_t at_ = 0;
  const std::span<const std::string> attachments_;
  const BusLimits& limits_;
  std::size_t values_ = 0;
  MsgpackFidelity fidelity_;
};

bool JsonPacker::pack_value() {
  if (++values_ > limits_.values_max || out_.size() > limits_.message_bytes_max) return false;
  switch (text_[at_]) {
    case '{':
      return pack_object();
    case '[':
      return pack_array();
    case '"':
      pack_string(take_string());
      return true;
    case 't':
    case 'f':
      append_msgpack_bool(out_, take_word() == "true");
      return true;
    case 'n':
      take_word();
      append_msgpack_nil(out_);
      return true;
    default:
      pack_number(take_word());
      return true;
  }
}

bool JsonPacker::pack_array() {
  const std::size_t begin = out_.size();
  out_ += '\0';
  std::size_t size = 0;
  pass();
  while (text_[at_] != ']') {
    if (!pack_value()) return false;
    ++size;
    skip_space();
    if (text_[at_] == ',') pass();
  }
  pass();
  close_container(begin, size, false);
  return true;
}

bool JsonPacker::pack_object() {
  const std::size_t begin = out_.size();
  out_ += '\0';
  Members members;
  members.reserve(few_members);
  pass();
  while (text_[at_] != '}') {
    Member member{out_.size(), 0, 0};
    pack_string(take_string());
    member.value = out_.size();
    skip_space();
    pass();  // the colon
    ++values_;
    if (!pack_value()) return false;
    member.end = out_.size();
    members.push_back(member);
    skip_space();
    if (text_[at_] == ',') pass();
  }
  pass();
  if (!attachments_.empty() && replace_placeholder(members, begin)) return true;
  drop_duplicates(members);
  close_container(begin, members.size(), true);
  return true;
}

void JsonPacker::pack_number(std::string_view literal) {
  const JsonNumber number = parse_json_number(literal);
  if (!number.is_exact) fidelity_.numbers_exact = false;
  const bool is_plain = literal.find_first_of(".eE") == std::string_view::npos && literal != "-0";
  if (!is_plain || std::holds_alternative<double>(number.value)) fidelity_.is_canonical = false;
  if (const auto* positive = std::get_if<std::uint64_t>(&number.value)) {
    append_msgpack_unsigned(out_, *positive);
  } else if (const auto* negative = std::get_if<std::int64_t>(&number.value)) {
    append_msgpack_signed(out_, *negative);
  } else {
    append_msgpack_float64(out_, std::get<double>(number.value));
  }
}

void JsonPacker::pack_string(std::string_view quoted) {
  if (quoted.find('\\') == std::string_view::npos) {
    append_msgpack_string(out_, quoted.substr(1, quoted.size() - 2));
    return;
  }
  fidelity_.is_canonical = false;
  std::optional<std::string> text = decode_json_string(quoted);
  if (!text) {
    fidelity_.strings_exact = false;
    text = decode_json_string(replace_lone_surrogates(quoted));
  }
  append_msgpack_string(out_, *text);
}

// Of a few: as it is with most objects, without a list to sort.
bool JsonPacker::has_duplicates(const Members& members) const {
  for (std::size_t i = 1; i < members.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (packed_key(members[i]) == packed_key(members[j])) return true;
    }
  }
  return false;
}

// As JSON.parse does it: the last value stands where the key was first.
void JsonPacker::drop_duplicates(Members& members) {
  if (members.size() <= few_members && !has_duplicates(members)) return;
  // Equal keys lie side by side then, in their order.
  std::vector<std::size_t> order(members.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(), [&](std::size_t left, std::size_t right) {
    return packed_key(members[left]) < packed_key(members[right]);
  });
  std::vector<std::size_t> value_of(members.size());  // the member that has the value; npos for dropped ones
  bool are_there = false;
  for (std::size_t first = 0; first < order.size();) {
    std::size_t last = first;
    while (last + 1 < order.size() &&
           packed_key(members[order[last + 1]]) == packed_key(members[order[first]])) {
      value_of[order[++last]] = std::string::npos;
      are_there = true;
    }
    value_of[order[first]] = order[last];
    first = last + 1;
  }
  if (!are_there) return;

  fidelity_.is_canonical = false;
  std::string kept;
  std::size_t kept_count = 0;
  for (std::size_t i = 0; i < members.size(); ++i) {
    if (value_of[i] == std::string::npos) continue;
    kept += packed_key(members[i]);
    kept += packed_value(members[value_of[i]]);
    ++kept_count;
  }
  out_.replace(members.front().key, std::string::npos, kept);
  members.resize(kept_count);
}

// Whether these are the members of a placeholder; then its attachment stands at `begin`.
bool JsonPacker::replace_placeholder(const Members& members, std::size_t begin) {
  constexpr std::string_view placeholder_key = "\xAC_placeholder";
  constexpr std::string_view number_key = "\xA3num";
  constexpr std::string_view packed_true = "\xC3";
  bool is_placeholder = false;
  std::size_t number = std::string::npos;
  for (const Member& member : members) {
    const std::string_view key = packed_key(member);
    const std::string_view value = packed_value(member);
    if (key == placeholder_key) is_placeholder = value == packed_true;
    // More than 127 attachments would need a longer number; there are never so many.
    if (key == number_key && value.size() == 1) {
      number = static_cast<unsigned char>(value.front());
    }
  }
  if (!is_placeholder || number >= attachments_.size() || number > 127) return false;
  out_.resize(begin);
  append_msgpack_binary(out_, attachments_[number]);
  return true;
}

void JsonPacker::close_container(std::size_t begin, std::size_t size, bool is_map) {
  std::string header;
  if (is_map) {
    append_msgpack_map(header, size);
  } else {
    append_msgpack_array(header, size);
  }
  out_.replace(begin, 1, header);
}

std::string_view JsonPacker::take_string() noexcept {
  const std::size_t begin = at_++;
  while (text_[at_] != '"') at_ += text_[at_] == '\\' ? 2U : 1U;
  ++at_;
  return text_.substr(begin, at_ - begin);
}

// A number or literal.
std::string_view JsonPacker::take_word() noexcept {
  const std::size_t begin = at_;
  at_ = std::min(text_.find_first_of(",]} \t\n\r", at_), text_.size());
  return text_.substr(begin, at_ - begin);
}

}  // namespace

std::expected<MsgpackFidelity, RejectReason> append_json_as_msgpack(std::string& out, std::string_view json,
                                                                    std::span<const std::string> attachments,
                                                                    const BusLimits& limits) {
  if (json.size() > limits.message_bytes_max) return std::unexpected(RejectReason::too_large);
  if (const auto checked = check_json(json, bus_arguments_depth_max); !checked) {
    return std::unexpected(checked.error());
  }
  return JsonPacker(out, json, attachments, limits).pack();
}

}  // namespace relay
