"""GET /api/actions."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from tests.api.test_bars import Reads, reads_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = [pytest.mark.anyio, pytest.mark.stack]


@pytest.fixture
async def reads(database_url: str) -> AsyncIterator[Reads]:
    async with reads_of(database_url) as reads:
        market = reads.market
        apple, microsoft = market.instrument("AAPL"), market.instrument("MSFT")
        market.split(apple, date(2000, 6, 21), (1, 2))
        wrong, right = datetime(2005, 2, 1, tzinfo=UTC), datetime(2005, 2, 20, tzinfo=UTC)
        market.split(apple, date(2005, 2, 28), (1, 3), known_at=wrong, superseded_at=right)
        market.split(apple, date(2005, 2, 28), (1, 2), known_at=right)
        market.split(microsoft, date(2003, 2, 18), (1, 2))
        market.dividend(microsoft, date(2003, 2, 19), Decimal("0.08"))
        market.dividend(microsoft, date(2004, 11, 15), Decimal("3.080"))
        yield reads


def told(answer: dict[str, list[dict[str, object]]]) -> list[tuple[object, ...]]:
    return [(item["symbol"], item["ex_date"], item["split_to"] or item["cash_amount"]) for item in answer["items"]]


async def test_the_latest_come_first_and_amounts_are_exact(reads: Reads) -> None:
    assert told(await reads.json("/api/actions?symbols=MSFT,nope")) == [
        ("MSFT", "2004-11-15", "3.080"),
        ("MSFT", "2003-02-19", "0.08"),
        ("MSFT", "2003-02-18", "2"),
    ]
    assert (await reads.json("/api/actions?symbols=MSFT,nope"))["unknown"] == ["nope"]


@pytest.mark.parametrize(
    ("query", "dates"),
    [
        ("kind=dividend", ["2004-11-15", "2003-02-19"]),
        ("kind=split&from=2003-02-18&until=2005-02-28", ["2003-02-18"]),
        ("symbols=AAPL", ["2005-02-28", "2000-06-21"]),
        ("symbols=AAPL&as_of=2005-02-10", ["2005-02-28", "2000-06-21"]),
        ("symbols=AAPL&as_of=2005-01-10", ["2000-06-21"]),
    ],
)
async def test_a_question_is_narrowed(reads: Reads, query: str, dates: list[str]) -> None:
    assert [item["ex_date"] for item in (await reads.json(f"/api/actions?{query}"))["items"]] == dates


async def test_a_correction_shows_from_when_it_was_known(reads: Reads) -> None:
    ratios = [
        (await reads.json(f"/api/actions?symbols=AAPL&from=2005-01-01{as_of}"))["items"][0]["split_to"]
        for as_of in ("&as_of=2005-02-10", "&as_of=2005-02-19T23:59:59Z", "&as_of=2005-02-20T00:00:00Z", "")
    ]
    assert ratios == ["3", "3", "2", "2"]


async def test_pages_follow_each_other(reads: Reads) -> None:
    whole = told(await reads.json("/api/actions"))
    paged, url = [], "/api/actions?limit=2"
    while url:
        answer = await reads.get(url)
        paged += told(answer.json())
        url = answer.headers.get("link", "").removeprefix("<").partition(">")[0]
    assert paged == whole
    assert len(whole) == 5


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("symbols=nope", 404),
        ("symbols=AAPL&as_of=1999-01-10", 404),
        ("kind=merger", 400),
        ("limit=0", 400),
        ("from=2010-01-01&until=2010-01-01", 422),
        ("as_of=2010-01-01T00:00", 422),
        ("cursor=W10", 422),
    ],
)
async def test_what_cannot_be_answered_is_refused(reads: Reads, query: str, status: int) -> None:
    assert (await reads.get(f"/api/actions?{query}")).status_code == status
