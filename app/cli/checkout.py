"""Hand over to programs that are no part of the `app` package, by name: `ops`, `migrations`, `workers`."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path
from typing import NoReturn

from app.domain.errors import GroatError

ROOT = Path(__file__).resolve().parents[2]


class NotInstalledError(GroatError):
    """This part of Groat is not installed here."""

    code = "not_installed"


def has_ops() -> bool:
    """Tell whether this Groat runs from a checkout, which has `ops/`, or from an installed package, which has not."""
    return (ROOT / "ops/local/__main__.py").is_file()


def become_ops(*words: str) -> NoReturn:
    """Replace this process by `python -m ops.local ...`; raise NotInstalledError when there is no checkout."""
    if not has_ops():
        message = (
            "The local stack belongs to the checkout, and this Groat is an installed package: clone the repository "
            "and run `ops/start.sh` there, or start the parts yourself (`groat serve`, `groat work`, `groat schedule`)."
        )
        raise NotInstalledError(message)
    os.chdir(ROOT)
    become("ops.local", *words)


def become(module: str, *words: str) -> NoReturn:
    """Replace this process by `python -m module ...`, so that signals and the exit code are its own."""
    if importlib.util.find_spec(module.partition(".")[0]) is None:
        message = f"The package {module.partition('.')[0]!r} is not installed: install Groat whole, or use a checkout."
        raise NotInstalledError(message)
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(sys.executable, [sys.executable, "-m", module, *words])  # noqa: S606  our own module, no shell wanted
