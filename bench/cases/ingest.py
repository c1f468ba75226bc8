"""P4: a market day of 10,500 bars into the table, committed: Groat with its checks, straight COPY, SQLAlchemy."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from bench import market
from bench.findings import Finding, at_least, finding
from bench.ingest import BATCH, LIMIT, PEER, Ingest
from bench.pairs import alternate
from bench.replies import Session

if TYPE_CHECKING:
    from bench.lab import Lab

ROWS: Final = 10_500
FRESH_OF_COPY: Final = 90
RERUN_OF_COPY: Final = 55
OVER_EXECUTEMANY: Final = 8
# Of the same kind, key and chunks included: what is compared is the way in.
_TWIN: Final = """
CREATE TABLE {name} (LIKE bars_daily INCLUDING ALL);
DO $$ BEGIN
  IF EXISTS (SELECT FROM pg_extension WHERE extname = 'timescaledb') THEN
    PERFORM create_hypertable('{name}', by_range('session', INTERVAL '3 years'), create_default_indexes => false);
  END IF;
END $$
"""


def run(lab: Lab) -> list[Finding]:
    """Store new sessions each round, so that every table grows alike; then the same sessions again."""
    url = lab.database("ingest")
    made = market.make(ROWS, 2 * BATCH * lab.rounds)
    ids = market.load_instruments(url, made)
    sessions = [Session(made, ids, number) for number in range(len(made.sessions))]
    for name in (LIMIT, PEER):
        lab.postgres.psql(_TWIN.format(name=name), "ingest")
    with asyncio.Runner() as runner:
        return _compare(lab, Ingest(lab, runner, url, sessions))


def _compare(lab: Lab, ingest: Ingest) -> list[Finding]:
    fresh = alternate(
        {
            "groat, fresh": ingest.store_fresh,
            "copy": ingest.copy,
            "groat, unchanged": ingest.store_again,
            "executemany": ingest.executemany,
            "groat, bytes to commit": ingest.whole_step,
        },
        lab.rounds,
        lab.say,
    )

    def share(name: str) -> list[float]:
        return [100 * each for each in fresh.ratio(name, "copy", "").samples]

    ingest.close()
    return [
        finding(
            "rows/s: Groat, fresh keys, of straight binary COPY", share("groat, fresh"), "%", at_least(FRESH_OF_COPY)
        ),
        finding("rows/s: Groat, unchanged re-run, of COPY", share("groat, unchanged"), "%", at_least(RERUN_OF_COPY)),
        fresh.ratio("groat, fresh", "executemany", "rows/s: Groat over SQLAlchemy upserts", at_least(OVER_EXECUTEMANY)),
        finding("rows/s: Groat from the reply's bytes to the commit, of COPY", share("groat, bytes to commit"), "%"),
        finding("processor time a row: straight COPY of Groat, fresh keys", ingest.cpu_share("fresh"), "%"),
        finding("processor time a row: straight COPY of Groat, re-run", ingest.cpu_share("unchanged"), "%"),
        *fresh.absolute("rows/s"),
    ]
