# Sourced by ./dev and the scripts of tools/: where things are, and what every build and test inherits.
# shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root" || exit 1

# Node and the linters that npm brings when Debian's own are missing or too old (tools/setup puts them there).
export PATH="$root/build/tools/node_modules/.bin:$root/node_modules/.bin:$PATH"

# Objects compiled in one clone serve another: names below the root count as relative.
export CCACHE_BASEDIR=$root CCACHE_NOHASHDIR=1
export CMAKE_COLOR_DIAGNOSTICS=OFF PYTHONDONTWRITEBYTECODE=1

# Browsers come from Debian; packages that would fetch one of their own must not.
export PUPPETEER_SKIP_DOWNLOAD=1 PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1
export NPM_CONFIG_AUDIT=false NPM_CONFIG_FUND=false NPM_CONFIG_UPDATE_NOTIFIER=false

fail() {
  printf '%s\n' "$*" >&2
  exit 1
}
