"""The state of the plan in PostgreSQL: the instruments by tier, who was asked when, and how the providers are."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, cast

import numpy as np

from app.domain.datasets import Dataset
from app.domain.plan_breaker import LOOKED_AT, Recent
from app.domain.plan_wants import Answers, Universe
from app.domain.quotas import Outcome
from app.ports.planning import Followed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Mapping, Sequence
    from datetime import date, datetime

    import numpy.typing as npt

    from app.db.engine import Database
    from app.domain.quotas import Allowance

INDEX = "sp500"
# Common stock and its receipts; of what has no type yet nobody knows better.
COMPANIES = ["CS", "ADRC", "OS"]
# How many of the latest settled sessions a hole is looked for in.
HOLE_SESSIONS = 20
# Any constant will do, as long as nothing else in this database uses it.
TURN_KEY = 0x706C616E
UNIX_2000_US = 946_684_800_000_000
# One row of packed columns: ten thousand rows would cost more to take apart than the query itself.
UNIVERSE = """
WITH settled_days AS (
  SELECT s.session FROM sessions s JOIN settled t ON t.dataset = 'bars_daily' AND t.instrument_id = 0
  WHERE s.mic = 'XNYS' AND s.session <= %(today)s AND t.span @> s.session ORDER BY s.session DESC LIMIT %(days)s
), members AS (
  SELECT DISTINCT instrument_id FROM index_memberships
  WHERE index = %(index)s AND superseded_at IS NULL AND joined_on <= %(today)s
    AND (left_on IS NULL OR left_on > %(today)s)
), followed AS (
  SELECT i.id, i.symbol,
    CASE WHEN i.symbol = ANY(%(watchlist)s) THEN 0 WHEN m.instrument_id IS NOT NULL THEN 1 ELSE 2 END AS tier
  FROM instruments i LEFT JOIN members m ON m.instrument_id = i.id
  WHERE i.active AND (i.type IS NULL OR i.type = ANY(%(companies)s)
    OR m.instrument_id IS NOT NULL OR i.symbol = ANY(%(watchlist)s))
), judged AS (
  SELECT f.id, f.symbol, f.tier, f.tier = 0 AND EXISTS (
    SELECT FROM settled_days d
    WHERE NOT EXISTS (SELECT FROM bars_daily b WHERE b.instrument_id = f.id AND b.session = d.session)
      AND EXISTS (SELECT FROM bars_daily b WHERE b.instrument_id = f.id AND b.session < d.session)) AS hole
  FROM followed f
)
SELECT string_agg(int4send(id), ''::bytea ORDER BY id), string_agg(symbol, E'\\n' ORDER BY id),
  string_agg(tier::text, '' ORDER BY id), string_agg(hole::int::text, '' ORDER BY id)
FROM judged
"""
ANSWERS = """
SELECT dataset, provider, array_send(array_agg(instrument_id)), array_send(array_agg(asked_at)),
  array_send(array_agg(instrument_id) FILTER (WHERE misses > 0)),
  array_send(array_agg(next_ask) FILTER (WHERE misses > 0)),
  array_send(array_agg(misses) FILTER (WHERE misses > 0))
FROM asks WHERE dataset = ANY(%(datasets)s) GROUP BY dataset, provider ORDER BY dataset, provider
"""
# PostgreSQL's binary form of an array without NULLs: a head, then each element behind its length.
HEAD_BYTES = 20
INTEGER = np.dtype([("length", ">i4"), ("value", ">i4")])
MOMENT = np.dtype([("length", ">i4"), ("value", ">i8")])
# A call that was never settled and can be counted no more was lost with its worker: that says nothing of the provider.
# What was counted elsewhere was no call of ours.
RECENT = """
SELECT CASE WHEN settled THEN coalesce(outcome, 'unsent') WHEN last_wall > groat_server_time() THEN NULL
    ELSE 'unsent' END,
  greatest(0, extract(epoch FROM groat_server_time() - at_wall))::float8
FROM provider_calls WHERE allowance = %s AND outcome IS DISTINCT FROM 'elsewhere' ORDER BY last_wall DESC LIMIT %s
"""
QUEUED = """
SELECT args ->> 'provider', count(*)::int FROM pipeline_steps
WHERE step = 'fetch' AND state <> 'done' AND state <> 'dead' AND args ? 'provider' GROUP BY 1 ORDER BY 1
"""
ASKED_SINCE = """
SELECT count(DISTINCT i.symbol) FROM asks a JOIN instruments i ON i.id = a.instrument_id
WHERE i.symbol = ANY(%(symbols)s) AND a.dataset = %(dataset)s AND a.provider = %(provider)s
  AND a.asked_at > %(since)s
