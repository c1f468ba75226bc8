"""An example of each operation, for its description; a test holds them to the schemas."""

from typing import Any, NamedTuple

from app.api.instrument_examples import CHANGES, INDEX, INSTRUMENT, MEMBER, RENAMED
from app.api.market_examples import MARKET
from app.api.news_examples import ARTICLE, ARTICLE_SEEN
from app.api.pipeline_examples import PIPELINE, RUN, STEP
from app.api.quality_examples import DATASET, DECIDED, FLAG, HELD, SESSION

JsonObject = dict[str, Any]


class Example(NamedTuple):
    """What is sent, and what is answered."""

    response: JsonObject | str | None = None
    request: JsonObject | None = None


PROVIDER: JsonObject = {
    "name": "polygon",
    "abilities": [
        {
            "dataset": "bars_daily",
            "history_days": 729,
            "since": None,
            "final_after_s": 14_400.0,
            "embargo_s": 0.0,
            "companies": 0,
            "calls": 1,
            "rank": 1,
            "refusal": None,
        }
    ],
    "windows": [
        {
            "max_calls": 5,
            "span_s": 60.0,
            "resting": 1,
            "next_free": "2010-04-26T20:30:00Z",
            "only": None,
            "leaves": ["2010-04-26T20:30:41Z"],
        }
    ],
    "next_free": "2010-04-26T20:30:00Z",
    "blocked_until": None,
    "blocked_why": None,
    "calls_last_day": {"ok": 83, "rate_limited": 1},
    "breaker": {"state": "closed", "wait_s": 0.0, "failures": 0, "reason": None},
    "warning": None,
}
CALL: JsonObject = {
    "id": 84,
    "at": "2026-11-23T14:00:05Z",
    "purpose": "daily bars of 2010-04-23",
    "settled": True,
    "outcome": "ok",
    "status": 200,
    "reply_bytes": 61_304,
    "duration_ms": 41.7,
    "error": None,
}
HEALTH: JsonObject = {
    "status": "ok",
    "version": "0.1.0",
    "market_time": "2010-04-26T20:30:00Z",
    "market_speed": 5760.0,
    "checks": {"postgres": {"state": "up", "latency_ms": 0.9}, "keeper": {"state": "up", "age_s": 0.4}},
}
SYSTEM: JsonObject = {
    "version": "0.1.0",
    "environment": "dev",
    "clock": "replay",
    "market_time": "2010-04-26T20:30:00Z",
    "market_speed": 5760.0,
    "market_until": "2010-08-21T04:00:00Z",
    "machine_time": "2026-11-23T14:00:05Z",
}
TOKEN: JsonObject = {
    "subject": "operator",
    "expires_at": "2026-11-23T15:00:00Z",
    "machine_time": "2026-11-23T14:00:05Z",
}
PROBLEM: JsonObject = {
    "type": "/problems/conflict",
    "code": "conflict",
    "title": "Conflict",
    "status": 409,
    "detail": "That conflicts with what is already stored.",
}

