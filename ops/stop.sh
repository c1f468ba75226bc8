#!/usr/bin/env bash
# Stop the stack of this checkout; --clean also removes its data.
set -euo pipefail

cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."
case ${1:-} in
  -h | --help)
    cat <<'TEXT'
usage: ops/stop.sh [--clean [--yes]]

  Stops what ops/start.sh started, in reverse order, and what a killed launcher left behind.
  --clean  also removes data, logs and traces (credentials in .groat/groat.env stay); asks first
  --yes    do not ask

examples: ops/stop.sh | ops/stop.sh --clean --yes
TEXT
    exit 0
    ;;
esac
python=.venv/bin/python
[ -x "$python" ] || { echo "Groat was never started here: there is no .venv." && exit 0; }
exec "$python" -m ops.local down "$@"
