"""The way out: what a hostile or broken host can do, and what is kept of it."""

import asyncio
import gzip
import json
import zlib
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest

from app.domain.errors import LaterError, SettingsError
from app.domain.quotas import Denied, LimitHint, Outcome
from app.ports.providers import BarsOfDay, ProviderError, Retry
from app.providers.client.http import HttpClient, scrub
from app.providers.client.metered import Access, checked_base
from app.providers.client.source import Source
from app.providers.polygon import DECLARATION
from app.providers.registry import Registry
from tests.fakes.bad_host import Answer, BadHost, http
from tests.fakes.clocks import ManualClock
from tests.fakes.ledger import FakeLedger

pytestmark = pytest.mark.anyio

KEY = "k3y/with+odd=signs"
DAY = date(2010, 5, 6)
ROW = {"T": "PG", "o": 62.2, "h": 62.4, "l": 39.37, "c": 60.75, "v": 44_000_000, "t": 1273176000000}
GOOD = json.dumps({"status": "OK", "adjusted": False, "resultsCount": 1, "results": [ROW]}).encode()


@pytest.fixture
async def client() -> AsyncIterator[HttpClient]:
    async with HttpClient(deadline_s=0.7, max_bytes=100_000) as client:
        yield client


def polygon(client: HttpClient, ledger: FakeLedger, url: str) -> Source:
    return Source(DECLARATION, client, ledger, ledger.clock, Access(url=url, key=KEY))


async def ask(client: HttpClient, answer: Answer | bytes) -> tuple[ProviderError | None, FakeLedger, BadHost]:
    ledger = FakeLedger(ManualClock())
    async with BadHost(answer) as host:
        try:
            await polygon(client, ledger, host.url).ask(BarsOfDay(session=DAY))
        except ProviderError as e:
            return e, ledger, host
    return None, ledger, host


async def test_a_good_reply_is_reserved_sent_with_the_key_in_a_header_and_settled(client: HttpClient) -> None:
    error, ledger, host = await ask(client, http(GOOD))
    assert error is None
    assert ledger.purposes == ["bars_daily 2010-05-06"]
    (result,) = ledger.results
    assert (result.outcome, result.status, result.reply_bytes) == (Outcome.OK, 200, len(GOOD))
    (request,) = host.requests
    line = request.splitlines()[0]
    assert line == "GET /v2/aggs/grouped/locale/us/market/stocks/2010-05-06?adjusted=false&include_otc=false HTTP/1.1"
    assert f"Authorization: Bearer {KEY}" in request


