"""The peers' own virtual environment, made from its hashed lock when it is missing or the lock changed."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from bench.lab import Say

BENCH: Final = Path(__file__).resolve().parent
LOCK: Final = BENCH / "requirements-bench.txt"
VENV: Final = BENCH / ".venv"


def ensure_python(say: Say) -> Path:
    """Return the interpreter that has the peers installed."""
    mark = VENV / "lock.sha256"
    wanted = hashlib.sha256(LOCK.read_bytes()).hexdigest()
    python = VENV / "bin/python"
    if mark.exists() and mark.read_text() == wanted and python.exists():
        return python
    say("installing the peers into bench/.venv")
    shutil.rmtree(VENV, ignore_errors=True)
    uv = shutil.which("uv") or shutil.which("uv", path=str(Path(sys.prefix) / "bin"))
    if uv:
        _run(uv, "venv", "-q", "--python", sys.executable, str(VENV))
        _run(uv, "pip", "install", "-q", "--python", str(python), "--no-deps", "--require-hashes", "-r", str(LOCK))
    else:
        _run(sys.executable, "-m", "venv", str(VENV))
        _run(str(python), "-m", "pip", "install", "-q", "--no-deps", "--require-hashes", "-r", str(LOCK))
    mark.write_text(wanted)
    return python


def _run(*words: str) -> None:
    subprocess.run(words, check=True, cwd=BENCH)
