"""Examples of the operations on pipelines."""

from typing import Any

JsonObject = dict[str, Any]

RUN: JsonObject = {
    "id": 7,
    "pipeline": "daily_bars",
    "window": "backfill:2010-01-04..2010-02-01",
    "args": {"from": "2010-01-04", "until": "2010-02-01", "force": False},
    "state": "running",
    "created_at": "2026-11-23T14:00:00Z",
    "ended_at": None,
    "steps": {"ready": 1, "waiting": 2},
}
STEP: JsonObject = {
    "run_id": 7,
    "step": "fetch",
    "part": "2010-01-04",
    "state": "done",
    "needs": ["plan"],
    "queue": "long",
    "attempt": 1,
    "crashes": 0,
    "free_at": "2026-11-23T14:00:05Z",
    "args": {"session": "2010-01-04"},
    "report": {"done": 524},
    "error": None,
    "owner": "worker-1",
    "call": {"provider": "polygon", "at": "2026-11-23T14:00:05.2Z", "duration_ms": 41.7, "outcome": "ok"},
    "started_at": "2026-11-23T14:00:05Z",
    "ended_at": "2026-11-23T14:00:06Z",
}
PIPELINE: JsonObject = {
    "spec": {
        "name": "daily_bars",
        "summary": "Fetch the sessions that are missing.",
        "cron": "30 17 * * 1-5",
        "tz": "America/New_York",
        "catch_up": "latest",
        "steps": [
            {
                "name": "plan",
                "summary": "Find the gaps, and what may be asked for now.",
                "needs": [],
                "fan_out_of": None,
                "queue": "fast",
                "deadline_s": 120.0,
            }
        ],
    },
    "next_due": "2010-04-26T21:30:00Z",
    "paused": False,
    "last_run": RUN,
}
