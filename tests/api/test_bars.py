"""GET /api/bars: forms, ranges, errors, and answers that the client has already."""

from __future__ import annotations

import io
from contextlib import asynccontextmanager
from datetime import date
from typing import TYPE_CHECKING, Any

import httpx
import polars as pl
import pytest

from app.api.main import create_app, with_hot_reads
from app.api.middleware import Frame
from app.api.representations import ARROW, CSV, JSON, PARQUET, ROWS
from tests.api.conftest import settings_for
from tests.db.market import Market, bar

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from app.bootstrap import House

pytestmark = [pytest.mark.anyio, pytest.mark.stack]
URL = "/api/bars?symbols=AAPL,MSFT&from=2010-01-04&until=2010-01-08"


class Reads:
    """A client, the market behind it, and the house between them."""

    def __init__(self, client: httpx.AsyncClient, market: Market, house: House) -> None:
        self.client, self.market, self.house = client, market, house

    async def get(self, url: str, **headers: str) -> httpx.Response:
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.client.get(url, headers=names)

    async def json(self, url: str) -> Any:
        answer = await self.get(url)
        assert answer.status_code == 200, answer.text
        return answer.json()


@asynccontextmanager
async def reads_of(database_url: str, **more: str) -> AsyncIterator[Reads]:
    app = create_app(settings_for(database_url, **more))
    market = Market(database_url)
    transport = httpx.ASGITransport(Frame(with_hot_reads(app)))
    async with app.lifespan(), httpx.AsyncClient(transport=transport, base_url="http://groat.test") as client:
        yield Reads(client, market, app.state["house"])
    market.close()


@pytest.fixture
async def reads(database_url: str) -> AsyncIterator[Reads]:
    """Two instruments; AAPL splits 1:2 on the 6th."""
    async with reads_of(database_url, GROAT_API__CACHE_MB="0") as reads:
        apple, _ = reads.market.instrument("AAPL"), reads.market.instrument("MSFT")
        days = ["2010-01-04", "2010-01-05", "2010-01-06", "2010-01-08"]
        reads.market.bars(apple, [bar(day, close) for day, close in zip(days, (100, 104, 52, 53), strict=True)])
        reads.market.split(apple, date(2010, 1, 6), (1, 2))
        yield reads


async def test_columns_are_adjusted_for_splits_and_half_open(reads: Reads) -> None:
    answer = await reads.json(URL)
    apple, microsoft = answer["symbols"]
    assert apple["symbol"] == "AAPL"
    assert apple["session"] == ["2010-01-04", "2010-01-05", "2010-01-06"]
    assert apple["close"] == [50.0, 52.0, 52.0]
    assert apple["volume"] == [2000.0, 2000.0, 1000.0]
    assert microsoft == {key: "MSFT" if key == "symbol" else [] for key in apple}
    assert answer["watermark"] == "bars_daily:1,corporate_actions:1,instruments:2"
    assert answer["unknown"] == []
    assert answer["adjusted"] == "splits"
    raw = await reads.json(f"{URL}&adjusted=none")
    assert raw["symbols"][0]["close"] == [100, 104, 52]


async def test_every_form_holds_the_same_bars(reads: Reads) -> None:
    rows = (await reads.get(URL, accept=ROWS)).json()["bars"]
    assert [row["close"] for row in rows] == [50.0, 52.0, 52.0]
    expected = [tuple(row.values()) for row in rows]
    for media_type, read in ((CSV, pl.read_csv), (ARROW, pl.read_ipc_stream), (PARQUET, pl.read_parquet)):
        answer = await reads.get(URL, accept=media_type)
        assert answer.headers["content-type"].partition(";")[0] == media_type
        table = read(io.BytesIO(answer.content))
        assert table.columns == ["symbol", "session", "open", "high", "low", "close", "volume"]
        assert [(row[0], str(row[1]), *row[2:]) for row in table.rows()] == expected


@pytest.mark.parametrize(
    ("accept", "given"),
    [
        ("*/*", JSON),
        ("application/*", JSON),
        (f"{JSON};q=0.5, {CSV}", CSV),
        (f"{PARQUET};q=0, */*;q=0.1", JSON),
        ("text/*", CSV),
    ],
)
async def test_the_best_accepted_form_is_given(reads: Reads, accept: str, given: str) -> None:
    assert (await reads.get(URL, accept=accept)).headers["content-type"].partition(";")[0] == given


