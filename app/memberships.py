"""Members of indices from the index-constitution package, read in a short-lived child process.

The package keeps pickled pandas frames; pandas would cost every worker some 60 MB for one table a month, and what is
pickled is better read where nothing else is. Run as ``python -m app.memberships``, it prints them as JSON.
"""

from __future__ import annotations

import asyncio
import sys
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final

import msgspec

from app.domain.errors import GroatError
from app.domain.index_memberships import INDICES, IndexHistory, Membership, TickerChange

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE: Final = "index-constitution"


class MembershipsError(GroatError):
    """The members of the indices could not be read."""

    code = "memberships"


async def read_memberships() -> IndexHistory:
    """Return who was in which index when; raise MembershipsError with the child's last line when it fails."""
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-W",
        "ignore",
        "-m",
        "app.memberships",
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await child.communicate()
    if child.returncode != 0:
        last = err.decode(errors="replace").strip().splitlines()[-1:] or ["no reason given"]
        message = f"The members of the indices could not be read: {last[0]}"
        raise MembershipsError(message)
    return msgspec.json.decode(out, type=IndexHistory)


def main() -> None:
    """Print the members of the indices as JSON."""
    import index_constitution  # noqa: PLC0415  heavy, and only the child needs it

    memberships = [
        Membership(
            index=index,
            symbol=row["symbol"],
            name=row["name"],
            joined_on=row["opt-in"].date(),
            left_on=None if is_missing(row["opt-out"]) else row["opt-out"].date(),
        )
        for index in INDICES
        for row in rows(index_constitution.history(index))
        if not is_missing(row["opt-in"])
    ]
    changes = [
        TickerChange(
            on=row["event_date"].date(),
            old_symbol=row["old_symbol"],
            new_symbol=row["new_symbol"],
            old_name=row["old_name"],
            new_name=row["new_name"],
        )
        for row in rows(index_constitution.events(region="us"))
        if row["event_type"] == "ticker_change"
    ]
    history = IndexHistory(source=f"{PACKAGE} {version(PACKAGE)}", memberships=memberships, changes=changes)
    sys.stdout.buffer.write(msgspec.json.encode(history))


def rows(frame: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401  pandas has no types here
    """Return a frame's rows."""
    yield from frame.to_dict("records")


def is_missing(value: Any) -> bool:  # noqa: ANN401  pandas has no types here
    """Tell whether pandas means that there is no value: NaN and NaT differ from themselves."""
    return value is None or bool(value != value)  # noqa: PLR0124  that is how they are told


if __name__ == "__main__":
    main()
