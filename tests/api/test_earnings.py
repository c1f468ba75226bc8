"""GET /api/earnings."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.api.test_bars import Reads, reads_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = [pytest.mark.anyio, pytest.mark.stack]

T0 = datetime(2010, 4, 1, 12, 0, tzinfo=UTC)


@pytest.fixture
async def reads(database_url: str) -> AsyncIterator[Reads]:
    async with reads_of(database_url, GROAT_API__CACHE_MB="0") as reads:
        market = reads.market
        for symbol in ("AAPL", "KO", "NEW"):
            market.instrument(symbol)
        market.report("AAPL", (2010, 2), date(2010, 4, 19), T0)
        market.report("AAPL", (2010, 2), date(2010, 4, 20), T0 + timedelta(days=1))
        market.report("AAPL", (2010, 2), date(2010, 4, 20), T0 + timedelta(days=20), eps_actual=3.33)
        market.report("AAPL", (2010, 2), date(2010, 4, 20), T0, provider="other", eps_actual=3.3)
        market.report("KO", (2010, 1), date(2010, 4, 20), T0)
        market.report("KO", (2010, 2), date(2010, 7, 21), T0)
        yield reads


def told(answer: dict[str, Any]) -> list[tuple[object, ...]]:
    return [(each["symbol"], each["report_date"], each["eps_actual"], each["provider"]) for each in answer["items"]]


async def test_the_latest_report_date_comes_first_by_every_provider(reads: Reads) -> None:
    assert told(await reads.json("/api/earnings")) == [
        ("KO", "2010-07-21", None, "finnhub"),
        ("KO", "2010-04-20", None, "finnhub"),
        ("AAPL", "2010-04-20", 3.3, "other"),
        ("AAPL", "2010-04-20", 3.33, "finnhub"),
    ]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("symbols=AAPL,nope&provider=finnhub", [("2010-04-20", 3.33)]),
        ("symbols=AAPL&provider=finnhub&as_of=2010-04-10", [("2010-04-20", None)]),
        ("symbols=AAPL&provider=finnhub&as_of=2010-04-01", [("2010-04-19", None)]),
        ("symbols=AAPL&provider=finnhub&as_of=2010-03-31", []),
        ("from=2010-07-21&until=2010-07-22", [("2010-07-21", None)]),
        ("from=2010-07-22", []),
        ("symbols=NEW", []),
    ],
)
async def test_a_question_is_narrowed(reads: Reads, query: str, found: list[tuple[object, ...]]) -> None:
    answer = await reads.json(f"/api/earnings?{query}")
    assert [(each["report_date"], each["eps_actual"]) for each in answer["items"]] == found
    assert answer["unknown"] == (["nope"] if "nope" in query else [])


async def test_pages_follow_each_other(reads: Reads) -> None:
    whole = told(await reads.json("/api/earnings"))
    paged, url = [], "/api/earnings?limit=1"
    while url:
        answer = await reads.get(url)
        paged += told(answer.json())
        url = answer.headers.get("link", "").removeprefix("<").partition(">")[0]
    assert paged == whole


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("symbols=nope", 404),
        ("limit=0", 400),
        ("from=2010-01-01&until=2010-01-01", 422),
        ("as_of=2010-01-01T00:00", 422),
        ("cursor=W10", 422),
    ],
)
async def test_what_cannot_be_answered_is_refused(reads: Reads, query: str, status: int) -> None:
    assert (await reads.get(f"/api/earnings?{query}")).status_code == status
