"""The short cut gives what the long way gives, to those who may have it, and never what is no longer so."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

import pytest

from app.telemetry import metrics
from app.telemetry.batch import BATCH
from tests.api.test_bars import URL, Reads, reads_of
from tests.db.market import bar
from tests.fakes.clocks import ManualClock
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import httpx

pytestmark = [pytest.mark.anyio, pytest.mark.stack]


async def alive(reads: Reads) -> Reads:
    await until(reads.house.answers.is_alive)
    return reads


@pytest.fixture
async def hot(database_url: str) -> AsyncIterator[Reads]:
    async with reads_of(database_url) as reads:
        for symbol in ("AAPL", "MSFT"):
            reads.market.bars(reads.market.instrument(symbol), [bar("2010-01-04"), bar("2010-01-05")])
        yield await alive(reads)


def hits() -> float:
    BATCH.write()
    counted: float = metrics.CACHE_HITS.labels("answer")._value.get()
    return counted


def same(one: httpx.Response, other: httpx.Response) -> bool:
    def kept(answer: httpx.Response) -> dict[str, str]:
        return {name: value for name, value in answer.headers.items() if name != "x-request-id"}

    return one.content == other.content and kept(one) == kept(other) and one.status_code == other.status_code


async def test_the_second_answer_is_the_first_ones_bytes(hot: Reads) -> None:
    for headers in ({}, {"accept": "text/csv"}, {"accept": "application/vnd.groat.rows+json"}):
        before = hits()
        first, second = await hot.get(URL, **headers), await hot.get(URL, **headers)
        assert same(first, second)
        assert hits() == before + 1
        assert first.headers["x-request-id"] != second.headers["x-request-id"]
        unchanged = await hot.get(URL, if_none_match=first.headers["etag"], **headers)
        assert (unchanged.status_code, unchanged.content) == (304, b"")
        assert hits() == before + 2


async def test_one_question_in_other_words_is_one_answer(hot: Reads) -> None:
    await hot.get(URL)
    before = hits()
    await hot.get(f"{URL}&timeframe=1d&adjusted=splits")
    await hot.get(f"{URL}&timeframe=1d&adjusted=splits")
    await hot.client.head(URL)
    assert hits() == before + 3
    assert len(hot.house.answers.answers) == 1


async def shows(hot: Reads, url: str, day: int) -> bool:
    answer = await hot.json(url)
    assert answer["watermark"].startswith(f"bars_daily:{2 + len(answer['symbols'][0]['session'])},")
    return len(answer["symbols"][0]["session"]) == day


async def test_a_new_bar_shows_in_the_next_answer(hot: Reads) -> None:
    number = hot.market.instrument("NVDA")
    url = "/api/bars?symbols=NVDA&from=2010-01-01&until=2010-02-01"
    for day in range(1, 10):
        hot.market.bars(number, [bar(f"2010-01-0{day}")])
        await until(partial(shows, hot, url, day))


async def test_answers_match_their_watermark_under_constant_change(hot: Reads) -> None:
    """Bars come in while readers read: an answer always holds as many bars as its watermark says."""
    number = hot.market.instrument("NVDA")
    url = "/api/bars?symbols=NVDA&from=2000-01-01&until=2010-02-01"

    def write() -> None:
        for day in range(200):
            hot.market.bars(number, [bar((datetime(2001, 1, 1, tzinfo=UTC) + timedelta(days=day)).date())])

    etags: dict[str, bytes] = {}
    writing = asyncio.create_task(asyncio.to_thread(write))
    while not writing.done():
        answer = await hot.get(url)
        version = int(answer.json()["watermark"].split(",")[0].split(":")[1])
        assert len(answer.json()["symbols"][0]["session"]) == version - 2
        assert etags.setdefault(answer.headers["etag"], answer.content) == answer.content
    await writing
    assert len(etags) > 1


async def test_a_question_about_today_is_asked_anew_after_midnight_in_new_york(hot: Reads) -> None:
    clock = ManualClock(datetime(2010, 1, 6, 4, 59, 59, tzinfo=UTC))
    hot.house.clock = clock
    url = "/api/bars?symbols=AAPL"
    first = await hot.json(url)
    assert first["until"] == "2010-01-06"
    clock.advance(timedelta(seconds=1))
    assert (await hot.json(url))["until"] == "2010-01-07"


async def test_in_prod_a_kept_answer_needs_the_token_too(database_url: str, bearer: dict[str, str]) -> None:
    async with reads_of(database_url, GROAT_ENVIRONMENT="prod") as reads:
        reads.market.instrument("AAPL")
        await alive(reads)
        url = "/api/bars?symbols=AAPL"
        assert (await reads.get(url)).status_code == 401
        for _ in range(2):
            assert (await reads.client.get(url, headers=bearer)).status_code == 200
        assert len(reads.house.answers.answers) == 1
        assert (await reads.get(url)).status_code == 401
        assert (await reads.get(url, authorization="Bearer x.y.z")).status_code == 401


async def test_errors_are_not_kept(hot: Reads) -> None:
    assert (await hot.get("/api/bars?symbols=NEW")).status_code == 404
    hot.market.instrument("NEW")

    async def is_known() -> bool:
        return (await hot.get("/api/bars?symbols=NEW")).status_code == 200

    await until(is_known)


async def test_a_request_that_was_seen_is_not_routed_again_but_read_again(database_url: str) -> None:
    """With no cache at all: the second answer is read anew, by the plan that the first one settled."""
    async with reads_of(database_url, GROAT_API__CACHE_MB="0") as reads:
        number = reads.market.instrument("AAPL")
        reads.market.bars(number, [bar("2010-01-04")])
        url = "/api/bars?symbols=AAPL&from=2010-01-01&until=2010-02-01"
        first = await reads.get(url)
        assert same(first, await reads.get(url))
        reads.market.bars(number, [bar("2010-01-05")])
        second = await reads.get(url)
        assert second.json()["symbols"][0]["session"] == ["2010-01-04", "2010-01-05"]
        assert (await reads.get(url, if_none_match=second.headers["etag"])).status_code == 304
        assert (await reads.get(url, if_none_match=first.headers["etag"])).status_code == 200


async def test_a_plan_that_fails_is_told_by_the_long_way(database_url: str) -> None:
    async with reads_of(database_url, GROAT_API__CACHE_MB="0") as reads:
        number = reads.market.instrument("AAPL")
        url = "/api/quotes?symbols=AAPL"
        assert (await reads.get(url)).status_code == 200
        reads.market.connection.execute("DELETE FROM instruments WHERE id = %s", (number,))
        answer = await reads.get(url)
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "application/problem+json"


async def test_a_plan_about_today_ends_with_the_day(database_url: str) -> None:
    async with reads_of(database_url, GROAT_API__CACHE_MB="0") as reads:
        clock = ManualClock(datetime(2010, 1, 6, 4, 59, 59, tzinfo=UTC))
        reads.house.clock = clock
        reads.market.instrument("AAPL")
        seen = []
        for _ in range(4):
            seen.append((await reads.json("/api/bars?symbols=AAPL"))["until"])
            clock.advance(timedelta(milliseconds=500))
        assert seen == ["2010-01-06", "2010-01-06", "2010-01-07", "2010-01-07"]


async def test_in_prod_a_plan_needs_the_token_too(database_url: str, bearer: dict[str, str]) -> None:
    async with reads_of(database_url, GROAT_ENVIRONMENT="prod", GROAT_API__CACHE_MB="0") as reads:
        reads.market.instrument("AAPL")
        for _ in range(2):
            assert (await reads.client.get("/api/quotes?symbols=AAPL", headers=bearer)).status_code == 200
            assert (await reads.get("/api/quotes?symbols=AAPL")).status_code == 401
