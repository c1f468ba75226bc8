"""The API as it is in production: `groat serve`, real processes on a free port."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from ops.local.ports import free_port
from tests.api.conftest import KEY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

GROAT = [sys.executable, "-c", "from app.cli import main; main()"]


class Served(NamedTuple):
    """A running API: its address, its first process, and where it logs to."""

    url: str
    process: subprocess.Popen[bytes]
    log: Path


def environment(database_url: str, **more: str) -> dict[str, str]:
    """The machine's environment without any setting of ours, and those of an API under test."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("GROAT_", "PROMETHEUS_"))}  # noqa: TID251  for a child
    ours = {"GROAT_ENV_FILE": "", "GROAT_ENVIRONMENT": "test", "SECRET_KEY": KEY, "DATABASE_URL": database_url}
    return {**kept, **ours, "TZ": "UTC", **more}


@contextmanager
def serving(folder: Path, database_url: str, **more: str) -> Iterator[Served]:
    """Run `groat serve` until it is ready; stop it afterwards, as a supervisor would."""
    port = free_port()
    env = environment(database_url, GROAT_API__PORT=str(port), **more)
    log = folder / "api.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [*GROAT, "serve"], env=env, stdout=out, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        until_alive(f"http://127.0.0.1:{port}", process, log)
        yield Served(f"http://127.0.0.1:{port}", process, log)
    finally:
        process.terminate()
        try:
            process.wait(20)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)


def until_alive(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until the process answers; fail with its log when it ends or takes half a minute."""
    for _ in range(300):
        assert process.poll() is None, log.read_text()
        try:
            with urllib.request.urlopen(f"{url}/api/health/live", timeout=1):  # noqa: S310  loopback
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise AssertionError(log.read_text())
