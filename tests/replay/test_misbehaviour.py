"""Misbehaviour over a real socket: what each kind does to an answer, and how it is switched on and off."""

from __future__ import annotations

import gzip
import socket
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx
import pytest

from app.replay.main import ReplayStartError, read_rules
from app.replay.misbehaviour.drift import drifted
from app.replay.misbehaviour.rules import Kind, Rule, Rulebook

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.stack.replay import ReplayHandle

QUOTE = "/api/v1/quote?symbol=PG"


@pytest.fixture
def replay(replay_server: Callable[..., ReplayHandle]) -> ReplayHandle:
    return replay_server()


def asked(replay: ReplayHandle, path: str = QUOTE) -> httpx.Response:
    return httpx.get(replay.url + path, headers={"X-Finnhub-Token": replay.key}, timeout=5)


def raw(replay: ReplayHandle) -> bytes:
    """Ask without a client's help, and read to the end of the connection."""
    parts = urlsplit(replay.url)
    request = f"GET {QUOTE} HTTP/1.1\r\nHost: x\r\nX-Finnhub-Token: {replay.key}\r\nConnection: close\r\n\r\n"
    with socket.create_connection((parts.hostname, parts.port), timeout=5) as connection:
        connection.sendall(request.encode())
        found = b""
        while chunk := connection.recv(65536):
            found += chunk
    return found


def test_it_is_switched_on_and_off_by_the_operator(replay: ReplayHandle) -> None:
    replay.misbehave(dialect="finnhub", kind="server_error", every=2, times=2)
    assert [asked(replay).status_code for _ in range(6)] == [500, 200, 500, 200, 200, 200]
    (count,) = replay.behave()
    assert (count.matched, count.hit) == (6, 2)
    assert asked(replay).status_code == 200
    outcomes = replay.audit("finnhub").outcomes
    assert outcomes == {"misbehaved:server_error": 2, "ok": 5}
    assert max(window.peak for window in replay.audit("finnhub").windows) == 7


def test_a_rule_that_is_none_is_refused(replay: ReplayHandle) -> None:
    reply = httpx.post(f"{replay.url}/replay/misbehave", content=b'{"kind":"kindness"}')
    assert reply.status_code == 400
    assert "no rule of misbehaviour" in reply.json()["error"]
    with pytest.raises(ReplayStartError, match="GROAT_REPLAY__MISBEHAVE"):
        read_rules('{"kind":"reset"}')
    assert read_rules('[{"kind":"reset","every":3}]') == (Rule(kind=Kind.RESET, every=3),)
    assert read_rules("") == ()


@pytest.mark.parametrize(
    ("kind", "status", "retry_after"),
    [("rate_limited", 429, None), ("rate_limited_seconds", 429, "7"), ("rate_limited_date", 429, "Mon, 26 Apr 2010")],
)
def test_limits_with_and_without_retry_after(
    replay: ReplayHandle, kind: str, status: int, retry_after: str | None
) -> None:
    replay.misbehave(kind=kind, retry_after_s=7)
    reply = asked(replay)
    assert reply.status_code == status
    told = reply.headers.get("retry-after")
    assert told == retry_after or (told or "").startswith(retry_after or "?")


@pytest.mark.parametrize(
    "kind", ["reset", "not_http", "truncated_body", "length_too_long", "broken_chunks", "huge_header"]
)
def test_the_wire_breaks(replay: ReplayHandle, kind: str) -> None:
    replay.misbehave(kind=kind)
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        asked(replay)
    assert replay.audit("finnhub").total == 1


@pytest.mark.parametrize("kind", ["silent", "slow_bytes"])
def test_the_answer_takes_for_ever(replay: ReplayHandle, kind: str) -> None:
    replay.misbehave(kind=kind, pause_s=30)
    with pytest.raises(httpx.ReadTimeout):
        httpx.get(replay.url + QUOTE, headers={"X-Finnhub-Token": replay.key}, timeout=0.5)


def test_too_short_a_length_leaves_bytes_for_the_next_answer(replay: ReplayHandle) -> None:
    replay.misbehave(kind="length_too_short")
    head, _, body = raw(replay).partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
    assert body.startswith(b'{"c":')
    assert len(body) - length in {length, length + 1}


def test_gzip_is_cut_or_explodes(replay: ReplayHandle) -> None:
    replay.misbehave(kind="truncated_gzip", times=1)
    replay.misbehave(kind="gzip_bomb")
    cut, bomb = (raw(replay).partition(b"\r\n\r\n")[2] for _ in range(2))
    with pytest.raises(EOFError):
        gzip.decompress(cut)
    assert len(gzip.decompress(bomb)) > 200 * len(bomb)


def test_a_redirect_would_be_counted(replay: ReplayHandle) -> None:
    replay.misbehave(kind="redirect", times=1)
    reply = asked(replay)
    assert (reply.status_code, reply.headers["location"]) == (302, f"{replay.url}/api/v1/quote?redirected=true")


@pytest.mark.parametrize(
    ("kind", "body", "bent"),
    [
        (Kind.RENAMED_FIELD, b'{"results":[{"T":"PG","v":1}]}', b'{"results":[{"T":"PG","v_v2":1}]}'),
        (Kind.NUMBER_AS_TEXT, b'[{"a":1.5,"b":"2.0","c":true}]', b'[{"a":"1.5","b":2.0,"c":true}]'),
        (Kind.NULL_ROWS, b"[1,2,3,4]", b"[null,2,3,null]"),
        (Kind.NULL_ROWS, b'{"Global Quote":{"a":"1"}}', b'{"Global Quote":{"a":null}}'),
        (Kind.DUPLICATE_ROWS, b'{"m":{"x":1},"s":{"d":{"a":1},"e":{"a":2}}}',
         b'{"m":{"x":1},"s":{"d":{"a":1},"d":{"a":1},"e":{"a":2},"e":{"a":2}}}'),
        (Kind.REVERSED_ROWS, b'{"articles":[1,2]}', b'{"articles":[2,1]}'),
        (Kind.NEGATIVE_NUMBERS, b'{"c":60.75,"t":"x"}', b'{"c":-60.75,"t":"x"}'),
        (Kind.NOT_A_NUMBER, b'[{"c":60.75,"d":"1.2"}]', b'[{"c":NaN,"d":"NaN"}]'),
    ],
)  # fmt: skip
def test_rows_drift(kind: Kind, body: bytes, bent: bytes) -> None:
    assert drifted(body, kind) == bent


def test_rules_are_for_a_dialect_a_path_and_a_chance() -> None:
    book = Rulebook((Rule(kind=Kind.RESET, dialect="polygon", path="/grouped/"),))
    assert book.pick("finnhub", "/grouped/") is None
    assert book.pick("polygon", "/v3/") is None
    assert book.pick("polygon", "/v2/grouped/x") is not None
    rule = Rule(kind=Kind.RESET, probability=0.3, seed=7)
    one, other = Rulebook((rule,)), Rulebook((rule,))
    hits = [one.pick("any", "/") is not None for _ in range(1000)]
    assert hits == [other.pick("any", "/") is not None for _ in range(1000)]
    assert 200 < sum(hits) < 400
