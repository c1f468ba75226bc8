"""One way to log: events with key/values, console in a terminal, JSON elsewhere, secrets covered.

    log = structlog.get_logger("groat.<room>")
    log.info("bars_stored", symbols=524, rows=8_913)

The standard library's loggers come out the same way.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from contextvars import ContextVar
from typing import TYPE_CHECKING, TextIO
from urllib.parse import quote

import structlog

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from structlog.typing import EventDict, Processor, WrappedLogger

# Set for each request: structlog's own context variables cost ten times as much to bind and unbind.
REQUEST_ID: ContextVar[str | None] = ContextVar("request_id", default=None)
COVER = "***"
SHORTEST_SECRET = 6
# What looks like a secret, wherever it came from: bearer tokens, JWTs, keys in addresses, passwords in URLs.
SHAPES = (
    (re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}"), r"\1 " + COVER),
    (re.compile(r"\beyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]*"), COVER),
    (re.compile(r"(?i)\b(api_?key|token|access_token|password|secret)=[^&\s\"']+"), r"\1=" + COVER),
    (re.compile(r"(\w+://[^/\s:@]*):[^/\s@]+@"), r"\1:" + COVER + "@"),
)
# These libraries say at INFO what we count in metrics.
QUIET = ("httpx", "httpcore", "taskiq", "psycopg.pool", "asyncio")


def configure(*, level: str, form: str, secrets: Iterable[str] = (), stream: TextIO | None = None) -> None:
    """Set up logging for this process.

    `form` is ``console``, ``json``, or ``auto`` (console when the stream is a terminal). `secrets` are covered
    wherever they turn up, in any form that a log line may quote them in.
    """
    stream = stream or sys.stderr
    console = form == "console" or (form == "auto" and stream.isatty())
    shared: Sequence[Processor] = (
        structlog.contextvars.merge_contextvars,
        add_request_id,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    )
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.PositionalArgumentsFormatter(),
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *renderers(console=console, colors=stream.isatty()),
                Redactor(secrets),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for name in QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))


def add_request_id(logger: WrappedLogger, name: str, event: EventDict) -> EventDict:
    """Add the id of the request that is being answered, where there is one."""
    del logger, name
    if (request_id := REQUEST_ID.get()) is not None:
        event.setdefault("request_id", request_id)
    return event


def renderers(*, console: bool, colors: bool) -> Sequence[Processor]:
    """Return what turns an event into text. Tracebacks are plain: rich ones would print local variables."""
    if console:
        plain = structlog.dev.plain_traceback
        return (structlog.dev.ConsoleRenderer(colors=colors, exception_formatter=plain),)
    return (structlog.processors.format_exc_info, structlog.processors.JSONRenderer(serializer=to_json))


def to_json(event: object, **_: object) -> str:
    """Encode an event; what JSON does not know is written as text."""
    return json.dumps(event, default=str, ensure_ascii=False)


class Redactor:
    """The last processor: covers secrets in the finished line, whatever field or traceback they came in."""

    def __init__(self, secrets: Iterable[str]) -> None:
        """Prepare every form in which a secret may be quoted; what is shorter than six characters is no secret."""
        forms = {form for secret in secrets if len(secret) >= SHORTEST_SECRET for form in forms_of(secret)}
        longest_first = sorted(forms, key=len, reverse=True)
        self.known = re.compile("|".join(map(re.escape, longest_first))) if forms else None

    def __call__(self, logger: WrappedLogger, name: str, line: EventDict | str) -> str:
        """Return the line without secrets."""
        del logger, name
        text = str(line)
        if self.known:
            text = self.known.sub(COVER, text)
        for shape, cover in SHAPES:
            text = shape.sub(cover, text)
        return text


def forms_of(secret: str) -> set[str]:
    """Return a secret as it is, and as JSON, Python and a URL quote it."""
    return {
        secret,
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        repr(secret)[1:-1],
        quote(secret, safe=""),
    }
