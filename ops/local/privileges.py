"""Run PostgreSQL when we are root, which it refuses.

First choice: a user namespace in which root looks like `nobody`; files stay root's. Where a container forbids
namespaces: `setpriv` to `nobody`, keeping only the capability to pass through root's folders, plus a chown of the data.
"""

import functools
import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

from ops.local.errors import LocalStackError

NOBODY: Final = 65534
_NAMESPACE: Final = ["unshare", "--user", f"--map-user={NOBODY}", f"--map-group={NOBODY}", "--"]
_SETPRIV: Final = [
    "setpriv",
    f"--reuid={NOBODY}",
    f"--regid={NOBODY}",
    "--clear-groups",
    "--securebits=+no_setuid_fixup",  # else access(2) ignores the capability, and initdb asks access(2)
    "--inh-caps=-all,+dac_override",
    "--ambient-caps=-all,+dac_override",
    "--",
]


@functools.cache
def unprivileged() -> list[str]:
    """Return the words to put before a command that must not see itself as root; none for ordinary users."""
    if os.geteuid() != 0:
        return []
    for words in (_NAMESPACE, _SETPRIV):
        if shutil.which(words[0]) and _works(words):
            return [shutil.which(words[0]) or words[0], *words[1:]]
    message = (
        "PostgreSQL refuses to run as root, and neither `unshare --user` nor `setpriv` works on this machine. "
        "Start Groat as an ordinary user, or give the address of a running PostgreSQL in DATABASE_URL."
    )
    raise LocalStackError(message)


def owner() -> int:
    """Return the user id that must own a data folder."""
    words = unprivileged()
    return NOBODY if words and words[0].endswith("setpriv") else os.geteuid()


def give(folder: Path) -> None:
    """Give a data folder to the user that will run the server, when it is not theirs already."""
    wanted = owner()
    if os.geteuid() != 0 or folder.stat().st_uid == wanted:
        return
    for path in [folder, *folder.rglob("*")]:
        os.chown(path, wanted, wanted, follow_symlinks=False)


def _works(words: list[str]) -> bool:
    command = [*words, "id", "-u"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    return answer.returncode == 0 and answer.stdout.strip() == str(NOBODY)
