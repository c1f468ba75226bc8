"""Bend an answer: its status, headers, body, or the manner in which it goes out."""

from __future__ import annotations

import gzip
import zlib
from datetime import timedelta
from email.utils import format_datetime
from functools import cache
from typing import TYPE_CHECKING

import msgspec

from app.replay.dialect import Call, Dialect, Manner, Reply
from app.replay.misbehaviour import drift
from app.replay.misbehaviour.rules import Kind, Rule

if TYPE_CHECKING:
    from collections.abc import Callable

DEPTH = 100_000
BOMB_BYTES = 64 * 1024 * 1024
HTML = (
    b"<html>\r\n<head><title>503 Service Temporarily Unavailable</title></head>\r\n<body>\r\n"
    b"<center><h1>503 Service Temporarily Unavailable</h1></center>\r\n</body>\r\n</html>\r\n"
)


def bent(dialect: Dialect, call: Call, key: str, rule: Rule) -> Reply:
    """Answer a request wrongly, in the way that a rule says; the audit calls it ``misbehaved:<kind>``."""
    kind = rule.kind
    if kind in RATE_LIMITS:
        reply = dialect.too_many(key, dialect.plan.windows)
        reply = msgspec.structs.replace(reply, status=429, headers=RATE_LIMITS[kind](call, rule))
    elif kind is Kind.ERROR_AS_OK:
        reply = dialect.error_as_ok()
    elif kind is Kind.ANOTHER_DAY:
        reply = dialect.answer(dialect.of_another_day(call))
    else:
        reply = dialect.answer(call)
        if kind in WHOLE:
            reply = WHOLE[kind](reply, call)
        elif kind in drift.CHANGES:
            reply = msgspec.structs.replace(reply, body=drift.drifted(reply.body, kind))
        else:
            reply = msgspec.structs.replace(reply, manner=Manner(kind), pause_s=rule.pause_s)
    return msgspec.structs.replace(reply, outcome=f"misbehaved:{kind}")


def retry_date(call: Call, rule: Rule) -> dict[str, str]:
    """Tell the moment, in market time, from which to ask again."""
    return {"retry-after": format_datetime(call.now + timedelta(seconds=rule.retry_after_s), usegmt=True)}


RATE_LIMITS: dict[Kind, Callable[[Call, Rule], dict[str, str]]] = {
    Kind.RATE_LIMITED: lambda _call, _rule: {},
    Kind.RATE_LIMITED_SECONDS: lambda _, rule: {"retry-after": str(rule.retry_after_s)},
    Kind.RATE_LIMITED_DATE: retry_date,
}


def html(status: int) -> Reply:
    """Answer with a proxy's page."""
    return Reply(status=status, body=HTML, outcome="", media_type="text/html")


def compressed(reply: Reply, body: bytes, encoding: str = "gzip") -> Reply:
    """Say that a body is compressed."""
    return msgspec.structs.replace(reply, body=body, headers={**reply.headers, "content-encoding": encoding})


def cut_gzip(reply: Reply) -> Reply:
    """Compress, and leave out the second half; the length is that of the first."""
    packed = gzip.compress(reply.body, 6, mtime=0)
    return compressed(reply, packed[: len(packed) // 2])


@cache
def bomb() -> bytes:
    """Return some 65 kB that unpack to 64 MB of blanks."""
    packer = zlib.compressobj(9, wbits=31)
    blanks = b" " * (1024 * 1024)
    return b"".join(packer.compress(blanks) for _ in range(BOMB_BYTES // len(blanks))) + packer.flush()


def elsewhere(reply: Reply, call: Call) -> Reply:
    """Lead to an address of our own: whoever follows it is counted a second time."""
    location = f"{call.base_url}{call.path}?redirected=true"
    return msgspec.structs.replace(reply, status=302, body=b"", headers={"location": location})


def with_next_url(reply: Reply, call: Call) -> Reply:
    """Promise a further page on a host that is nobody's."""
    body = msgspec.json.decode(reply.body)
    if not isinstance(body, dict):
        return reply
    body["next_url"] = f"https://market.example{call.path}?cursor=YXA9MQ"
    return msgspec.structs.replace(reply, body=msgspec.json.encode(body))


def broken_text(reply: Reply) -> Reply:
    """Put bytes that are no UTF-8 into every text of a body."""
    return msgspec.structs.replace(reply, body=reply.body.replace(b'":"', b'":"\xff\xfe'))


WHOLE: dict[Kind, Callable[[Reply, Call], Reply]] = {
    Kind.SERVER_ERROR: lambda _reply, _call: Reply(status=500, body=b'{"error":"internal"}', outcome=""),
    Kind.HTML_503: lambda _reply, _call: html(503),
    Kind.HTML_200: lambda _reply, _call: html(200),
    Kind.WRONG_CONTENT_TYPE: lambda reply, _: msgspec.structs.replace(reply, media_type="text/html"),
    Kind.EMPTY_BODY: lambda _reply, _call: Reply(status=200, body=b"", outcome=""),
    Kind.REDIRECT: elsewhere,
    Kind.TRUNCATED_GZIP: lambda reply, _: cut_gzip(reply),
    Kind.GZIP_BOMB: lambda reply, _: compressed(reply, bomb()),
    Kind.UNASKED_COMPRESSION: lambda reply, _: compressed(reply, reply.body, "br"),
    Kind.DEEP_JSON: lambda _reply, _call: Reply(status=200, body=b"[" * DEPTH + b"]" * DEPTH, outcome=""),
    Kind.NOT_UTF8: lambda reply, _: broken_text(reply),
    Kind.FOREIGN_NEXT_URL: with_next_url,
}
