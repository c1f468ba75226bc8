"""Polygon's replies: what each means, and what is read out of the good ones. The texts are the real host's."""

from datetime import date
from decimal import Decimal
from typing import Any

import msgspec
import numpy as np
import pytest

from app.domain.datasets import Dataset
from app.domain.quotas import Outcome
from app.ports.providers import RETRY, ActionsPage, BarsOfDay, BarsOfSymbol, ProviderError, Retry, TickersPage
from app.providers.client.http import RawReply
from app.providers.client.verdicts import RefusedError, Verdict
from app.providers.polygon import (
    TWINS,
    ask_news,
    ask_symbol_bars,
    read_actions,
    read_grouped,
    read_tickers,
)
from tests.providers.replies import (
    AGGREGATES,
    CLOSE_MS,
    DAY,
    MIDNIGHT_MS,
    NEWS,
    NEXT,
    PO,
    REFERENCE_NEWS,
    case,
    reply,
)

TICKERS = "/v3/reference/tickers"


def bar(symbol: str = "PG", **fields: Any) -> dict[str, Any]:
    row = {"T": symbol, "o": 62.2, "h": 62.4, "l": 39.37, "c": 60.75, "v": 44e6, "vw": 60.1, "n": 9, "t": CLOSE_MS}
    return {key: value for key, value in {**row, **fields}.items() if value is not ...}


def grouped(*rows: object, **fields: object) -> RawReply:
    return reply({"status": "OK", "adjusted": False, "resultsCount": len(rows), "results": list(rows), **fields})


def refusal(raw: RawReply) -> Verdict:
    with pytest.raises(RefusedError) as caught:
        read_grouped(raw, BarsOfDay(session=DAY), TWINS)
    return caught.value.verdict


PRICING = "Please upgrade your plan at https://polygon.io/pricing"
MEANINGS = [
    (429, {"status": "ERROR", "error": "You've exceeded the maximum requests per minute, please wait or upgrade your"
           " subscription to continue. https://polygon.io/pricing"}, Outcome.RATE_LIMITED),
    (200, {"status": "ERROR", "error": "You've exceeded the maximum requests per minute"}, Outcome.RATE_LIMITED),
    (403, {"status": "NOT_AUTHORIZED", "message": f"Attempted to request today's data before end of day. {PRICING}"},
     Outcome.NOT_YET_FINAL),
    (403, {"status": "NOT_AUTHORIZED", "message": f"You are not entitled to this data. {PRICING}"},
     Outcome.NOT_ENTITLED),
    (401, {"status": "ERROR", "error": "API Key was not provided"}, Outcome.BAD_KEY),
    (401, {"status": "ERROR", "error": "Unknown API Key"}, Outcome.BAD_KEY),
    (404, {"status": "NOT_FOUND", "message": "Page not found."}, Outcome.NOT_FOUND),
    (200, {"status": "NOT_FOUND", "message": "Ticker not found."}, Outcome.NOT_FOUND),
    (400, {"status": "ERROR", "error": "Could not parse the time parameter: 'date'."}, Outcome.BAD_REQUEST),
    (200, {"status": "ERROR", "error": "Something new"}, Outcome.MALFORMED),
    (200, {"status": "OK", "error": "but not really", "results": []}, Outcome.MALFORMED),
    (200, {"results": []}, Outcome.MALFORMED),
    (200, {"status": 1, "results": []}, Outcome.MALFORMED),
    (502, {"status": "OK", "results": []}, Outcome.SERVER_ERROR),
]  # fmt: skip


@pytest.mark.parametrize(("status", "body", "meaning"), MEANINGS)
def test_each_refusal_has_one_meaning(status: int, body: dict[str, object], meaning: Outcome) -> None:
    assert refusal(reply(body, status)).outcome is meaning


def test_no_bars_are_an_answer_only_with_a_count_of_none() -> None:
    """Else the answer to another question, or half of one, would say that nothing was traded."""
    assert refusal(reply({"status": "OK"})).outcome is Outcome.MALFORMED
    assert refusal(reply({"status": "OK", "resultsCount": 3})).outcome is Outcome.MALFORMED
    none = {"status": "OK", "queryCount": 0, "resultsCount": 0, "adjusted": False}
    assert len(read_grouped(reply(none), BarsOfDay(session=DAY), TWINS).bars) == 0


def test_a_refused_timeframe_refuses_the_date_and_not_the_dataset() -> None:
    text = f"Your plan doesn't include this data timeframe. {PRICING}"
    verdict = refusal(reply({"status": "NOT_AUTHORIZED", "message": text}, 403))
    assert (verdict.outcome, verdict.out_of_range) == (Outcome.NOT_ENTITLED, True)
    error = ProviderError(text, outcome=verdict.outcome, out_of_range=True)
    assert error.retry is Retry.NEVER


