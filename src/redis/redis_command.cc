#include "redis/redis_command.h"

namespace relay {
namespace {

constexpr std::string_view line_end = "\r\n";
constexpr std::size_t number_bytes_max = 20;
// Around an argument.
constexpr std::size_t framing_bytes_max = 1 + number_bytes_max + 2 * line_end.size();

}  // namespace

RedisCommand::RedisCommand(std::initializer_list<std::string_view> arguments) {
  std::size_t bytes = 0;
  for (const std::string_view argument : arguments) {
    bytes += framing_bytes_max + argument.size();
  }
  encoded_arguments_.reserve(bytes);
  for (const std::string_view argument : arguments) add(argument);
}

void RedisCommand::reserve(std::size_t arguments_count, std::size_t bytes) {
  encoded_arguments_.reserve(encoded_arguments_.size() + bytes + arguments_count * framing_bytes_max);
}

RedisCommand& RedisCommand::add(std::string_view argument) {
  ++arguments_count_;
  encoded_arguments_ += '$';
  encoded_arguments_ += std::to_string(argument.size());
  encoded_arguments_ += line_end;
  encoded_arguments_ += argument;
  encoded_arguments_ += line_end;
  return *this;
}

std::size_t RedisCommand::encoded_bytes() const noexcept {
  return 1 + std::to_string(arguments_count_).size() + line_end.size() + encoded_arguments_.size();
}

void RedisCommand::append_to(std::string& out) const {
  out += '*';
  out += std::to_string(arguments_count_);
  out += line_end;
  out += encoded_arguments_;
}

}  // namespace relay
