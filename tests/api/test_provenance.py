"""GET /api/provenance and GET /api/disagreements."""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from app.db.actions_ingest import ActionsIngestStore
from app.db.bars_ingest import BarsIngestStore
from app.db.company_facts_ingest import CompanyIngestStore
from app.db.earnings_ingest import EarningsIngestStore
from app.db.engine import Database
from app.db.quotes_ingest import QuotesIngestStore
from app.db.symbol_bars_ingest import SymbolBarsIngestStore
from app.domain.actions import ReportedAction
from app.domain.datasets import Dataset
from app.domain.earnings import ReportedEarnings
from app.domain.fundamentals import CompanyFacts
from app.domain.quotes import ReportedQuote
from app.ports.providers import Payload
from app.ports.stores import Fetched
from app.settings import DatabaseSettings
from tests.api.test_bars import Reads, reads_of
from tests.fakes.market import DAY, NOW, bars

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = [pytest.mark.anyio, pytest.mark.stack]

HOUR = timedelta(hours=1)
SPLIT = ReportedAction(ref="1", symbol="PG", kind="split", ex_date=DAY, split_from=Decimal(1), split_to=Decimal(2))
REPORT = ReportedEarnings(symbol="PG", fiscal_year=2010, fiscal_quarter=3, report_date=date(2010, 4, 29))


def source(dataset: Dataset, number: int, provider: str = "polygon") -> Fetched:
    """The reply number so and so, an hour after the one before."""
    reply = f"reply {number}".encode()
    return Fetched(
        provider=provider,
        dataset=dataset,
        subject=f"{dataset} {number}",
        payload=Payload(sha256=hashlib.sha256(reply).digest(), size=len(reply)),
        known_at=NOW + number * HOUR,
        step=f"7/fetch/{number}",
    )


@pytest.fixture
async def reads(database_url: str) -> AsyncIterator[Reads]:
    """Everything comes twice: first wrong, then right."""
    database = Database(DatabaseSettings(url=database_url), name="test")
    await database.open()
    quote = ReportedQuote(symbol="PG", at=datetime(2010, 5, 6, 19, tzinfo=UTC), price=60.0)
    ingest = BarsIngestStore()
    for number, better in enumerate((0.0, 0.5)):
        facts = CompanyFacts(symbol="PG", facts={"beta": 0.5 + better, "pe_ttm": 17.0})
        moved = msgspec.structs.replace(REPORT, report_date=REPORT.report_date + timedelta(days=number))
        split = msgspec.structs.replace(SPLIT, split_to=Decimal(2 + number))
        priced = msgspec.structs.replace(quote, price=60.0 + better)
        async with database.transaction() as unit:
            await ingest.store(unit, bars({"PG": 60.0 + better}), source(Dataset.BARS_DAILY, number))
        async with database.transaction() as unit:
            opinion = source(Dataset.SYMBOL_BARS, number, "alpha_vantage")
            await SymbolBarsIngestStore(ingest).store(unit, bars({"PG": 61.0 + better}), opinion)
        async with database.transaction() as unit:
            await ActionsIngestStore().store(unit, [split], source(Dataset.SPLITS, number))
        async with database.transaction() as unit:
            await CompanyIngestStore().store(unit, facts, source(Dataset.FUNDAMENTALS, number))
        async with database.transaction() as unit:
            await QuotesIngestStore().store(unit, [priced], source(Dataset.QUOTES, number))
        async with database.transaction() as unit:
            await EarningsIngestStore().store(unit, [moved], source(Dataset.EARNINGS, number))
    await database.close()
    async with reads_of(database_url, GROAT_API__CACHE_MB="0") as reads:
        yield reads


def origin(number: int, dataset: str, provider: str = "polygon") -> dict[str, object]:
    """What is said of a reply."""
    reply = f"reply {number}".encode()
    return {
        "provider": provider,
        "known_at": f"{NOW + number * HOUR:%Y-%m-%dT%H:%M:%SZ}",
        "superseded_at": None if number else f"{NOW + HOUR:%Y-%m-%dT%H:%M:%SZ}",
        "asked": f"{dataset} {number}",
        "payload_sha256": hashlib.sha256(reply).hexdigest(),
        "payload_bytes": len(reply),
        "step": f"7/fetch/{number}",
    }


