#include "protocol/socketio_placeholder.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <vector>

#include "protocol/json_scanner.h"

namespace relay::socketio {
namespace {

// What is known of an open container. Of equal keys the last one counts, as in every JSON parser of the
// clients.
struct Container {
  bool is_object = false;
  bool is_placeholder = false;
  bool num_is_valid = false;

  [[nodiscard]] bool is_acceptable() const noexcept { return !is_placeholder || num_is_valid; }
};

bool is_attachment_number(std::string_view value, unsigned attachments) noexcept {
  unsigned number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  return error == std::errc() && end == value.data() + value.size() && number < attachments;
}

// Walks over JSON that is known to be right, so that every token ends where it must.
class Walk {
 public:
  Walk(std::string_view json, unsigned attachments) noexcept : json_(json), attachments_(attachments) {}

  // False at the first placeholder that refers to nothing.
  [[nodiscard]] bool run() {
    while (at_ < json_.size()) {
      switch (json_[at_]) {
        case '{':
        case '[':
          note_value({});
          open_.push_back({.is_object = json_[at_] == '{'});
          ++at_;
          break;
        case '}':
        case ']':
          if (!open_.back().is_acceptable()) return false;
          open_.pop_back();
          ++at_;
          break;
        case ' ':
        case '\t':
        case '\n':
        case '\r':
        case ',':
        case ':':
          ++at_;
          break;
        default:
          pass_scalar();
      }
    }
    return true;
  }

 private:
  void pass_scalar() {
    const bool is_string = json_[at_] == '"';
    const std::string_view token = is_string ? take_string() : take_word();
    if (is_string && next_is_colon()) {
      key_ = token;
    } else {
      note_value(token);
    }
  }

  [[nodiscard]] std::string_view take_string() noexcept {
    const std::size_t begin = at_++;
    while (json_[at_] != '"') at_ += json_[at_] == '\\' ? 2U : 1U;
    ++at_;
    return json_.substr(begin, at_ - begin);
  }

  [[nodiscard]] std::string_view take_word() noexcept {
    const std::size_t begin = at_;
    at_ = std::min(json_.find_first_of(",]} \t\n\r", at_), json_.size());
    return json_.substr(begin, at_ - begin);
  }

  [[nodiscard]] bool next_is_colon() const noexcept {
    const std::size_t next = json_.find_first_not_of(" \t\n\r", at_);
    return next != std::string_view::npos && json_[next] == ':';
  }

  // `value` is the text of a scalar, or empty for a container.
  void note_value(std::string_view value) {
    if (open_.empty() || !open_.back().is_object) return;
    Container& object = open_.back();
    if (json_string_equals(key_, "_placeholder")) {
      object.is_placeholder = value == "true";
    } else if (json_string_equals(key_, "num")) {
      object.num_is_valid = is_attachment_number(value, attachments_);
    }
  }

  const std::string_view json_;
  const unsigned attachments_;
  std::size_t at_ = 0;
  std::string_view key_;         // the last one passed: that of the next value in the innermost object
  std::vector<Container> open_;  // as deep as the scanner allowed
};

}  // namespace

bool has_only_valid_placeholders(std::string_view json, unsigned attachments) {
  return Walk(json, attachments).run();
}

}  // namespace relay::socketio
