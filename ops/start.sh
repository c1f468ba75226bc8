#!/usr/bin/env bash
# Start Groat on this machine, or run all its checks: no Docker, no root, no account needed.
set -euo pipefail

usage() {
  cat <<'TEXT'
usage: ops/start.sh [dev|prod|test] [arguments]

  dev   (default) the whole stack in this terminal until Ctrl-C: PostgreSQL + TimescaleDB, two Valkeys, migrations,
        the replay market, API, worker, scheduler. The first start downloads; later ones take seconds.
  test  every check: ruff, formatting, types, contracts, then pytest with the given arguments
  prod  the container stack (not in this release)

  PORT_API=8001 and the like move a port; DATABASE_URL, REDIS_URL and GROAT_CACHE_URL, when given, are used instead
  of servers of our own; POLYGON_API_KEY of your own means real market data instead of the replay.
  See docs/how-to/run-locally.md. ops/stop.sh stops, ops/logs.sh shows logs, ops/setup.sh makes credentials.

examples: ops/start.sh | PORT_API=8001 ops/start.sh | ops/start.sh test tests/ops -k launcher
TEXT
}

offline="Is there a network, and a proxy to name in HTTPS_PROXY? Start again then: what was downloaded is kept."

say() { printf '%6d s  %s\n' "$SECONDS" "$*"; }

die() {
  printf '%s\n' "$*" >&2
  exit 1
}

is_new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

find_python() {
  local name
  for name in "${PYTHON:-}" python3 python3.14 python3.13 python3.12 python3.11; do
    if [ -n "$name" ] && command -v "$name" >/dev/null && is_new_enough "$name"; then
      command -v "$name"
      return
    fi
  done
  die "Groat needs Python 3.11 or newer, and found $(python3 --version 2>&1 || echo none)." \
    "Install one, or name it: PYTHON=/path/to/python3 ops/start.sh"
}

require_space() {
  local free_kb
  free_kb=$(df -Pk . | awk 'NR == 2 { print $4 }')
  [ "$free_kb" -ge 1000000 ] ||
    die "Only $((free_kb / 1024)) MB are free on the disk of $root, and the first start needs 1 GB: free some space."
}

# The path belongs to the stamp: the scripts of a moved virtual environment point to where it was.
stamp_of() { { pwd -P; cat "$@"; } | sha256sum | cut -d ' ' -f 1; }

make_environment() {
  if [ -f .venv/groat.path ] && [ "$(cat .venv/groat.path)" != "$(pwd -P)" ]; then
    say "The checkout moved: making its virtual environment anew"
    rm -rf .venv
  fi
  if [ ! -x .venv/bin/python ]; then
    local python output
    python=$(find_python)
    say "Making the virtual environment .venv with $("$python" --version)"
    if ! output=$("$python" -m venv .venv 2>&1); then
      rm -rf .venv
      command -v uv >/dev/null || die "$python cannot make a virtual environment: $(tail -n 3 <<<"$output")
Install its venv module (on Debian, as root: apt-get install python3-venv), or put uv on the PATH."
      uv venv --quiet --python "$python" .venv
    fi
  fi
  is_new_enough .venv/bin/python ||
    die ".venv has $(.venv/bin/python --version), and Groat needs 3.11 or newer: remove .venv and start again."
  pwd -P >.venv/groat.path
}

# uv first, because it is quick; pip second, because only pip reads a pip.conf that names a mirror.
install_lock() {
  local arguments=(--quiet --no-deps --require-hashes) output name
  for name in "$@"; do arguments+=(-r "$name"); done
  if ! output=$(.venv/bin/python -m uv pip install --python .venv/bin/python "${arguments[@]}" 2>&1); then
    say "uv did not manage ($(tail -n 1 <<<"$output")); trying pip"
    .venv/bin/python -m pip install --disable-pip-version-check "${arguments[@]}" 2>&1 | tail -n 3 >&2 ||
      die "The packages of $* could not be installed. $offline"
  fi
}

install_tools() {
  local lock=requirements-uv.txt arguments=(--quiet --no-deps --require-hashes)
  cmp --silent "$lock" .venv/groat-tools.txt && return
  say "Installing the installer (uv)"
  if .venv/bin/python -m pip --version >/dev/null 2>&1; then
    .venv/bin/python -m pip install --disable-pip-version-check "${arguments[@]}" -r "$lock" 2>&1 |
      { grep -v '^WARNING' >&2 || true; }
  else
    uv pip install --python .venv/bin/python "${arguments[@]}" -r "$lock"
  fi || die "uv could not be installed. $offline"
  cp "$lock" .venv/groat-tools.txt
}

install() { # install <stamp name> <lock>...
  local stamp_file=.venv/groat-$1.stamp stamp
  shift
  stamp=$(stamp_of pyproject.toml requirements-uv.txt "$@")
  if [ -f "$stamp_file" ] && [ "$(cat "$stamp_file")" = "$stamp" ]; then return; fi
  require_space
  make_environment
  install_tools
  say "Installing the packages of $*"
  install_lock "$@"
  .venv/bin/python -m uv pip install --quiet --python .venv/bin/python --no-deps --no-build-isolation -e . ||
    die "Groat itself could not be installed into .venv: see the lines above."
  printf '%s\n' "$stamp" >"$stamp_file"
  say "The virtual environment is ready"
}

install_alone() {
  mkdir -p -m 700 .groat 2>/dev/null && [ -w .groat ] ||
    die "The state folder $root/.groat cannot be written: it must belong to the user who starts Groat."
  exec 9>.groat/setup.lock
  if command -v flock >/dev/null; then flock 9; fi
  install "$@"
  exec 9>&-
}

check() {
  printf '\n== %s\n' "$*"
  "$@"
}

run_checks() {
  install_alone test requirements.txt requirements-data.txt requirements-dev.txt
  .venv/bin/python -m ops.local prefix
  check .venv/bin/ruff check .
  check .venv/bin/ruff format --check .
  check .venv/bin/mypy
  check .venv/bin/lint-imports
  check .venv/bin/python -m pytest "$@"
}

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)
cd -- "$root"
export UV_PYTHON_DOWNLOADS=never TZ=UTC
# The environment is ours to write to: without bytecode each of eight processes would compile every module at every start.
unset PYTHONDONTWRITEBYTECODE
command=dev
if [ $# -gt 0 ]; then
  command=$1
  shift
fi

case $command in
  dev)
    install_alone run requirements.txt requirements-data.txt
    ops/frontend.sh || say "The web pages could not be built; the rest of Groat works without."
    exec .venv/bin/python -m ops.local up "$@"
    ;;
  test) run_checks "$@" ;;
  prod)
    echo "The container stack of production comes with a later release; nothing was started." >&2
    echo "For one machine, ops/start.sh dev runs the same processes under a supervisor." >&2
    exit 3
    ;;
  -h | --help | help) usage ;;
  *)
    usage >&2
    exit 2
    ;;
esac
