"""Every read of the market's facts takes `as_of`, or it is said here why not."""

from __future__ import annotations

import json
from pathlib import Path

DESCRIPTION = Path(__file__).parents[2] / "docs/reference/openapi.json"
# What these tell of is the platform itself, not the market.
OWN_STATE = {"health", "pipelines", "providers", "system"}
EXCUSED = {
    "getDataQuality": "how the data stand: tells of now, and each flag and bar has its own past",
    "getQualityCalendar": "the same by session",
    "listHeldRows": "what waits for a decision; each row tells since when it is known and when it was decided",
    "getHeldRow": "one of these",
    "searchInstruments": "finds symbols for the eye, by the names of now; what is found is then asked as of a time",
}


def test_every_read_of_facts_is_asked_as_of_a_time() -> None:
    paths = json.loads(DESCRIPTION.read_bytes())["paths"]
    without = set()
    taking = 0
    for item in paths.values():
        read = item.get("get")
        if read is None or OWN_STATE & set(read["tags"]):
            continue
        if any(parameter.get("name") == "as_of" for parameter in read.get("parameters", ())):
            taking += 1
        else:
            without.add(read["operationId"])
    assert without == set(EXCUSED)
    assert taking > 10
