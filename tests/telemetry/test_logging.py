from __future__ import annotations

import io
import json
import logging
from typing import TYPE_CHECKING

import pytest
import structlog

from app.telemetry.logging import COVER, configure

if TYPE_CHECKING:
    from collections.abc import Iterator

SECRETS = ('hunter2"with\\quote', "polygon-key-123456", "p@ss/word!23")


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    before, level = root.handlers, root.level
    yield io.StringIO()
    root.handlers = before
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.mark.parametrize("form", ["json", "console"])
def test_no_secret_is_logged_whatever_way_it_comes(stream: io.StringIO, form: str) -> None:
    configure(level="debug", form=form, secrets=SECRETS, stream=stream)
    log = structlog.get_logger("groat.test")
    for secret in SECRETS:
        log.info("event", key=secret, nested={"headers": {"Authorization": f"Bearer {secret}"}})
        log.info(secret)
        logging.getLogger("library").warning("url https://host/?apiKey=%s", secret)
        try:
            int(secret)
        except ValueError:
            log.exception("failed")
    said = stream.getvalue()
    assert COVER in said
    for secret in SECRETS:
        assert secret not in said
        assert json.dumps(secret)[1:-1] not in said
        assert repr(secret)[1:-1] not in said


@pytest.mark.parametrize(
    ("line", "gone"),
    [
        ("Authorization: Bearer abcdefgh12345678", "abcdefgh12345678"),
        ("eyJhbGciOi.eyJzdWIiOi.c2lnbmF0dXJl", "eyJzdWIiOi"),
        ("https://host/v2?apiKey=unknownkey&x=1", "unknownkey"),
        ("postgresql://groat:unknownpw@host/db", "unknownpw"),
    ],
)
def test_what_looks_like_a_secret_is_covered_too(stream: io.StringIO, line: str, gone: str) -> None:
    configure(level="info", form="json", stream=stream)
    structlog.get_logger("groat.test").info("event", line=line)
    assert gone not in stream.getvalue()
    assert COVER in stream.getvalue()


def test_json_lines_have_time_level_logger_and_context(stream: io.StringIO) -> None:
    configure(level="info", form="auto", stream=stream)
    with structlog.contextvars.bound_contextvars(request_id="r-1"):
        structlog.get_logger("groat.test").info("stored", rows=3)
        logging.getLogger("library").warning("plain")
    own, foreign = map(json.loads, stream.getvalue().splitlines())
    assert own["event"] == "stored"
    assert (own["rows"], own["level"], own["logger"], own["request_id"]) == (3, "info", "groat.test", "r-1")
    assert own["timestamp"].endswith("Z")
    assert (foreign["event"], foreign["level"], foreign["request_id"]) == ("plain", "warning", "r-1")


def test_levels_are_kept_and_chatty_libraries_quietened(stream: io.StringIO) -> None:
    configure(level="info", form="json", stream=stream)
    structlog.get_logger("groat.test").debug("hidden")
    logging.getLogger("httpx").info("hidden")
    assert stream.getvalue() == ""
