"""Where the processes of one service keep their metrics together.

prometheus_client decides at its import, by PROMETHEUS_MULTIPROC_DIR, whether metrics live in memory or in
files that the processes of a service share. So a launcher calls `prepare` first, before anything that
declares a metric is imported, and each service has a folder of its own: counters of a past life would be
added to those of the present one.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
PREFIX = "groat-metrics-"


def prepare(service: str) -> Path:
    """Make the service's folder, empty it, and name it to this process and its children.

    The folder is ``$PROMETHEUS_MULTIPROC_DIR/<service>``, or one in the temporary folder when that is not
    set. Raises RuntimeError when prometheus_client was already imported: it would not see the folder.
    """
    if "prometheus_client" in sys.modules:
        message = "Metrics must be prepared before prometheus_client is imported: call prepare() first."
        raise RuntimeError(message)
    given = os.environ.get(VARIABLE)  # noqa: TID251  the variable belongs to prometheus_client, not to the settings
    folder = Path(given) / service if given else Path(tempfile.mkdtemp(prefix=f"{PREFIX}{service}-"))
    folder.mkdir(parents=True, exist_ok=True)
    for file in folder.glob("*.db"):
        file.unlink(missing_ok=True)
    os.environ[VARIABLE] = str(folder)  # noqa: TID251  as above
    return folder


def folder() -> Path | None:
    """Return the folder that this process's metrics are kept in; None when they live in its memory."""
    given = os.environ.get(VARIABLE)  # noqa: TID251  the variable belongs to prometheus_client, not to the settings
    return Path(given) if given else None


def discard(folder: Path) -> None:
    """Remove a folder that `prepare` made in the temporary folder; leave any other."""
    if folder.name.startswith(PREFIX):
        for file in folder.glob("*.db"):
            file.unlink(missing_ok=True)
        folder.rmdir()
