"""Examples of the operations on instruments and indices."""

from typing import Any

JsonObject = dict[str, Any]

INSTRUMENT: JsonObject = {
    "id": 1,
    "symbol": "AAPL",
    "name": "Apple Inc.",
    "mic": "XNAS",
    "type": "CS",
    "currency": "usd",
    "sector": "Information Technology",
    "industry": None,
    "cik": "0000320193",
    "active": True,
    "listed_on": None,
    "delisted_on": None,
}
# From the vendor's own example of a changed ticker.
RENAMED: JsonObject = {
    "instrument": {
        **INSTRUMENT,
        "symbol": "META",
        "name": "Meta Platforms, Inc.",
        "cik": "0001326801",
        "matched_symbol": "FB",
    },
    "story": {
        "symbols": [
            {
                "symbol": symbol,
                "valid_from": first,
                "valid_to": until,
                "provider": "polygon",
                "known_at": "2022-06-11T09:00:00Z",
            }
            for symbol, first, until in (("FB", None, "2022-06-11"), ("META", "2022-06-05", None))
        ],
        "facts": [],
        "memberships": [],
    },
}
CHANGES: JsonObject = {
    "instrument": INSTRUMENT,
    "items": [
        {
            "on": "2010-05-07",
            "kind": "bars_corrected",
            "count": 1,
            "earliest": "2010-05-06",
            "subjects": ["2010-05-06"],
        }
    ],
    "more": False,
}
INDEX: JsonObject = {
    "index": "sp500",
    "title": "S&P 500",
    "size": 500,
    "members": 503,
    "since": "1957-03-04",
    "source": "index-constitution 1.0.1",
    "known_at": "2026-11-23T14:00:00Z",
}
MEMBER: JsonObject = {"symbol": "AAPL", "name": "Apple Inc.", "joined_on": "1982-11-30", "instrument": INSTRUMENT}
