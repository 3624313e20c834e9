#pragma once
// Files from the program's own memory: the stock client's bundles, and the try-it page.
//
// Threading: any; what it returns may be called on any worker.

#include <string>
#include <string_view>

#include "api/router.h"
#include "engine/cors.h"

namespace relay {

// Serves the stock client's bundles below the Engine.IO path, as Node servers do. `cors` must outlive the
// router.
void add_client_bundle(Router& router, std::string_view socket_path, const CorsPolicy& cors);

struct TryPageOptions {
  std::string socket_path;
  std::string api_key;
  std::string signing_secret;
  std::string token_issuer;      // empty: none
  std::string token_audience;    // empty: none
  bool local_names_only = true;  // the page carries a key: refuse a Host that some web site made point here
};

// DEV only: the page at `/`, its parts below /dev/, and /dev/token. `clock` must outlive the router.
void add_try_page(Router& router, const TryPageOptions& options, const Clock& clock);

}  // namespace relay
