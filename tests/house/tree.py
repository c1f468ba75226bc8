"""What is in the house: the files that git tracks, or would."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LEFT_BEHIND = {".git", ".venv", ".groat", "__pycache__", "node_modules", "_build"}
ROOMS = ("app", "workers", "migrations", "ops")


def relative(path: Path) -> str:
    """Return a path as seen from the checkout."""
    return path.relative_to(ROOT).as_posix()


def _kept() -> list[Path]:
    words = ["git", "-c", "safe.directory=*", "-C", str(ROOT), "ls-files", "-z"]
    asked = [*words, "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(asked, capture_output=True, text=True, check=False)
    if listed.returncode:  # an exported tree, without git: everything but what tools leave behind
        names = [relative(path) for path in ROOT.rglob("*") if not LEFT_BEHIND & set(relative(path).split("/"))]
    else:
        names = listed.stdout.split("\0")
    return sorted(path for name in names if name and (path := ROOT / name).is_file())


FILES = _kept()
PYTHON = [path for path in FILES if path.suffix == ".py"]
# What runs in production, without empty __init__ files.
SOURCE = [path for path in PYTHON if relative(path).split("/")[0] in ROOMS and path.stat().st_size > 200]