def test_every_outcome_but_success_has_a_retry_class() -> None:
    assert set(RETRY) == set(Outcome) - {Outcome.OK}


@pytest.mark.parametrize("status", ["OK", "DELAYED"])
@pytest.mark.parametrize("at_ms", [CLOSE_MS, MIDNIGHT_MS, MIDNIGHT_MS + 86_399_999])
def test_bars_become_columns(status: str, at_ms: int) -> None:
    answer = read_grouped(
        grouped(bar(t=at_ms), bar("IBM", vw=..., n=..., v=7, t=at_ms), status=status), BarsOfDay(session=DAY), TWINS
    )
    bars = answer.bars
    assert bars.symbols == ["PG", "IBM"]
    assert bars.sessions.tolist() == [DAY, DAY]
    assert bars.low.tolist() == [39.37, 39.37]
    assert bars.volume.tolist() == [44e6, 7.0]
    assert bars.vwap[0] == 60.1
    assert np.isnan(bars.vwap[1])
    assert bars.trades.tolist() == [9, -1]
    assert answer.unreadable == []


def test_a_session_without_bars_is_no_error() -> None:
    assert len(read_grouped(reply({"status": "OK", "resultsCount": 0}), BarsOfDay(session=DAY), TWINS).bars) == 0
    none = {"status": "OK", "results": None, "resultsCount": 0}
    assert len(read_grouped(reply(none), BarsOfDay(session=DAY), TWINS).bars) == 0


@pytest.mark.parametrize("wrong", [
    grouped(bar(), adjusted=True),
    grouped(bar(), resultsCount=2),
    grouped(bar(t=CLOSE_MS + 86_400_000), bar("IBM", t=CLOSE_MS + 86_400_000)),
    grouped(bar(t=MIDNIGHT_MS - 1)),
    grouped(bar(t=MIDNIGHT_MS + 86_400_000)),
    grouped(bar(T=...), bar("IBM", o=...)),
    grouped(bar(c="60.75"), bar("IBM", c="1")),
    grouped(1, 2, 3),
    reply({"status": "OK", "results": {"T": "PG"}}),
    reply({"status": "OK", "results": "none"}),
    reply(b'{"status":"OK","results":[{"T":"PG","o":NaN,"h":1,"l":1,"c":1,"v":1,"t":1273176000000}]}'),
    reply(b'{"status":"OK","results":[{"T":"PG","o":1e999,"h":1,"l":1,"c":1,"v":1,"t":1273176000000}]}'),
    reply(b'{"status":"OK","results":[{"T":"PG"'),
])  # fmt: skip
def test_a_reply_that_cannot_be_true_is_refused_whole(wrong: RawReply) -> None:
    assert refusal(wrong).outcome is Outcome.MALFORMED


@pytest.mark.parametrize(
    "fields", [{"o": None}, {"c": "60.75"}, {"v": ...}, {"t": -1}, {"t": 10**30}, {"n": 10**30}, {"T": 5}, {"h": True}]
)
def test_one_unreadable_row_is_held_and_the_rest_is_read(fields: dict[str, Any]) -> None:
    answer = read_grouped(grouped(bar("IBM"), bar(**fields), bar("KO")), BarsOfDay(session=DAY), TWINS)
    assert answer.bars.symbols == ["IBM", "KO"]
    (held,) = answer.unreadable
    assert held.rule == "unreadable"
    assert held.session == DAY
    assert held.row["l"] == 39.37
    assert "documented form" in held.evidence["unreadable"]


def test_a_stray_row_of_another_day_is_held() -> None:
    answer = read_grouped(grouped(bar("IBM"), bar(t=MIDNIGHT_MS - 1), bar("KO")), BarsOfDay(session=DAY), TWINS)
    assert answer.bars.symbols == ["IBM", "KO"]
    assert [(row.symbol, row.rule) for row in answer.unreadable] == [("PG", "wrong_session")]


def test_tickers_are_read_and_the_next_page_is_only_a_cursor() -> None:
    rows = [
        {"ticker": "A", "name": "Agilent", "primary_exchange": "XNYS", "type": "CS", "active": True,
         "currency_name": "usd", "cik": "0001090872", "composite_figi": "BBG000C2V3D6", "market": "stocks"},
        {"ticker": "BAC.PRB"},
        {"ticker": "N\x00L"},
    ]  # fmt: skip
    body = {"status": "OK", "results": rows, "next_url": f"https://api.massive.com{TICKERS}?cursor=Y3Vy&apiKey=x"}
    answer = read_tickers(reply(body), TickersPage(), TWINS)
    first, second = answer.tickers
    assert (first.symbol, first.mic, first.currency, first.figi) == ("A", "XNYS", "USD", "BBG000C2V3D6")
    assert second.name is None
    assert answer.cursor == "Y3Vy"
    assert [row.rule for row in answer.unreadable] == ["unreadable"]


