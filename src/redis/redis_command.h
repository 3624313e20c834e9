#pragma once
// A command: a list of arguments, each any bytes, in the form in which Redis takes it (RESP, an array of bulk
// strings). There is no format string, so nothing in an argument can become another argument.
//
// Threading: a value of its owner.

#include <concepts>
#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>

namespace relay {

class RedisCommand {
 public:
  // The first argument is the command's name.
  RedisCommand(std::initializer_list<std::string_view> arguments);

  // Makes room for arguments of so many bytes in all.
  void reserve(std::size_t arguments_count, std::size_t bytes);
  RedisCommand& add(std::string_view argument);
  template <std::integral Integer>
  RedisCommand& add(Integer number) {
    return add(std::string_view(std::to_string(number)));
  }

  [[nodiscard]] std::size_t arguments_count() const noexcept { return arguments_count_; }
  [[nodiscard]] std::size_t encoded_bytes() const noexcept;
  void append_to(std::string& out) const;

 private:
  std::size_t arguments_count_ = 0;
  std::string encoded_arguments_;
};

}  // namespace relay
