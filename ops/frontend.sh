#!/usr/bin/env bash
# Build the web pages, where npm is: packages only when their lock changed, pages only when their sources did.
set -euo pipefail

usage() {
  cat <<'TEXT'
usage: ops/frontend.sh

  Builds frontend/ into frontend/dist, which the API serves at its root. Does nothing when what is built is new enough,
  and nothing but say so where npm is not. ops/start.sh runs it; whatever fails here, the stack starts all the same.

examples: ops/frontend.sh | rm -r frontend/dist && ops/frontend.sh
TEXT
}

say() { printf '%6d s  %s\n' "$SECONDS" "$*"; }

give_up() { # give_up <what failed> <its output>
  say "The web pages: $1; the rest of Groat works without."
  tail -n 5 <<<"$2" | sed 's/^/          /'
  if [ -f dist/index.html ]; then say "The pages of the last build are served."; fi
  exit 0
}

stamp_of() { sha256sum -- "$@" | sha256sum | cut -d ' ' -f 1; }

sources() {
  # One of the folders may be missing.
  { find src public -type f -print0 2>/dev/null || true; } | sort -z
  for name in index.html vite.config.ts tsconfig.json package.json package-lock.json; do
    if [ -f "$name" ]; then printf '%s\0' "$name"; fi
  done
}

case ${1:-} in
  "") ;;
  -h | --help | help)
    usage
    exit 0
    ;;
  *)
    usage >&2
    exit 2
    ;;
esac

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)
[ -f "$root/frontend/package-lock.json" ] || exit 0
cd -- "$root/frontend"
mapfile -d '' files < <(sources)
packages=$(stamp_of package-lock.json)
built=$(stamp_of "${files[@]}")
if [ -f dist/index.html ] && [ -f dist/.groat-stamp ] && [ "$(cat dist/.groat-stamp)" = "$built" ]; then exit 0; fi
if ! command -v npm >/dev/null; then
  give_up "npm is not here, so they are not built (Node 20.19 or newer brings it)" ""
fi
if [ ! -f node_modules/.groat-stamp ] || [ "$(cat node_modules/.groat-stamp)" != "$packages" ]; then
  say "Installing the packages of the web pages"
  output=$(npm ci --no-audit --no-fund 2>&1) || give_up "npm ci failed" "$output"
  printf '%s\n' "$packages" >node_modules/.groat-stamp
fi
say "Building the web pages"
output=$(npm run build 2>&1) || give_up "npm run build failed" "$output"
printf '%s\n' "$built" >dist/.groat-stamp
say "The web pages are built"