@pytest.mark.parametrize("next_url", [
    f"https://evil.example{TICKERS}?cursor=x",
    f"https://api.polygon.io.evil.example{TICKERS}?cursor=x",
    f"https://api.polygon.io@evil.example{TICKERS}?cursor=x",
    "https://api.polygon.io/v3/other?cursor=x",
    f"https://api.polygon.io{TICKERS}",
    f"//api.polygon.io{TICKERS}?cursor=",
    "http://[",
    "not an address",
])  # fmt: skip
def test_a_next_page_elsewhere_is_refused(next_url: str) -> None:
    with pytest.raises(RefusedError):
        read_tickers(reply({"status": "OK", "results": [], "next_url": next_url}), TickersPage(), TWINS)


def test_splits_and_dividends_are_exact_decimals() -> None:
    row = {"ticker": "GOOGL", "execution_date": "2022-07-18", "split_from": 1, "split_to": 20}
    body = {"status": "OK", "results": [row, {**row, "ticker": "CIG.C", "split_from": 0.1, "id": "E1"}]}
    first, second = read_actions(reply(body), ActionsPage(dataset=Dataset.SPLITS, since=DAY), TWINS).actions
    assert (first.kind, first.ref, first.split_to) == ("split", "split:GOOGL:2022-07-18", Decimal(20))
    assert (second.ref, second.split_from) == ("E1", Decimal("0.1"))
    paid = {"ticker": "CSSEN", "ex_dividend_date": "2025-06-12", "cash_amount": 0.59375, "dividend_type": "CD",
            "frequency": 4, "pay_date": "2025-06-30", "record_date": "2025-06-15"}  # fmt: skip
    (dividend,) = read_actions(
        reply({"status": "OK", "results": [paid]}), ActionsPage(dataset=Dataset.DIVIDENDS, since=DAY), TWINS
    ).actions
    assert dividend.cash_amount == Decimal("0.59375")
    assert (dividend.ex_date, dividend.pay_on) == (date(2025, 6, 12), date(2025, 6, 30))
    assert dividend.kind == "dividend"


@pytest.mark.parametrize("wrong", [
    {**AGGREGATES, "adjusted": True},
    {**AGGREGATES, "ticker": "KO"},
    {name: value for name, value in AGGREGATES.items() if name != "ticker"},
])  # fmt: skip
def test_other_bars_than_those_of_the_symbol_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(RefusedError) as caught:
        case(PO, Dataset.SYMBOL_BARS).read(reply(wrong))
    assert caught.value.verdict.outcome is Outcome.MALFORMED


def test_a_symbols_bars_are_sorted_and_those_of_other_dates_are_held() -> None:
    rows: list[dict[str, Any]] = AGGREGATES["results"]
    early = {**rows[0], "t": MIDNIGHT_MS - 1}
    answer: Any = case(PO, Dataset.SYMBOL_BARS).read(reply({**AGGREGATES, "results": [rows[1], rows[0], early]}))
    assert answer.bars.sessions.tolist() == [DAY, NEXT]
    assert [row.rule for row in answer.unreadable] == ["wrong_session"]
    bound = BarsOfSymbol(symbol="PG", since=DAY, until=DAY)
    narrow: Any = PO.endpoints[Dataset.SYMBOL_BARS].read(reply(AGGREGATES), bound, TWINS)
    assert narrow.bars.sessions.tolist() == [DAY]


def test_a_symbol_is_a_part_of_the_path_and_no_way_out_of_it() -> None:
    odd = ask_symbol_bars(BarsOfSymbol(symbol="A/../B?x#y", since=DAY, until=NEXT))
    assert odd.path == "/v2/aggs/ticker/A%2F..%2FB%3Fx%23y/range/1/day/2010-05-06/2010-05-07"
    assert odd.params["adjusted"] == "false"
    assert ask_symbol_bars(BarsOfSymbol(symbol="PG", since=DAY)).path.endswith("/2010-05-06/2030-05-01")


def test_news_goes_on_from_its_cursor_and_leads_nowhere_else() -> None:
    answer: Any = case(PO, Dataset.NEWS).read(reply(REFERENCE_NEWS))
    assert answer.cursor == "Zm9v"
    following = msgspec.structs.replace(NEWS, cursor=answer.cursor)
    assert ask_news(following).params == {"cursor": "Zm9v"}
    first = ask_news(NEWS).params
    assert (first["published_utc.gte"], first["published_utc.lt"]) == ("2010-05-05T00:00:00Z", "2010-05-08T00:00:00Z")
    for away in ("https://evil.example/v2/reference/news?cursor=x", "https://api.polygon.io/v3/x?cursor=x"):
        with pytest.raises(RefusedError):
            case(PO, Dataset.NEWS).read(reply({**REFERENCE_NEWS, "next_url": away}))