@pytest.mark.parametrize(
    ("dataset", "query", "field", "values"),
    [
        ("bars_daily", "session=2010-05-06", "close", [60.5, 60.0]),
        ("symbol_bars", "session=2010-05-06", "close", [61.5, 61.0]),
        ("splits", "session=2010-05-06", "split_to", ["3", "2"]),
        ("fundamentals", "fact=beta", "value", [1.0, 0.5]),
        ("quotes", "session=2010-05-06", "price", [60.5, 60.0]),
        ("earnings", "session=2010-04-30", "report_date", ["2010-04-30", "2010-04-29"]),
        ("earnings", "session=2010-04-29", "report_date", ["2010-04-30", "2010-04-29"]),
    ],
)
async def test_a_value_tells_its_reply_and_what_it_superseded(
    reads: Reads, dataset: str, query: str, field: str, values: list[object]
) -> None:
    url = f"/api/provenance?dataset={dataset}&symbol=PG&{query}"
    answer = await reads.json(url)
    provider = "alpha_vantage" if dataset == "symbol_bars" else "polygon"
    assert [item.pop("value")[field] for item in answer["items"]] == values
    assert all(item.pop("fetch_id") for item in answer["items"])
    assert answer["items"] == [origin(1, dataset, provider), origin(0, dataset, provider)]
    first = await reads.json(f"{url}&limit=1")
    assert (len(first["items"]), first["more"]) == (1, True)


@pytest.mark.parametrize("dataset", ["bars_daily", "symbol_bars", "splits", "fundamentals", "quotes"])
async def test_origins_show_as_they_were_known(reads: Reads, dataset: str) -> None:
    named = "fact=beta" if dataset == "fundamentals" else "session=2010-05-06"
    url = f"/api/provenance?dataset={dataset}&symbol=PG&{named}&as_of="
    then = (await reads.json(f"{url}{NOW:%Y-%m-%dT%H:%M:%SZ}"))["items"]
    assert [(item["asked"], item["superseded_at"]) for item in then] == [(f"{dataset} 0", None)]
    # Before anything was known of it, nobody had the symbol.
    assert (await reads.get(f"{url}2010-05-05")).status_code == 404


async def test_a_fact_that_did_not_change_has_one_origin(reads: Reads) -> None:
    answer = await reads.json("/api/provenance?dataset=fundamentals&symbol=PG&fact=pe_ttm")
    assert [(item["asked"], item["superseded_at"]) for item in answer["items"]] == [("fundamentals 0", None)]
    nothing = await reads.json("/api/provenance?dataset=profiles&symbol=PG&fact=name")
    assert nothing == {"dataset": "profiles", "items": [], "more": False}


async def test_an_article_tells_each_of_its_sources(reads: Reads) -> None:
    connection = reads.market.connection
    row = connection.execute(
        """INSERT INTO articles (url, url_key, title, title_key, published_at, provider, fetch_id, known_at)
        VALUES ('https://a.test/1', 'a.test/1', 'Flash', 'flash', %(now)s, 'newsapi', 1, %(now)s) RETURNING id""",
        {"now": NOW},
    ).fetchone()
    assert row is not None
    connection.execute(
        """INSERT INTO article_sightings (article_id, provider, ref, url, fetch_id, known_at)
        VALUES (%(id)s, 'newsapi', 'r1', 'https://a.test/1', 1, %(now)s),
          (%(id)s, 'finnhub', 'r2', 'https://a.test/1?x', 2, %(later)s)""",
        {"id": row[0], "now": NOW, "later": NOW + HOUR},
    )
    answer = await reads.json(f"/api/provenance?dataset=news&article={row[0]}")
    told = [(item["value"]["kind"], item["provider"], item["asked"]) for item in answer["items"]]
    assert told == [
        ("sighting", "finnhub", "symbol_bars 0"),
        ("sighting", "newsapi", "bars_daily 0"),
        ("article", "newsapi", "bars_daily 0"),
    ]
    then = await reads.json(f"/api/provenance?dataset=news&article={row[0]}&as_of={NOW:%Y-%m-%dT%H:%M:%SZ}")
    assert len(then["items"]) == 2


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("", 400),
        ("dataset=rumours", 400),
        ("dataset=bars_daily&symbol=nope&session=2010-05-06", 404),
        ("dataset=news&article=999", 404),
        ("dataset=bars_daily&symbol=PG", 422),
        ("dataset=bars_daily&symbol=PG&fact=beta", 422),
        ("dataset=bars_daily&symbol=PG&session=2010-05-06&fact=beta", 422),
        ("dataset=fundamentals&symbol=PG&fact=mood", 422),
        ("dataset=instruments&symbol=PG", 422),
        ("dataset=news&article=0", 400),
    ],
)
async def test_what_names_no_value_is_refused(reads: Reads, query: str, status: int) -> None:
    assert (await reads.get(f"/api/provenance?{query}")).status_code == status


