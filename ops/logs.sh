#!/usr/bin/env bash
# Show the logs of the stack.
set -euo pipefail

cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."
case ${1:-} in
  -h | --help)
    cat <<'TEXT'
usage: ops/logs.sh [service] [-f] [-n LINES]

  The last lines of one process (postgres, valkey-queue, valkey-cache, migrate, replay, api, worker, scheduler,
  supervisord) or of all. -f goes on with what is written.

examples: ops/logs.sh | ops/logs.sh api -f | ops/logs.sh worker -n 500
TEXT
    exit 0
    ;;
esac
python=.venv/bin/python
[ -x "$python" ] || { echo "There are no logs: Groat was never started here." >&2 && exit 1; }
exec "$python" -m ops.local logs "$@"
