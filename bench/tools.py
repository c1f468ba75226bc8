"""Have wrk and nginx: the machine's own, or Debian's packages unpacked in a private folder (no root needed)."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ops.local import debian, environment
from ops.local.errors import LocalStackError

if TYPE_CHECKING:
    from bench.lab import Say

# libc and friends come along: the programs then run on a host of any Debian release.
PACKAGES: Final = (
    *("wrk", "libluajit-5.1-2", "libluajit-5.1-common", "nginx"),
    *("libc6", "libgcc-s1", "libssl3t64", "libpcre2-8-0", "zlib1g", "libcrypt1", "libzstd1"),
)
_STAMP: Final = "complete"


@dataclass(frozen=True)
class Tools:
    """Command lines to start the programs with; arguments follow."""

    wrk: tuple[str, ...]
    nginx: tuple[str, ...]


def ensure_tools(say: Say) -> Tools:
    """Return the programs; raise LocalStackError with what to install when there is no way to have them."""
    machine = [shutil.which("wrk"), shutil.which("nginx")]
    if machine[0] and machine[1]:
        return Tools((machine[0],), (machine[1],))
    root = _folder()
    if not (root / _STAMP).exists():
        if reason := debian.missing():
            message = f"wrk and nginx are not on PATH and cannot be fetched ({reason}): install both, then run again."
            raise LocalStackError(message)
        say("fetching wrk and nginx from the machine's Debian mirror (private folder, nothing is installed)")
        _install(root)
    libraries = debian.library_folder(root)
    loader = str(next(libraries.glob("ld-linux*.so.*")))
    through = (loader, "--library-path", str(libraries))
    return Tools((*through, str(root / "usr/bin/wrk")), (*through, str(root / "usr/sbin/nginx")))


def _folder() -> Path:
    cache = environment.get("XDG_CACHE_HOME")
    return (Path(cache) if cache else Path.home() / ".cache") / "groat" / "bench-tools"


def _install(root: Path) -> None:
    shutil.rmtree(root, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix="groat-bench-apt-") as work:
        for archive in debian.download(Path(work), PACKAGES):
            debian.unpack(archive, root)
    (root / _STAMP).touch()