@pytest.fixture
async def disputed(database_url: str) -> AsyncIterator[Reads]:
    async with reads_of(database_url, GROAT_API__CACHE_MB="0") as reads:
        market = reads.market
        for symbol in ("A", "B", "C"):
            market.instrument(symbol)
        agreed = {"pe_ttm": 20.0, "market_cap": 1e9, "beta": 0.0}
        for symbol in ("A", "B", "C"):
            market.facts(symbol, "fundamentals", dict(agreed), NOW)
        near = {"pe_ttm": 21.9, "market_cap": 1.04e9, "beta": 0.0}
        market.facts("A", "fundamentals", dict(near), NOW, provider="alpha_vantage")
        far = {"pe_ttm": 40, "market_cap": 1.06e9, "beta": -1.0}
        market.facts("B", "fundamentals", dict(far), NOW + HOUR, provider="alpha_vantage")
        market.facts("A", "fundamentals", {"pe_ttm": 30.0}, NOW + 2 * HOUR, provider="alpha_vantage")
        yield reads


def about(answer: dict[str, Any]) -> list[tuple[object, ...]]:
    return [(item["symbol"], item["subject"]) for item in answer["items"]]


async def test_what_lies_further_apart_than_its_tolerance_is_a_disagreement(disputed: Reads) -> None:
    answer = await disputed.json("/api/disagreements?dataset=fundamentals")
    assert about(answer) == [("A", "pe_ttm"), ("B", "beta"), ("B", "market_cap"), ("B", "pe_ttm")]
    assert answer["items"][3] == {
        "symbol": "B",
        "subject": "pe_ttm",
        "difference": 0.5,
        "tolerance": 0.1,
        "opinions": [
            {"provider": "alpha_vantage", "value": 40.0, "known_at": "2010-05-07T01:30:00Z"},
            {"provider": "finnhub", "value": 20.0, "known_at": "2010-05-07T00:30:00Z"},
        ],
    }


async def test_disagreements_are_narrowed_paged_and_show_as_they_were_known(disputed: Reads) -> None:
    url = "/api/disagreements"
    assert about(await disputed.json(f"{url}?symbols=A,nope")) == [("A", "pe_ttm")]
    assert (await disputed.json(f"{url}?symbols=A,nope"))["unknown"] == ["nope"]
    assert about(await disputed.json(f"{url}?as_of={NOW:%Y-%m-%dT%H:%M:%SZ}")) == []
    then = about(await disputed.json(f"{url}?as_of={NOW + HOUR:%Y-%m-%dT%H:%M:%SZ}"))
    assert then == [("B", "beta"), ("B", "market_cap"), ("B", "pe_ttm")]
    whole, paged, cursor = about(await disputed.json(url)), [], ""
    while cursor is not None:
        answer = await disputed.json(f"{url}?limit=1" + (f"&cursor={cursor}" if cursor else ""))
        paged += about(answer)
        cursor = answer["next"]
    assert paged == whole


@pytest.mark.parametrize(("query", "status"), [("symbols=nope", 404), ("dataset=bar", 400), ("cursor=W10", 422)])
async def test_what_cannot_be_compared_is_refused(disputed: Reads, query: str, status: int) -> None:
    assert (await disputed.get(f"/api/disagreements?{query}")).status_code == status