async def hang(writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(5)
    del writer


async def drip(writer: asyncio.StreamWriter) -> None:
    for byte in http(GOOD):
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(0.02)


def bomb() -> bytes:
    packed = gzip.compress(b"[" + b" " * 50_000_000 + b"]")
    return http(packed, headers="Content-Encoding: gzip\r\n")


def deflate() -> bytes:
    return http(zlib.compress(GOOD), headers="Content-Encoding: deflate\r\n")


BEHAVIOURS: dict[str, tuple[Answer | bytes, Outcome]] = {
    "429": (http(b'{"status":"ERROR","error":"no"}', status="429 Too Many Requests"), Outcome.RATE_LIMITED),
    "500": (http(b'{"status":"ERROR"}', status="500 Oops"), Outcome.SERVER_ERROR),
    "503 in HTML": (http(b"<html>busy</html>", status="503 Busy"), Outcome.SERVER_ERROR),
    "500 that says OK": (http(GOOD, status="500 Oops"), Outcome.SERVER_ERROR),
    "closed at once": (b"", Outcome.MALFORMED),
    "no HTTP": (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", Outcome.MALFORMED),
    "hangs": (hang, Outcome.UNREACHABLE),
    "a byte at a time": (drip, Outcome.UNREACHABLE),
    "cut short": (http(GOOD, length=len(GOOD) + 10), Outcome.MALFORMED),
    "a length too small": (http(GOOD, length=len(GOOD) - 10), Outcome.MALFORMED),
    "too large": (http(b'{"status":"OK","x":"' + b"x" * 200_000 + b'"}'), Outcome.MALFORMED),
    "gzip bomb": (bomb(), Outcome.MALFORMED),
    "gzip cut short": (http(gzip.compress(GOOD)[:-12], headers="Content-Encoding: gzip\r\n"), Outcome.MALFORMED),
    "says gzip, is not": (http(GOOD, headers="Content-Encoding: gzip\r\n"), Outcome.MALFORMED),
    "another compression": (deflate(), Outcome.MALFORMED),
    "HTML with 200": (http(b"<!doctype html><title>Sign in</title>"), Outcome.MALFORMED),
    "empty": (http(b""), Outcome.MALFORMED),
    "a redirect": (http(b"", status="302 Found", headers="Location: http://169.254.169.254/\r\n"), Outcome.MALFORMED),
    "nested without end": (http(b'{"status":"OK","results":' + b"[" * 90_000), Outcome.MALFORMED),
    "nested and closed": (http(b'{"status":"OK","x":' + b"[" * 40_000 + b"]" * 40_000 + b"}"), Outcome.MALFORMED),
    "not UTF-8": (http(b'{"status":"OK","error":"\xff\xfe"}'), Outcome.MALFORMED),
    "byte order mark": (http(b"\xef\xbb\xbf" + GOOD), Outcome.MALFORMED),
    "trailing bytes": (http(GOOD + b"{}"), Outcome.MALFORMED),
    "a list": (http(b"[1]"), Outcome.MALFORMED),
    "the key in an error": (http(json.dumps({"status": "ERROR", "error": f"bad {KEY}"}).encode()), Outcome.MALFORMED),
}


@pytest.mark.parametrize("name", BEHAVIOURS)
async def test_bad_behaviour_is_named_settled_and_shows_no_key(client: HttpClient, name: str) -> None:
    answer, expected = BEHAVIOURS[name]
    error, ledger, host = await ask(client, answer)
    assert error is not None
    assert error.outcome is expected
    (result,) = ledger.results
    assert result.outcome is expected
    assert KEY not in f"{error}{result.error}{ledger.blocks}"
    assert len(host.requests) == 1


async def test_gzip_is_read(client: HttpClient) -> None:
    error, ledger, _ = await ask(client, http(gzip.compress(GOOD), headers="Content-Encoding: gzip\r\n"))
    assert error is None
    assert ledger.results[0].reply_bytes == len(GOOD)


async def test_nobody_there(client: HttpClient) -> None:
    ledger = FakeLedger(ManualClock())
    async with BadHost(b"") as host:
        url = host.url
    with pytest.raises(ProviderError) as caught:
        await polygon(client, ledger, url).ask(BarsOfDay(session=DAY))
    assert caught.value.retry is Retry.AGAIN
    assert ledger.results[0].outcome is Outcome.UNREACHABLE


@pytest.mark.parametrize(("headers", "wait_s"), [("", 60), ("Retry-After: 7\r\n", 7), ("Retry-After: soon\r\n", 60)])
async def test_a_limit_closes_the_allowance(client: HttpClient, headers: str, wait_s: int) -> None:
    error, ledger, _ = await ask(client, http(b'{"error":"wait"}', status="429 No", headers=headers))
    assert error is not None
    assert (error.retry, error.wait_s) == (Retry.LATER, wait_s)
    assert [us for us, _ in ledger.blocks] == [wait_s * 1_000_000]


async def test_a_short_denial_is_waited_out_and_a_long_one_gives_the_step_back(client: HttpClient) -> None:
    short = Denied(soonest_us=30_000, latest_us=60_000_000, why="every slot is taken")
    ledger = FakeLedger(ManualClock(), [short, short])
    async with BadHost(http(GOOD)) as host:
        await polygon(client, ledger, host.url).ask(BarsOfDay(session=DAY))
        ledger.denials = [Denied(soonest_us=41_000_000, latest_us=60_000_000, why="every slot is taken")]
        with pytest.raises(LaterError) as caught:
            await polygon(client, ledger, host.url).ask(BarsOfDay(session=DAY))
    assert caught.value.wait_s == 41
    assert len(host.requests) == 1


async def test_waiting_in_place_has_an_end(client: HttpClient) -> None:
    ledger = FakeLedger(
        ManualClock(speed=1000), [Denied(soonest_us=900_000_000, latest_us=9_000_000_000, why="taken")] * 9
    )
    async with BadHost(http(GOOD)) as host:
        with pytest.raises(LaterError) as caught:
            await polygon(client, ledger, host.url).ask(BarsOfDay(session=DAY))
    # Two waits of 0.9 s; then it is given back for as long as it has waited in vain, but not beyond the latest.
    assert caught.value.wait_s == pytest.approx(1.8)
    assert host.requests == []


async def test_a_permit_that_grew_old_is_not_used(client: HttpClient) -> None:
    clock = ManualClock()

    class SlowLedger(FakeLedger):
        async def reserve(self, *args: object) -> object:  # type: ignore[override]  # any arguments will do
            permit = await super().reserve(*args)  # type: ignore[arg-type]  # passed on as they came
            clock.advance_us(2_000_001)
            return permit

    ledger = SlowLedger(clock)
    async with BadHost(http(GOOD)) as host:
        with pytest.raises(LaterError):
            await polygon(client, ledger, host.url).ask(BarsOfDay(session=DAY))
    assert host.requests == []
    assert ledger.results[0].outcome is Outcome.UNSENT


@pytest.mark.parametrize(
    "url", ["http://api.polygon.io", "ftp://127.0.0.1", "https://", "https://user@api.polygon.io", "https://a/?x=1", ""]
)
def test_a_key_is_never_sent_in_the_open_or_to_an_odd_address(url: str) -> None:
    with pytest.raises(SettingsError, match="polygon"):
        checked_base(url, "polygon")


def test_a_replay_clock_never_meets_a_real_host() -> None:
    clock = ManualClock(clock_id="replay:1", speed=5760)
    http_client, ledger = HttpClient(), FakeLedger(clock)
    real = Source(DECLARATION, http_client, ledger, clock, Access(url="https://api.polygon.io", key=KEY))
    with pytest.raises(SettingsError, match="GROAT_POLYGON__URL"):
        Registry([real], clock)
    here = Source(DECLARATION, http_client, ledger, clock, Access(url="http://127.0.0.1:8090/", key=KEY))
    assert Registry([here], clock).get("polygon") is here
    assert here.allowance.hold_us == 15_000_000 * 5760
    assert real.allowance.hold_us == 45_000_000 * 5760
    wall = ManualClock()
    ids = {
        Source(DECLARATION, http_client, ledger, each, Access(url=url, key=KEY)).allowance.id
        for each in (clock, wall, ManualClock(clock_id="replay:2"))
        for url in ("https://api.massive.com", "https://api.polygon.io", "http://127.0.0.1:8090")
    }
    # Two replays, the real host under both its names, and one on this machine.
    assert len(ids) == 4


def test_a_secret_is_scrubbed_in_each_form() -> None:
    assert scrub("k3y%2Fwith%2Bodd%3Dsigns and k3y/with+odd=signs", KEY) == "*** and ***"
    assert scrub("text", "") == "text"


NOW = "Date: Thu, 06 May 2010 20:00:00 GMT\r\n"


async def obey(client: HttpClient, hint: LimitHint, *, clock: ManualClock | None = None) -> FakeLedger:
    """Ask a provider whose headers say that."""
    ledger = FakeLedger(clock or ManualClock())
    declaration = replace(DECLARATION, limits=lambda _: hint)
    async with BadHost(http(GOOD, headers=NOW)) as host:
        await Source(declaration, client, ledger, ledger.clock, Access(url=host.url, key=KEY)).ask(
            BarsOfDay(session=DAY)
        )
    return ledger


async def test_what_headers_say_of_limits_is_obeyed_and_longer_windows_close_the_allowance(client: HttpClient) -> None:
    date = datetime(2010, 5, 6, 20, tzinfo=UTC)
    full = LimitHint(span_s=60, limit=5, remaining=0, reset_at=date + timedelta(seconds=40))
    ledger = await obey(client, full)
    assert (ledger.hints, ledger.blocks) == ([full], [])
    hour = msgspec.structs.replace(full, reset_at=date + timedelta(hours=1))
    assert [us for us, _ in (await obey(client, hour)).blocks] == [3_600_000_000]
    year = msgspec.structs.replace(full, reset_at=date + timedelta(days=365))
    assert [us for us, _ in (await obey(client, year)).blocks] == [86_400_000_000]
    some = msgspec.structs.replace(hour, remaining=1)
    assert (await obey(client, some)).blocks == []


async def test_a_providers_clock_is_compared_but_not_with_that_of_a_replay(client: HttpClient) -> None:
    hint = LimitHint(span_s=60)
    ledger = await obey(client, hint)
    assert ledger.times == [datetime(2010, 5, 6, 20, 0, 0, 500_000, tzinfo=UTC)]
    assert (await obey(client, hint, clock=ManualClock(clock_id="replay:1"))).times == []
