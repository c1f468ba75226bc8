"""What a database holds that the replay market's data do not say: nothing, if all went well."""

from __future__ import annotations

from datetime import timedelta
from math import isclose
from typing import TYPE_CHECKING, Any

from app.ports.providers import CompanyOf
from app.providers.client.http import RawReply
from app.providers.registry import DECLARATIONS
from app.replay import market_day
from app.replay.alpha_vantage.dialect import AlphaVantage
from app.replay.data import catalogue
from app.replay.dialect import Call
from app.replay.finnhub.dialect import Finnhub

if TYPE_CHECKING:
    from datetime import date, datetime

    from app.db.engine import Database
    from app.replay.dialect import Dialect

WEEK = timedelta(days=7)
DATA = catalogue.load("sp500")
STORIES = catalogue.stories("sp500")
DIALECTS: dict[str, Dialect] = {"alpha_vantage": AlphaVantage(DATA, STORIES), "finnhub": Finnhub(DATA, STORIES)}
DECLARED = {one.name: one for one in DECLARATIONS}
HALF_A_DIGIT = 5.1e-5  # Alpha Vantage writes four digits
Row = tuple[Any, ...]

BARS = """SELECT i.symbol, b.session, b.open, b.high, b.low, b.close, b.volume
FROM bars_daily b JOIN instruments i ON i.id = b.instrument_id"""
QUOTES = """SELECT i.symbol, q.at, q.open, q.high, q.low, q.price, q.volume
FROM quotes q JOIN instruments i ON i.id = q.instrument_id"""
ACTIONS = """SELECT i.symbol, a.kind, a.ex_date, a.cash_amount::float8
FROM corporate_actions a JOIN instruments i ON i.id = a.instrument_id"""
FACTS = """SELECT i.symbol, f.provider, f.dataset, f.known_at, f.facts
FROM company_facts f JOIN instruments i ON i.id = f.instrument_id"""
SIGHTINGS = "SELECT s.url, a.title, a.published_at FROM article_sightings s JOIN articles a ON a.id = s.article_id"
LISTINGS = "SELECT symbol, name, cik FROM instruments WHERE provider <> 'test'"


async def lies(database: Database) -> list[str]:
    """Return every stored fact that the data do not say."""
    found = [f"bar {row}" for row in await rows(database, BARS) if not is_bar(row[0], row[1], row[2:])]
    for symbol, at, *prices in await rows(database, QUOTES):
        day = market_day.today(at)
        if at != market_day.at(day, market_day.CLOSE) or not is_bar(symbol, day, prices):
            found.append(f"quote {symbol} {at} {prices}")
    paid = {(x.ticker, "dividend", x.ex_date, x.cash) for x in DATA.dividends}
    found += [f"action {row}" for row in await rows(database, ACTIONS) if row not in paid]
    for symbol, provider, dataset, known_at, facts in await rows(database, FACTS):
        said = told(provider, dataset, symbol, known_at)
        found += [
            f"{provider} {dataset} {symbol} {name}: {value!r}"
            for name, value in facts.items()
            if (name, value) not in said
        ]
    found += [f"article {row}" for row in await rows(database, SIGHTINGS) if not is_story(*row)]
    listed = {(x.ticker, x.name, x.cik) for x in DATA.listings}
    found += [
        f"listing {row}" for row in await rows(database, LISTINGS) if row not in listed and row[1:] != (None, None)
    ]
    found += [f"earnings {row}" for row in await rows(database, "SELECT * FROM earnings")]
    return found


def is_bar(symbol: str, day: date, prices: tuple[float | None, ...] | list[float | None]) -> bool:
    """Tell whether open, high, low, close and volume are those of the data; what is None is not claimed."""
    bars = DATA.bars
    for row in bars.of_ticker(symbol, day, day):
        true = (bars.open[row], bars.high[row], bars.low[row], bars.close[row], bars.volume[row])
        return all(a is None or isclose(a, b, abs_tol=HALF_A_DIGIT) for a, b in zip(prices, true, strict=True))
    return False


def told(provider: str, dataset: str, symbol: str, known_at: datetime) -> set[tuple[str, Any]]:
    """Return the facts that a provider tells of a company at a time, or a week earlier, when it behaves."""
    endpoint = DECLARED[provider].endpoints[dataset]  # type: ignore[index]  # a StrEnum is its text
    question = CompanyOf(dataset=dataset, symbol=symbol)  # type: ignore[arg-type]  # the same
    request = endpoint.request(question)
    found: set[tuple[str, Any]] = set()
    for now in (known_at, known_at - WEEK):
        call = Call(path=request.path, params=request.params, base_url="http://127.0.0.1", now=now)
        reply = DIALECTS[provider].answer(call)
        raw = RawReply(status=200, content_type="application/json", body=reply.body, duration_ms=1)
        company = endpoint.read(raw, question, frozenset()).company  # type: ignore[attr-defined]  # a CompanyReply
        found |= set(company.facts.items())
    return found


def is_story(url: str, title: str, published_at: datetime) -> bool:
    """Tell whether an article is one of the replay's, under the address that it has."""
    ref = url.rpartition("=")[2] if "/api/news" in url else url.rpartition("/")[2]
    story = STORIES.read(ref, published_at + timedelta(minutes=2))
    return story is not None and title.startswith(story.title) and abs(story.at - published_at) <= timedelta(minutes=2)


async def rows(database: Database, sql: str) -> list[Row]:
    """Read some rows."""
    async with database.connection() as connection:
        return await (await connection.execute(sql.encode())).fetchall()