# The replay market's own: Apple on the day of the Flash Crash.
BARS: JsonObject = {
    "watermark": "41",
    "timeframe": "1d",
    "adjusted": "none",
    "from": "2010-05-05",
    "until": "2010-05-08",
    "as_of": None,
    "unknown": [],
    "symbols": [
        {
            "symbol": "AAPL",
            "session": ["2010-05-05", "2010-05-06", "2010-05-07"],
            "open": [252.88, 254.0, 244.0],
            "high": [258.14, 258.25, 246.57],
            "low": [248.73, 199.25, 225.21],
            "close": [255.985, 246.25, 235.86],
            "volume": [31_539_300.0, 45_923_500.0, 59_857_700.0],
        }
    ],
}
QUOTES: JsonObject = {
    "watermark": "41",
    "unknown": [],
    "without_bars": [],
    "quotes": [
        {
            "symbol": "AAPL",
            "session": "2010-05-07",
            "open": 244.0,
            "high": 246.57,
            "low": 225.21,
            "close": 235.86,
            "volume": 59_857_700.0,
            "previous_close": 246.25,
            "change": -10.39,
            "change_percent": -4.2193,
            "at": "2010-05-07T20:00:00Z",
            "source": "bar",
            "provider": "polygon",
        }
    ],
}
ACTION: JsonObject = {
    "id": 1,
    "symbol": "AAPL",
    "kind": "split",
    "ex_date": "2005-02-28",
    "split_from": "1",
    "split_to": "2",
    "cash_amount": None,
    "currency": None,
    "dividend_type": None,
    "declared_on": None,
    "record_on": None,
    "pay_on": None,
    "provider": "polygon",
    "known_at": "2010-04-26T13:30:00Z",
}
COMPANY: JsonObject = {
    "symbol": "AAPL",
    "as_of": None,
    "providers": ["finnhub"],
    "facts": [
        {
            "name": "name",
            "title": "Name of the company",
            "unit": "text",
            "value": "Apple Inc",
            "provider": "finnhub",
            "known_at": "2010-04-26T13:30:00Z",
        }
    ],
}
FACT: JsonObject = {
    "name": "pe_ttm",
    "title": "Price over earnings of the last twelve months",
    "unit": "ratio",
    "value": 22.4,
    "provider": "finnhub",
    "known_at": "2010-04-26T13:30:00Z",
}
FACT_HISTORY: JsonObject = {
    "symbol": "AAPL",
    "name": "pe_ttm",
    "title": "Price over earnings of the last twelve months",
    "unit": "ratio",
    "as_of": None,
    "values": [
        {
            "value": 22.4,
            "provider": "finnhub",
            "dataset": "fundamentals",
            "known_at": "2010-04-26T13:30:00Z",
            "superseded_at": None,
        }
    ],
    "next": None,
}
PROVENANCE: JsonObject = {
    "dataset": "bars_daily",
    "items": [
        {
            "value": {
                "session": "2010-05-06",
                "open": 254.0,
                "high": 258.25,
                "low": 199.25,
                "close": 246.25,
                "volume": 45_923_500,
            },
            "provider": "polygon",
            "known_at": "2010-05-06T21:30:00Z",
            "superseded_at": None,
            "fetch_id": 84,
            "asked": "2010-05-06",
            "payload_sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            "payload_bytes": 61_304,
            "step": "7/fetch/bars_daily:2010-05-06",
        }
    ],
    "more": False,
}
DISAGREEMENT: JsonObject = {
    "symbol": "AAPL",
    "subject": "pe_ttm",
    "difference": 0.25,
    "tolerance": 0.1,
    "opinions": [
        {"provider": "alpha_vantage", "value": 16.5, "known_at": "2010-04-23T13:30:00Z"},
        {"provider": "finnhub", "value": 22.0, "known_at": "2010-04-26T13:30:00Z"},
    ],
}
EARNINGS: JsonObject = {
    "id": 1,
    "symbol": "AAPL",
    "fiscal_year": 2010,
    "fiscal_quarter": 2,
    "report_date": "2010-04-20",
    "report_time": "after_close",
    "eps_estimate": 2.45,
    "eps_actual": 3.33,
    "revenue_estimate": 12_040_000_000.0,
    "revenue_actual": 13_499_000_000.0,
    "provider": "finnhub",
    "known_at": "2010-04-26T13:30:00Z",
}

PLAN: JsonObject = {
    "made_at": "2010-04-26T20:30:00Z",
    "calls": [
        {
            "provider": "finnhub",
            "dataset": "fundamentals",
            "subject": "AAPL",
            "reason": "fundamentals of AAPL: 7 h old, wanted every 6 h (1.1x)",
            "eta": "2010-04-26T20:30:00Z",
            "in_us": 0,
            "lateness": 1.12,
        }
    ],
    "calls_total": 1,
    "deferred": [
        {
            "dataset": "bars_daily",
            "subject": "2010-04-26",
            "reason": "the session is not final yet",
            "until": "2010-04-27T00:00:00Z",
            "count": 1,
        }
    ],
    "loads": [
        {
            "provider": "finnhub",
            "wanted_per_day": 27_550.0,
            "allowed_per_day": 43_200.0,
            "share": 0.6377,
            "text": "finnhub is asked for 0.64 of its share (27,550 of 43,200 calls a day)",
        }
    ],
    "done_at": "2010-04-26T20:30:00Z",
    "more": False,
}
SIMULATION: JsonObject = {
    "text": "adding 300 symbols to the tier other finishes Monday 21:00 UTC (2010-04-26), "
    "after 900 calls by Monday 2010-04-26 21:00 UTC",
    "simulated": {
        "ended_at": "2010-04-26T21:00:00Z",
        "calls": {"finnhub": 900},
        "market_calls": 0,
        "backfilled_at": None,
        "filled": [{"dataset": "fundamentals", "at": "2010-04-26T20:40:00Z", "left": 0}],
        "finished": "2010-04-26T21:00:00Z",
    },
}

