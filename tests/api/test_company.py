"""GET /api/instruments/{symbol}/profile, /fundamentals and /facts/{fact}."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.api.test_bars import Reads, reads_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = [pytest.mark.anyio, pytest.mark.stack]

T0 = datetime(2010, 4, 20, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
KEYS = {"FINNHUB_API_KEY": "finnhub-key", "ALPHA_VANTAGE_API_KEY": "alpha-key"}


@pytest.fixture
async def reads(database_url: str) -> AsyncIterator[Reads]:
    async with reads_of(database_url, GROAT_API__CACHE_MB="0", **KEYS) as reads:
        market = reads.market
        for symbol in ("AAPL", "BRK.B"):
            market.instrument(symbol)
        market.facts("AAPL", "profiles", {"name": "Apple", "cik": "0000320193"}, T0, provider="alpha_vantage")
        market.facts("AAPL", "profiles", {"name": "Apple Inc", "exchange": "NASDAQ"}, T0 + HOUR)
        market.facts("AAPL", "fundamentals", {"pe_ttm": 20.5, "beta": 1.1}, T0)
        market.facts("AAPL", "fundamentals", {"pe_ttm": 20.5, "beta": 1.2}, T0 + HOUR)
        market.facts("AAPL", "fundamentals", {"pe_ttm": 21.0, "beta": 1.2}, T0 + 2 * HOUR)
        market.facts("AAPL", "fundamentals", {"beta": 1.2}, T0 + 3 * HOUR)
        market.facts("AAPL", "fundamentals", {"pe_ttm": 30, "forward_pe": 12.5}, T0 + HOUR, provider="alpha_vantage")
        yield reads


def told(answer: dict[str, Any]) -> list[tuple[object, ...]]:
    return [(fact["name"], fact["value"], fact["provider"]) for fact in answer["facts"]]


def at(moment: datetime) -> str:
    return f"as_of={moment:%Y-%m-%dT%H:%M:%SZ}"


async def test_each_fact_is_the_preferred_providers_among_those_who_tell_it(reads: Reads) -> None:
    answer = await reads.json("/api/instruments/AAPL/profile")
    assert answer["providers"] == ["finnhub", "alpha_vantage"]
    assert told(answer) == [
        ("name", "Apple Inc", "finnhub"),
        ("exchange", "NASDAQ", "finnhub"),
        ("cik", "0000320193", "alpha_vantage"),
    ]
    assert answer["facts"][0] == {
        "name": "name",
        "title": "Name of the company",
        "unit": "text",
        "value": "Apple Inc",
        "provider": "finnhub",
        "known_at": "2010-04-20T13:00:00Z",
    }
    narrow = await reads.json("/api/instruments/AAPL/profile?provider=alpha_vantage")
    assert told(narrow) == [("name", "Apple", "alpha_vantage"), ("cik", "0000320193", "alpha_vantage")]


async def test_facts_show_as_they_were_known(reads: Reads) -> None:
    asked = [at(T0 - HOUR), at(T0), at(T0 + HOUR), at(T0 + 2 * HOUR), at(T0 + 3 * HOUR), ""]
    seen = [
        told(await reads.json(f"/api/instruments/AAPL/fundamentals?provider=finnhub&{query}".rstrip("&")))
        for query in asked
    ]
    assert [[value for _, value, _ in facts] for facts in seen] == [
        [],
        [20.5, 1.1],
        [20.5, 1.2],
        [21, 1.2],
        [1.2],
        [1.2],
    ]
    merged = told(await reads.json("/api/instruments/AAPL/fundamentals"))
    assert merged == [("pe_ttm", 30, "alpha_vantage"), ("forward_pe", 12.5, "alpha_vantage"), ("beta", 1.2, "finnhub")]


async def test_nothing_stored_is_an_empty_list(reads: Reads) -> None:
    answer = await reads.json("/api/instruments/BRK.B/fundamentals")
    assert answer == {"symbol": "BRK.B", "as_of": None, "providers": [], "facts": []}
    assert (await reads.json("/api/instruments/BRK.B/facts/beta"))["values"] == []


async def test_the_history_of_a_fact_has_a_value_for_each_change(reads: Reads) -> None:
    answer = await reads.json("/api/instruments/AAPL/facts/pe_ttm?provider=finnhub")
    assert (answer["unit"], answer["title"]) == ("ratio", "Price over earnings of the last twelve months")
    values = [(value["value"], value["known_at"], value["superseded_at"]) for value in answer["values"]]
    assert values == [
        (None, "2010-04-20T15:00:00Z", None),
        (21, "2010-04-20T14:00:00Z", "2010-04-20T15:00:00Z"),
        (20.5, "2010-04-20T12:00:00Z", "2010-04-20T14:00:00Z"),
    ]
    then = await reads.json(f"/api/instruments/AAPL/facts/pe_ttm?provider=finnhub&{at(T0 + 2 * HOUR)}")
    assert [(value["value"], value["superseded_at"]) for value in then["values"]] == [
        (21, None),
        (20.5, "2010-04-20T14:00:00Z"),
    ]


async def test_pages_of_a_history_follow_each_other(reads: Reads) -> None:
    url = "/api/instruments/AAPL/facts/pe_ttm"
    whole = (await reads.json(url))["values"]
    assert len(whole) == 4
    paged: list[Any] = []
    following: str | None = f"{url}?limit=1"
    while following:
        answer = await reads.get(following)
        paged += answer.json()["values"]
        following = answer.headers.get("link", "").removeprefix("<").partition(">")[0]
    # Until when a value was known is found also when the next one stands on the page before.
    assert paged == whole


async def test_a_client_that_has_the_answer_gets_304(reads: Reads) -> None:
    first = await reads.get("/api/instruments/AAPL/fundamentals")
    again = await reads.get("/api/instruments/AAPL/fundamentals", if_none_match=first.headers["etag"])
    assert again.status_code == 304
    reads.market.facts("AAPL", "fundamentals", {"beta": 9.0}, T0 + 4 * HOUR)
    again = await reads.get("/api/instruments/AAPL/fundamentals", if_none_match=first.headers["etag"])
    assert again.status_code == 200


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("nope/profile", 404),
        ("nope/fundamentals", 404),
        ("nope/facts/beta", 404),
        ("AAPL/facts/mood", 422),
        ("AAPL/facts/Bad-Name", 400),
        ("AAPL/profile?as_of=2010-01-01T00:00", 422),
        ("AAPL/profile?provider=Not%20one", 400),
        ("AAPL/facts/beta?limit=0", 400),
        ("AAPL/facts/beta?cursor=W10", 422),
    ],
)
async def test_what_cannot_be_answered_is_refused(reads: Reads, path: str, status: int) -> None:
    assert (await reads.get(f"/api/instruments/{path}")).status_code == status
