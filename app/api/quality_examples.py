"""Examples of what is said of the data's quality: the replay market's own."""

from typing import Any

JsonObject = dict[str, Any]

HELD: JsonObject = {
    "id": 7,
    "dataset": "bars_daily",
    "symbol": "C",
    "session": "2010-04-20",
    "rule": "volume_overflow",
    "evidence": {"volume_overflow": "the volume is the largest value of a 32-bit counter: the source overflowed"},
    "row": {"open": 4.88, "high": 5.0, "low": 4.8, "close": 4.95, "volume": 2147483600.0, "vwap": None, "trades": None},
    "provider": "polygon",
    "fetch_id": 12,
    "state": "held",
    "known_at": "2010-04-21T00:30:00Z",
    "decided_at": None,
    "decided_by": None,
    "reason": None,
}
DECIDED: JsonObject = {
    "decided_at": "2010-04-26T20:30:00Z",
    "decided_by": "operator",
    "reason": "The exchange differs.",
}
FLAG: JsonObject = {
    "id": 3,
    "symbol": "GIS",
    "session": "2010-06-09",
    "rule": "jump",
    "evidence": {
        "text": (
            "moved -50.1 % beyond known actions, from 75.14 to 37.5: 83 times its usual move; looks like a 2-for-1 "
            "split of 2010-06-09 that no provider told of"
        ),
        "previous_session": "2010-06-08",
        "previous_close": 75.14,
        "close": 37.5,
        "looks_like": {"split_from": 1, "split_to": 2, "ex_date": "2010-06-09"},
    },
    "state": "open",
    "known_at": "2010-06-10T01:00:00Z",
    "decided_at": None,
    "decision": None,
}
DATASET: JsonObject = {
    "dataset": "bars_daily",
    "newest": "2010-04-23",
    "expected_newest": "2010-04-23",
    "age_s": 232200.0,
    "completeness": 0.9962,
    "gaps": 0,
    "held": {"ohlc_order": 3, "volume_overflow": 1},
    "flags": {"jump": 9, "missing_session": 2},
    "last_ingest_at": "2026-11-23T14:00:05Z",
    "known_at": "2010-04-24T00:30:00Z",
    "provider": "polygon",
}
SESSION: JsonObject = {
    "session": "2010-04-23",
    "final": True,
    "settled": True,
    "expected": 497,
    "stored": 495,
    "held": 1,
    "flagged": 2,
}
