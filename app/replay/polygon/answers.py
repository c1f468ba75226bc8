"""The bodies that Polygon answers with: results, and its ways of saying no."""

from __future__ import annotations

from secrets import token_hex
from typing import TYPE_CHECKING

import msgspec

from app.replay.dialect import Reply

if TYPE_CHECKING:
    from collections.abc import Mapping

PRICING = "https://polygon.io/pricing"
ENCODER = msgspec.json.Encoder()


class RefusedError(Exception):
    """A request that is answered with an error; `reply` is the answer."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.outcome)
        self.reply = reply


def ok(fields: Mapping[str, object], *, results: object = None, tail: dict[str, object] | None = None) -> Reply:
    """Answer 200: the leading fields, the results unless None, status and request id, the trailing fields."""
    body = dict(fields)
    if results is not None:
        body["results"] = results
    status = body.pop("status", "OK")
    body |= {"status": status, "request_id": token_hex(16), **(tail or {})}
    return Reply(status=200, body=ENCODER.encode(body), outcome="ok")


def plain(body: dict[str, object]) -> Reply:
    """Answer 200 with a body that has neither status nor request id."""
    return Reply(status=200, body=ENCODER.encode(body), outcome="ok")


def error(status: int, outcome: str, text: str) -> Reply:
    """Answer with status ERROR and an `error` text."""
    body = {"status": "ERROR", "request_id": token_hex(16), "error": text}
    return Reply(status=status, body=ENCODER.encode(body), outcome=outcome)


def message(status: int, word: str, outcome: str, text: str) -> Reply:
    """Answer with a status word and a `message` text."""
    body = {"status": word, "request_id": token_hex(16), "message": text}
    return Reply(status=status, body=ENCODER.encode(body), outcome=outcome)


def bad_request(text: str) -> RefusedError:
    """Refuse parameters that cannot be read."""
    return RefusedError(error(400, "bad_request", text))


def bad_time(name: str) -> RefusedError:
    """Refuse a date that cannot be read."""
    return bad_request(f"Could not parse the time parameter: '{name}'. Use YYYY-MM-DD or Unix MS Timestamps")


def not_found(text: str) -> RefusedError:
    """Say that there is no such thing."""
    return RefusedError(message(404, "NOT_FOUND", "not_found", text))


def outside_plan() -> RefusedError:
    """Refuse dates that the plan does not reach."""
    text = f"Your plan doesn't include this data timeframe. Please upgrade your plan at {PRICING}"
    return RefusedError(message(403, "NOT_AUTHORIZED", "outside_plan", text))


def before_end_of_day() -> RefusedError:
    """Refuse today's bars while the day is not over."""
    text = f"Attempted to request today's data before end of day. Please upgrade your plan at {PRICING}"
    return RefusedError(message(403, "NOT_AUTHORIZED", "before_end_of_day", text))


def not_entitled() -> RefusedError:
    """Refuse an endpoint, or a width of bars, that the plan lacks."""
    text = f"You are not entitled to this data. Please upgrade your plan at {PRICING}"
    return RefusedError(message(403, "NOT_AUTHORIZED", "not_entitled", text))


def too_many() -> Reply:
    """Answer a request over the limit; the real host sends no Retry-After either."""
    text = (
        "You've exceeded the maximum requests per minute, please wait or upgrade your subscription to continue. "
        f"{PRICING}"
    )
    return error(429, "too_many", text)


def bad_key(key: str | None) -> Reply:
    """Answer a request without a key, or with one that is unknown."""
    return error(401, "bad_key", "Unknown API Key" if key else "API Key was not provided")
