"""Where the processes of a service keep their metrics together, and the services beside each other.

prometheus_client decides at its import, by PROMETHEUS_MULTIPROC_DIR, whether metrics live in memory or in
files that the processes of a service share. So a launcher calls `prepare` first, before anything that
declares a metric is imported. Each launch of a service has a folder of its own: the counts of a past life
would be added to those of the present one.

Below GROAT_METRICS_DIR, where it is set, the folders stand beside each other, and the API's /metrics tells of
every service of this machine. Without it, each service keeps to itself in the temporary folder.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
ROOT = "GROAT_METRICS_DIR"
ALONE = "groat-metrics-"


def prepare(service: str, *, becoming: bool = False) -> Path:
    """Make the folder of this launch of a service, and name it to this process and to those it starts or becomes.

    Folders of launches that have ended are removed. Raises RuntimeError when prometheus_client was already
    imported, as it would not see the folder; unless this process is about to become another program.
    """
    if "prometheus_client" in sys.modules and not becoming:
        message = "Metrics must be prepared before prometheus_client is imported: call prepare() first."
        raise RuntimeError(message)
    root = os.environ.get(ROOT)  # noqa: TID251  read before the settings can be
    if root:
        remove_ended(Path(root))
        here = Path(root) / f"{service}-{os.getpid()}-{namespace()}"
        shutil.rmtree(here, ignore_errors=True)
        here.mkdir(parents=True)
    else:
        here = Path(tempfile.mkdtemp(prefix=f"{ALONE}{service}-"))
    os.environ[VARIABLE] = str(here)  # noqa: TID251  the variable belongs to prometheus_client, not to the settings
    return here


def folders() -> list[Path]:
    """Return the folders of the services that this process tells of; empty when metrics live in its memory."""
    given = os.environ.get(VARIABLE)  # noqa: TID251  as above
    if not given:
        return []
    here = Path(given)
    if here.name.startswith(ALONE):
        return [here]
    return sorted(each for each in here.parent.iterdir() if each.is_dir())


def service_of(folder: Path) -> str:
    """Return the name of the service that a folder was made for."""
    return folder.name.removeprefix(ALONE).partition("-")[0]


def pids(folder: Path) -> set[int]:
    """Return the processes that have kept metrics in a folder, the dead ones included."""
    return {int(number) for file in folder.glob("*.db") if (number := file.stem.rpartition("_")[2]).isdigit()}


def is_dead(pid: int, folder: Path) -> bool:
    """Tell whether a process has ended. One of another container cannot be seen: it is taken to be alive."""
    seen = folder.name.startswith(ALONE) or folder.name.endswith(f"-{namespace()}")
    return seen and not Path(f"/proc/{pid}").exists()


def namespace() -> int:
    """Return the id of this process's PID namespace: numbers of another one mean nothing here."""
    try:
        return Path("/proc/self/ns/pid").stat().st_ino
    except OSError:
        return 0


def remove_ended(root: Path) -> None:
    """Remove the folders of launches whose first process has ended."""
    for folder in root.iterdir() if root.is_dir() else ():
        launcher = folder.name.split("-")[1:2]
        if launcher and launcher[0].isdigit() and is_dead(int(launcher[0]), folder):
            discard(folder)


def discard(folder: Path) -> None:
    """Remove a service's folder."""
    shutil.rmtree(folder, ignore_errors=True)
