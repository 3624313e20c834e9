#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "base/utf8.h"
#include "cluster/javascript_text.h"
#include "cluster/json_msgpack.h"
#include "protocol/json_writer.h"

namespace relay {
namespace {

constexpr signed char timestamp_type = -1;

std::uint64_t big_endian(std::string_view bytes) noexcept {
  std::uint64_t number = 0;
  for (const char byte : bytes) number = number << 8U | static_cast<unsigned char>(byte);
  return number;
}

void append_unsigned(std::string& out, std::uint64_t number) {
  std::array<char, 20> digits;
  const auto result = std::to_chars(digits.data(), digits.data() + digits.size(), number);
  out.append(digits.data(), result.ptr);
}

void append_text(std::string& out, std::string_view bytes) {
  if (is_valid_utf8(bytes)) {
    append_json_string(out, bytes);
  } else {
    append_json_string(out, replace_invalid_utf8(bytes));
  }
}

// The milliseconds of a timestamp, cut towards 1970 as a Date does it; nullopt if `bytes`, those behind the
// type, have none of the three forms.
std::optional<std::int64_t> timestamp_ms(std::string_view bytes) noexcept {
  std::uint64_t nanoseconds = 0;
  std::int64_t seconds = 0;
  if (bytes.size() == 4) {
    seconds = static_cast<std::int64_t>(big_endian(bytes));
  } else if (bytes.size() == 8) {
    constexpr unsigned seconds_bits = 34;
    const std::uint64_t both = big_endian(bytes);
    nanoseconds = both >> seconds_bits;
    seconds = static_cast<std::int64_t>(both & ((std::uint64_t{1} << seconds_bits) - 1));
  } else if (bytes.size() == 12) {
    nanoseconds = big_endian(bytes.substr(0, 4));
    seconds = static_cast<std::int64_t>(big_endian(bytes.substr(4)));
  } else {
    return std::nullopt;
  }
  // Far from 1970 the sum is rounded in Node, too.
  constexpr double beyond_any_date = 1e16;
  const double sum = static_cast<double>(seconds) * 1e3 + static_cast<double>(nanoseconds) / 1e6;
  return static_cast<std::int64_t>(std::clamp(sum, -beyond_any_date, beyond_any_date));
}

// Calls itself for each level, of which a tree has at most bus_message_depth_max.
class JsonOutput {
 public:
  JsonOutput(JsonWithAttachments& out, const MsgpackTree& tree, const BusLimits& limits)
      : out_(out), json_(out.json), tree_(tree), limits_(limits) {}

  // False with the fault set.
  bool append(const MsgpackNode& node);
  [[nodiscard]] RejectReason fault() const noexcept { return fault_; }

 private:
  bool append_array(const MsgpackNode& array);
  bool append_map(const MsgpackNode& map);
  bool append_key(const MsgpackNode& key);
  bool append_extension(const MsgpackNode& extension);
  bool append_attachment(std::string_view bytes);
  bool fail(RejectReason reason) noexcept {
    fault_ = reason;
    return false;
  }

