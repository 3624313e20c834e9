#include <iostream>
#include <string_view>
#include <vector>

#include <unistd.h>

#include "app/command.h"

namespace {

relay::NamedTexts read_environment() {
  relay::NamedTexts variables;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const std::size_t equals = text.find('=');
    if (equals != std::string_view::npos) variables.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return variables;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string_view> arguments(argv + (argc > 0 ? 1 : 0), argv + argc);
  return relay::run_program(arguments, read_environment(), std::cout, std::cerr);
}