"""
EVER_ANSWERED = "SELECT EXISTS (SELECT FROM asks WHERE dataset = %s AND provider = %s AND misses = 0)"
IS_NEWEST = "SELECT NOT EXISTS (SELECT FROM pipeline_runs WHERE pipeline = %s AND id > %s)"


class PlanningStore:
    """The planner's reads, in PostgreSQL."""

    def __init__(self, database: Database) -> None:
        """Read through this database."""
        self._database = database

    async def followed(self, datasets: Collection[Dataset], watchlist: Sequence[str], today: date) -> Followed:
        """Return every instrument by tier, and what was asked of these datasets."""
        values = {
            "today": today,
            "days": HOLE_SESSIONS,
            "index": INDEX,
            "watchlist": list(watchlist),
            "companies": COMPANIES,
        }
        async with self._database.connection("plan") as connection:
            cursor = connection.cursor(binary=True)
            row = await (await cursor.execute(UNIVERSE, values)).fetchone()
            rows = await (await cursor.execute(ANSWERS, {"datasets": sorted(datasets)})).fetchall()
        ids_, symbols, tiers, holes = cast("tuple[bytes | None, str, str, str]", row)
        if ids_ is None:
            return Followed(universe=Universe(), answers={})
        ids = np.frombuffer(ids_, ">i4").astype(np.int64)
        universe = Universe(
            symbols=tuple(symbols.split("\n")), tiers=digits(tiers), holes=digits(holes).astype(np.bool_)
        )
        answers = {
            (Dataset(dataset), provider): unpacked(arrays, ids)
            for dataset, provider, *arrays in cast("list[tuple[str, str, bytes | None]]", rows)
        }
        return Followed(universe=universe, answers=answers)

    async def recent(self, allowance: Allowance) -> list[Recent]:
        """Return what came of the latest calls, the newest first."""
        async with self._database.connection("plan") as connection:
            rows = await (await connection.execute(RECENT, [allowance.id, LOOKED_AT])).fetchall()
        found = cast("list[tuple[str | None, float]]", rows)
        return [Recent(None if outcome is None else Outcome(outcome), ago) for outcome, ago in found]

    async def queued(self) -> Mapping[str, int]:
        """Return how many calls open runs will still make, by provider."""
        async with self._database.connection("plan") as connection:
            rows = await (await connection.execute(QUEUED)).fetchall()
        return dict(cast("list[tuple[str, int]]", rows))

    async def asked_since(self, dataset: Dataset, provider: str, symbols: Sequence[str], since: datetime) -> bool:
        """Tell whether a provider was asked about all of these symbols after a moment."""
        values = {"dataset": dataset, "provider": provider, "symbols": list(symbols), "since": since}
        async with self._database.connection("plan") as connection:
            row = await (await connection.execute(ASKED_SINCE, values)).fetchone()
        return cast("tuple[int]", row)[0] >= len(set(symbols))

    async def ever_answered(self, dataset: Dataset, provider: str) -> bool:
        """Tell whether a provider ever knew something of any instrument."""
        async with self._database.connection("plan") as connection:
            row = await (await connection.execute(EVER_ANSWERED, [dataset, provider])).fetchone()
        return cast("tuple[bool]", row)[0]

    async def is_newest(self, pipeline: str, run_id: int) -> bool:
        """Tell whether no later run of the pipeline exists."""
        async with self._database.connection("plan") as connection:
            row = await (await connection.execute(IS_NEWEST, [pipeline, run_id])).fetchone()
        return cast("tuple[bool]", row)[0]

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[bool]:
        """Hold the planner's turn as long as the block runs; a planner that dies gives it back."""
        async with self._database.transaction("plan") as unit:
            row = await (await unit.execute("SELECT pg_try_advisory_xact_lock(%s)", [TURN_KEY])).fetchone()
            yield cast("tuple[bool]", row)[0]


def digits(text: str) -> npt.NDArray[np.int8]:
    """Return a string of digits as numbers."""
    return (np.frombuffer(text.encode("ascii"), np.uint8) - ord("0")).astype(np.int8)


def values(array: bytes | None, element: np.dtype[np.void]) -> npt.NDArray[np.int64]:
    """Return the elements of an array in PostgreSQL's binary form; none for NULL."""
    if array is None:
        return np.zeros(0, np.int64)
    return np.frombuffer(array, element, offset=HEAD_BYTES)["value"].astype(np.int64)


def unpacked(arrays: Sequence[bytes | None], ids: npt.NDArray[np.int64]) -> Answers:
    """Return packed answers side by side with the universe; what is about others is left out."""
    asked_of, asked, missed_of, following, misses = (
        values(array, element)
        for array, element in zip(arrays, (INTEGER, MOMENT, INTEGER, MOMENT, INTEGER), strict=True)
    )
    found = Answers.none(ids.size)
    places, known = places_of(asked_of, ids)
    found.asked_us[places] = found.next_us[places] = asked[known] + UNIX_2000_US
    places, known = places_of(missed_of, ids)
    found.next_us[places] = following[known] + UNIX_2000_US
    found.misses[places] = misses[known]
    return found


def places_of(
    wanted: npt.NDArray[np.int64], ids: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.bool_]]:
    """Return where those that are known lie in a sorted array, and which those are."""
    places = np.searchsorted(ids, wanted)
    known = (places < ids.size) & (ids[np.minimum(places, ids.size - 1)] == wanted)
    return places[known], known
