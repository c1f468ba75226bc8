"""JSON answers that several dialects share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from app.replay.dialect import Reply

if TYPE_CHECKING:
    from collections.abc import Mapping

ENCODER = msgspec.json.Encoder()


def ok(body: object) -> Reply:
    """Answer 200."""
    return Reply(status=200, body=ENCODER.encode(body), outcome="ok")


def refusal(status: int, outcome: str, body: Mapping[str, object], headers: Mapping[str, str] | None = None) -> Reply:
    """Answer with an error, whatever its status; the audit calls it by its outcome."""
    return Reply(status=status, body=ENCODER.encode(body), outcome=outcome, headers=dict(headers or {}))
