"""Start a run of a pipeline by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from app.domain.errors import InvalidRequestError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.ports.pipelines import Pipelines

LONGEST_WINDOW = 200
MOST_ARGS_BYTES = 65_536


async def start_pipeline(
    pipelines: Pipelines, *, pipeline: str, window: str, args: Mapping[str, object]
) -> tuple[int, bool]:
    """Start the run of a window, once; return its number and whether it is new.

    Raises InvalidRequestError for a window or arguments that cannot be stored, UnknownSubjectError for a
    pipeline that is not declared.
    """
    if not window or len(window) > LONGEST_WINDOW or not window.isprintable():
        message = (
            f"A window has 1 to {LONGEST_WINDOW} printable characters: for example backfill:2010-01-04..2010-02-01."
        )
        raise InvalidRequestError(message)
    if len(msgspec.json.encode(args)) > MOST_ARGS_BYTES:
        message = f"The arguments of a run fit into {MOST_ARGS_BYTES // 1024} KiB of JSON: pass names, not data."
        raise InvalidRequestError(message)
    return await pipelines.start(pipeline, window, args)