EXAMPLES = {
    "getBars": Example(BARS),
    "getQuotes": Example(QUOTES),
    "getMarket": Example(MARKET),
    "listInstruments": Example({"items": [INSTRUMENT], "next": None, "undated": None}),
    "getInstrument": Example(INSTRUMENT),
    "getInstrumentHistory": Example(RENAMED),
    "listInstrumentChanges": Example(CHANGES),
    "searchInstruments": Example({"items": [INSTRUMENT]}),
    "listNews": Example({"items": [{**ARTICLE, "rank": 0.6}], "next": None, "unknown": []}),
    "getArticle": Example({**ARTICLE, **ARTICLE_SEEN}),
    "listIndices": Example({"on": "2026-11-23", "items": [INDEX]}),
    "listMembers": Example(
        {"index": "sp500", "on": "2010-05-06", "size": 500, "count": 1, "missing": 0, "items": [MEMBER]}
    ),
    "listActions": Example({"items": [ACTION], "next": None, "unknown": []}),
    "getProfile": Example(COMPANY),
    "getFundamentals": Example({**COMPANY, "facts": [FACT]}),
    "getFactHistory": Example(FACT_HISTORY),
    "getProvenance": Example(PROVENANCE),
    "listDisagreements": Example({"items": [DISAGREEMENT], "next": None, "unknown": []}),
    "listEarnings": Example({"items": [EARNINGS], "next": None, "unknown": []}),
    "getLiveness": Example({"status": "ok"}),
    "getReadiness": Example({"status": "ok"}),
    "getHealth": Example(HEALTH),
    "listPipelines": Example({"items": [PIPELINE]}),
    "getPipeline": Example(PIPELINE),
    "listRuns": Example({"items": [RUN], "next": None}),
    "listRecentRuns": Example({"items": [RUN], "next": None}),
    "getRun": Example(RUN),
    "listSteps": Example({"items": [STEP], "next": "WyJmZXRjaCIsIjIwMTAtMDEtMDQiXQ"}),
    "startRun": Example(RUN, {"window": "by-hand-1", "args": {"force": True}}),
    "startBackfill": Example(RUN, {"from": "2010-01-04", "until": "2010-02-01"}),
    "retryRun": Example({"retried": 2}),
    "pausePipeline": Example({**PIPELINE, "paused": True}),
    "resumePipeline": Example(PIPELINE),
    "listProviders": Example({"items": [PROVIDER]}),
    "getProvider": Example(PROVIDER),
    "listCalls": Example({"items": [CALL], "next": None}),
    "getPlan": Example(PLAN),
    "simulatePlan": Example(SIMULATION),
    "getDataQuality": Example({"items": [DATASET]}),
    "getQualityCalendar": Example({"items": [SESSION]}),
    "listFlags": Example({"items": [FLAG], "next": None}),
    "listHeldRows": Example({"items": [HELD], "next": None}),
    "getHeldRow": Example(HELD),
    "releaseHeldRow": Example({**HELD, **DECIDED, "state": "released"}, {"reason": "The exchange shows the same."}),
    "rejectHeldRow": Example({**HELD, **DECIDED, "state": "rejected"}, {"reason": "A counter that overflowed."}),
    "getSystem": Example(SYSTEM),
    "getToken": Example(TOKEN),
    "getProblem": Example(PROBLEM),
    "getOpenApi": Example({"openapi": "3.1.0", "info": {"title": "Groat", "version": "0.1.0"}, "paths": {}}),
    "getDocs": Example("<!doctype html><html lang=en>...</html>"),
    "getStream": Example(
        "retry: 2000\n\nid: 5f2c9a0e1b7d-1290800100000-0\nevent: bars\n"
        'data: {"dataset":"bars_daily","version":42,"session":"2010-05-06"}\n\n'
    ),
    "getMetrics": Example('http_requests_total{method="GET",endpoint="/api/health",status="200"} 12.0\n'),
}