  JsonWithAttachments& out_;
  std::string& json_;
  const MsgpackTree& tree_;
  const BusLimits& limits_;
  RejectReason fault_ = RejectReason::malformed;
};

bool JsonOutput::append(const MsgpackNode& node) {
  switch (node.kind) {
    case MsgpackKind::nil:
      json_ += "null";
      return true;
    case MsgpackKind::boolean:
      json_ += node.is_true() ? "true" : "false";
      return true;
    case MsgpackKind::unsigned_integer:
      append_unsigned(json_, node.bits);
      return true;
    case MsgpackKind::signed_integer:
      append_json_number(json_, node.signed_integer());
      return true;
    case MsgpackKind::real:
      append_javascript_number(json_, node.real());
      return true;
    case MsgpackKind::string:
      append_text(json_, node.bytes);
      return true;
    case MsgpackKind::binary:
      return append_attachment(node.bytes);
    case MsgpackKind::extension:
      return append_extension(node);
    case MsgpackKind::array:
      return append_array(node);
    case MsgpackKind::map:
      return append_map(node);
  }
  return fail(RejectReason::malformed);
}

bool JsonOutput::append_array(const MsgpackNode& array) {
  json_ += '[';
  bool is_first = true;
  const bool is_good = tree_.each_part(array, [&](const MsgpackNode& element) {
    if (!is_first) json_ += ',';
    is_first = false;
    return append(element);
  });
  json_ += ']';
  return is_good;
}

bool JsonOutput::append_map(const MsgpackNode& map) {
  json_ += '{';
  bool is_first = true;
  const MsgpackNode* key = nullptr;
  const bool is_good = tree_.each_part(map, [&](const MsgpackNode& part) {
    if (key == nullptr) {
      key = &part;
      return true;
    }
    const MsgpackNode& its_key = *std::exchange(key, nullptr);
    if (part.is_undefined()) return true;
    if (!is_first) json_ += ',';
    is_first = false;
    if (!append_key(its_key)) return false;
    json_ += ':';
    return append(part);
  });
  json_ += '}';
  return is_good;
}

bool JsonOutput::append_key(const MsgpackNode& key) {
  switch (key.kind) {
    case MsgpackKind::string:
      append_text(json_, key.bytes);
      return true;
    case MsgpackKind::nil:
    case MsgpackKind::boolean:
    case MsgpackKind::unsigned_integer:
    case MsgpackKind::signed_integer:
    case MsgpackKind::real: {
      json_ += '"';
      const bool is_good = append(key);
      json_ += '"';
      return is_good;
    }
    case MsgpackKind::binary:
    case MsgpackKind::extension:
    case MsgpackKind::array:
    case MsgpackKind::map:
      return fail(RejectReason::malformed);
  }
  return fail(RejectReason::malformed);
}

bool JsonOutput::append_extension(const MsgpackNode& extension) {
  if (extension.is_undefined()) {
    json_ += "null";
    return true;
  }
  const auto type = static_cast<signed char>(extension.bytes.front());
  const std::string_view content = extension.bytes.substr(1);
  if (type == timestamp_type) {
    if (const auto milliseconds = timestamp_ms(content)) {
      append_javascript_date(json_, *milliseconds);
      return true;
    }
  }
  json_ += '[';
  append_json_number(json_, type);
  json_ += ',';
  const bool is_good = append_attachment(content);
  json_ += ']';
  return is_good;
}

bool JsonOutput::append_attachment(std::string_view bytes) {
  if (out_.attachments.size() >= limits_.attachments_max) return fail(RejectReason::too_large);
  json_ += R"({"_placeholder":true,"num":)";
  append_unsigned(json_, out_.attachments.size());
  json_ += '}';
  out_.attachments.emplace_back(bytes);
  return true;
}

}  // namespace

std::expected<void, RejectReason> append_msgpack_as_json(JsonWithAttachments& out, const MsgpackTree& tree,
                                                         const MsgpackNode& node, const BusLimits& limits) {
  JsonOutput output(out, tree, limits);
  if (!output.append(node)) return std::unexpected(output.fault());
  return {};
}

std::expected<JsonWithAttachments, RejectReason> msgpack_to_json(std::string_view bytes,
                                                                 const BusLimits& limits) {
  const auto tree = MsgpackTree::read(bytes, limits);
  if (!tree) return std::unexpected(tree.error());
  JsonWithAttachments out;
  if (const auto written = append_msgpack_as_json(out, *tree, tree->root(), limits); !written) {
    return std::unexpected(written.error());
  }
  return out;
}

std::optional<std::string> msgpack_text(const MsgpackNode& node) {
  std::string text;
  switch (node.kind) {
    case MsgpackKind::string:
      return is_valid_utf8(node.bytes) ? std::string(node.bytes) : replace_invalid_utf8(node.bytes);
    case MsgpackKind::unsigned_integer:
      append_unsigned(text, node.bits);
      return text;
    case MsgpackKind::signed_integer:
      append_json_number(text, node.signed_integer());
      return text;
    default:
      return std::nullopt;
  }
}

}  // namespace relay
