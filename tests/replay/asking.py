"""Ask a dialect without a server: market time is an argument."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit
from zoneinfo import ZoneInfo

import msgspec

from app.replay.dialect import Call

if TYPE_CHECKING:
    from app.replay.dialect import Dialect

NEW_YORK = ZoneInfo("America/New_York")
BASE_URL = "http://127.0.0.1:8090"


def new_york(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=NEW_YORK)


def ask(dialect: Dialect, url: str, now: str = "2010-04-26 12:00") -> tuple[int, Any]:
    parts = urlsplit(url)
    params = dict(parse_qsl(parts.query, keep_blank_values=True))
    reply = dialect.answer(Call(path=parts.path, params=params, base_url=BASE_URL, now=new_york(now)))
    return reply.status, msgspec.json.decode(reply.body)


def every_page(dialect: Dialect, url: str, now: str = "2010-04-26 12:00") -> list[dict[str, Any]]:
    """Follow `next_url` to the end; fail on any error."""
    rows: list[dict[str, Any]] = []
    following: str | None = url
    while following:
        status, body = ask(dialect, following.removeprefix(BASE_URL), now)
        assert status == 200, body
        assert "apiKey" not in following
        rows += body.get("results", [])
        following = body.get("next_url")
    return rows
