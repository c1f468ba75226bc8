"""GET /api/indices: who was in an index on a day."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app.domain.index_memberships import known_by
from app.domain.market_days import market_date
from app.memberships import read_memberships
from tests.api.test_bars import Reads, reads_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from app.domain.index_memberships import Alias, Membership

pytestmark = [pytest.mark.anyio, pytest.mark.stack]


@pytest.fixture
async def reads(database_url: str) -> AsyncIterator[Reads]:
    async with reads_of(database_url) as reads:
        reads.market.instrument("AAPL", "Apple Inc.")
        history, now = await read_memberships(), reads.house.clock.now()
        told: list[tuple[Membership, list[Alias]]] = [(member, []) for member in known_by(history, market_date(now))]
        async with reads.house.database.transaction() as unit:
            await reads.house.memberships_ingest.put(unit, told, history.source, now)
        yield reads


async def test_members_of_a_day_and_how_many_are_missing(reads: Reads) -> None:
    answer = await reads.get("/api/indices/sp500/members?on=2008-09-11")
    body = answer.json()
    assert (body["index"], body["on"], body["size"]) == ("sp500", "2008-09-11", 500)
    assert body["count"] == len(body["items"]) == body["missing"] > 470
    assert "LEH" in {item["symbol"] for item in body["items"]}
    again = await reads.get("/api/indices/sp500/members?on=2008-09-11", if_none_match=answer.headers["etag"])
    assert again.status_code == 304
    listed = await reads.json("/api/indices?on=2008-09-11")
    assert {item["index"]: item["members"] for item in listed["items"]}["sp500"] == body["count"]
    assert (await reads.json("/api/indices"))["on"] == market_date(reads.house.clock.now()).isoformat()


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/api/indices/dax/members", 404),
        ("/api/indices/sp500/members?on=2008-13-01", 400),
        ("/api/indices/sp500/members?as_of=soon-enough", 422),
        ("/api/indices/sp500/members?as_of=1999-01-01", 404),
        ("/api/indices/%25/members", 404),
    ],
)
async def test_what_cannot_be_answered_is_refused(reads: Reads, address: str, status: int) -> None:
    assert (await reads.get(address)).status_code == status
