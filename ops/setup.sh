#!/usr/bin/env bash
# Make this machine's credentials in .groat/groat.env (0600); never overwrites one silently.
set -euo pipefail

cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."
for python in .venv/bin/python "${PYTHON:-python3}"; do
  if "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    exec "$python" -m ops.local.setup "$@"
  fi
done
echo "Groat needs Python 3.11 or newer: install one, or name it: PYTHON=/path/to/python3 ops/setup.sh" >&2
exit 1