async def test_wider_bars_are_whole_at_the_start(reads: Reads) -> None:
    weekly = await reads.json("/api/bars?symbols=AAPL&timeframe=1w&from=2010-01-06&until=2010-02-01")
    assert weekly["from"] == "2010-01-04"
    assert weekly["symbols"][0]["session"] == ["2010-01-04"]
    assert weekly["symbols"][0]["open"] == [50.0]
    assert weekly["symbols"][0]["volume"] == [6000.0]
    monthly = await reads.json("/api/bars?symbols=AAPL&timeframe=1mo&from=2010-01-06&until=2010-02-01")
    assert monthly["symbols"][0]["session"] == ["2010-01-01"]


async def test_limit_keeps_the_latest_and_reaches_back_for_them(reads: Reads) -> None:
    latest = await reads.json("/api/bars?symbols=AAPL&until=2010-02-01&limit=2")
    assert latest["symbols"][0]["session"] == ["2010-01-06", "2010-01-08"]
    far = await reads.json("/api/bars?symbols=AAPL&until=2024-02-01&limit=5000")
    assert len(far["symbols"][0]["session"]) == 4


async def test_unknown_symbols_are_listed_and_404_when_none_is_known(reads: Reads) -> None:
    assert (await reads.json(f"{URL.replace('MSFT', 'nope')}"))["unknown"] == ["nope"]
    table = await reads.get(URL.replace("MSFT", "n%C3%B6pe%2C,x%20y"), accept=CSV)
    assert table.headers["unknown-symbols"] == "n%C3%B6pe,x%20y"
    answer = await reads.get("/api/bars?symbols=nope,aapl")
    assert answer.status_code == 404
    assert "nope, aapl" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("", 400),
        ("symbols=", 400),
        ("symbols=,", 422),
        ("symbols=" + ",".join(f"S{i}" for i in range(101)), 422),
        ("symbols=AAPL&timeframe=1h", 400),
        ("symbols=AAPL&limit=0", 400),
        ("symbols=AAPL&limit=10001", 400),
        ("symbols=AAPL&from=yesterday", 400),
        ("symbols=AAPL&from=2010-01-05&until=2010-01-05", 422),
        ("symbols=AAPL&as_of=2010-01-05T10:00:00", 422),
        ("symbols=AAPL&as_of=3000-01-05", 422),
        ("symbols=AAPL&as_of=long%20ago", 422),
        ("symbols=AAPL&symbols=MSFT", 400),
    ],
)
async def test_what_cannot_be_answered_is_refused(reads: Reads, query: str, status: int) -> None:
    answer = await reads.get(f"/api/bars?{query}")
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


async def test_an_answer_too_long_for_json_is_refused_and_fits_a_table(
    reads: Reads, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.api.representations.JSON_ROWS", 3)
    answer = await reads.get("/api/bars?symbols=AAPL&from=2010-01-01&until=2010-02-01")
    assert answer.status_code == 422
    assert "4 daily bars" in answer.json()["detail"]
    assert (await reads.get("/api/bars?symbols=AAPL&from=2010-01-01&until=2010-02-01", accept=ARROW)).status_code == 200
    assert (await reads.get("/api/bars?symbols=AAPL&from=2010-01-06&until=2010-02-01")).status_code == 200


async def test_as_of_takes_a_date_for_the_days_end_in_new_york(reads: Reads) -> None:
    dated = await reads.json("/api/bars?symbols=AAPL&as_of=2010-01-05")
    assert dated["as_of"] == "2010-01-06T04:59:59.999999Z"
    assert dated["until"] == "2010-01-06"
    assert dated["symbols"][0]["close"] == [100.0, 104.0]
    stamped = await reads.json("/api/bars?symbols=AAPL&as_of=2010-01-06T00:00:00-05:00&until=2010-01-06")
    assert stamped["symbols"][0]["close"] == [50.0, 52.0], "the split's ex-date has begun"
    unescaped = await reads.json("/api/bars?symbols=AAPL&as_of=2010-01-06T05:00:00+00:00&until=2010-01-06")
    assert unescaped["as_of"] == "2010-01-06T05:00:00Z"


async def test_an_etag_holds_until_something_changes(reads: Reads) -> None:
    first = await reads.get(URL)
    etag = first.headers["etag"]
    assert first.headers["cache-control"] == "private, no-cache"
    for sent in (etag, f"W/{etag}", f'"x", {etag}', "*"):
        again = await reads.get(URL, if_none_match=sent)
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
    assert (await reads.get(URL, if_none_match='"other"')).status_code == 200
    assert (await reads.get(URL, if_none_match=etag, accept=ROWS)).status_code == 200
    reads.market.instrument("NEW")
    assert (await reads.get(URL, if_none_match=etag)).status_code == 200


async def test_head_is_get_without_the_body(reads: Reads) -> None:
    whole, head = await reads.get(URL), await reads.client.head(URL)
    assert head.status_code == 200
    assert head.content == b""
    assert head.headers["etag"] == whole.headers["etag"]
    assert head.headers["content-length"] == whole.headers["content-length"]
