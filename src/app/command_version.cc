#include <ostream>

#include "app/command.h"
#include "base/build_info.h"

namespace relay {

int run_version(const CommandContext& context) {
  context.out << "socket-relay " << version() << "\ncommit " << commit() << "\ncompiler " << compiler()
              << '\n';
  return exit_done;
}

}  // namespace relay
