"""How the data stand: from counts that ingest keeps, fetches, flags and held rows; bars are never looked at."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Any, Final, LiteralString, cast

from app.db.holders_sql import holder, symbol_then, symbols
from app.domain.sessions import US_EQUITIES
from app.ports.quality import FlagView, Ingested, Overview, SessionCount

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from app.db.engine import Connection, Database
    from app.ports.quality import FlagQuery

# The last row of each dataset by one look into the index each: asked for by equality, PostgreSQL would rather read all
# rows from the end until it meets a dataset that was fetched long ago.
INGESTED: Final = """
WITH RECURSIVE each AS (
  (SELECT dataset FROM fetches ORDER BY dataset LIMIT 1)
  UNION ALL
  SELECT (SELECT f.dataset FROM fetches f WHERE f.dataset > e.dataset ORDER BY f.dataset LIMIT 1)
  FROM each e WHERE e.dataset IS NOT NULL
)
SELECT f.dataset, f.known_at, f.created_at, f.provider FROM each e
CROSS JOIN LATERAL (
  SELECT * FROM fetches f WHERE (f.dataset, f.id) <= (e.dataset, 9223372036854775807)
  ORDER BY f.dataset DESC, f.id DESC LIMIT 1
) f
WHERE e.dataset IS NOT NULL ORDER BY f.dataset
"""
CASES: Final = """
SELECT dataset, rule, count(*)::int FROM quarantine WHERE state = 'held' GROUP BY dataset, rule
UNION ALL
SELECT NULL, rule, count(*)::int FROM bar_flags WHERE state = 'open' GROUP BY rule
"""
# The share moves by a few instruments a minute, and is the one figure that needs a look at a row for each.
ASKED_S: Final = 60.0
# From the key alone. Those that have been delisted since are counted too, and there may be no more than all.
ASKED: Final = """
SELECT a.dataset, least(1, count(*)::float8 / (SELECT greatest(1, count(*)) FROM instruments WHERE active))
FROM (SELECT DISTINCT dataset, instrument_id FROM asks) a GROUP BY a.dataset
"""
SWEPT: Final = """
SELECT dataset, upper(span) - 1 FROM settled
WHERE instrument_id = 0 AND NOT isempty(span) AND upper(span) < 'infinity'
"""
CALENDAR: Final = """
WITH answered AS (SELECT span FROM settled WHERE dataset = 'bars_daily' AND instrument_id = 0),
held AS (
  SELECT session, count(*) AS held FROM quarantine
  WHERE dataset = 'bars_daily' AND state = 'held' AND session >= %(from)s AND session < %(until)s GROUP BY session
), flagged AS (
  SELECT session, count(*) AS flagged, count(*) FILTER (WHERE rule = 'missing_session') AS missing FROM bar_flags
  WHERE state = 'open' AND session >= %(from)s AND session < %(until)s GROUP BY session
)
SELECT s.session, s.close_at, coalesce((SELECT span @> s.session FROM answered), false),
  coalesce(b.stored, 0), coalesce(f.missing, 0)::int, coalesce(h.held, 0)::int, coalesce(f.flagged, 0)::int
FROM sessions s
LEFT JOIN bar_sessions b ON b.session = s.session
LEFT JOIN held h ON h.session = s.session
LEFT JOIN flagged f ON f.session = s.session
WHERE s.mic = %(mic)s AND s.session >= %(from)s AND s.session < %(until)s ORDER BY s.session
"""
# Whose the symbols are as far as was known then; `infinity` is now.
MEANT: Final[LiteralString] = symbols(
    holder("coalesce(%(as_of)s::timestamptz, 'infinity')", "coalesce(%(until)s::date, 'infinity')"),
    "%(symbols)s::text[]",
)
# A flag that was decided after the as-of was still open then.
FLAGS: Final = """
SELECT f.id, {symbol}, f.session, f.rule, f.evidence,
  CASE WHEN f.decided_at > %(as_of)s::timestamptz THEN 'open' ELSE f.state END AS state, f.known_at,
  CASE WHEN f.decided_at > %(as_of)s::timestamptz THEN NULL ELSE f.decided_at END,
  CASE WHEN f.decided_at > %(as_of)s::timestamptz THEN NULL ELSE f.decision END
FROM bar_flags f JOIN instruments i ON i.id = f.instrument_id
WHERE (%(symbols)s::text[] IS NULL OR f.instrument_id IN (SELECT i.id FROM {meant}))
  AND (%(rule)s::text IS NULL OR f.rule = %(rule)s)
  AND (%(from)s::date IS NULL OR f.session >= %(from)s) AND (%(until)s::date IS NULL OR f.session < %(until)s)
  AND (%(as_of)s::timestamptz IS NULL OR f.known_at <= %(as_of)s)
  AND (%(state)s::text IS NULL
    OR %(state)s = CASE WHEN f.decided_at > %(as_of)s::timestamptz THEN 'open' ELSE f.state END)
  AND (%(after_session)s::date IS NULL OR (f.session, f.id) < (%(after_session)s::date, %(after_id)s::bigint))
ORDER BY f.session DESC, f.id DESC LIMIT %(limit)s
""".replace("{symbol}", symbol_then("%(as_of)s::timestamptz")).replace("{meant}", MEANT)


class QualityReadsStore:
    """The state of the data as `app.ports.quality.QualityReads` asks for it."""

    def __init__(self, database: Database) -> None:
        """Read through this database."""
        self._database = database
        self._asked: dict[str, float] = {}
        self._asked_at = -1e9

    async def overview(self, from_: date, until: date) -> Overview:
        """Return how all datasets stand, with the calendar's sessions from a date to before another."""
        dates = {"from": from_, "until": until, "mic": US_EQUITIES}
        async with self._database.connection("data_quality") as connection:
            told = [await rows_of(connection, sql, {}) for sql in (INGESTED, CASES, SWEPT)]
            if monotonic() - self._asked_at > ASKED_S:
                self._asked = dict(await rows_of(connection, ASKED, {}))
                self._asked_at = monotonic()
            sessions = await rows_of(connection, CALENDAR, dates)
        held: dict[str, dict[str, int]] = {}
        flags: dict[str, int] = {}
        for dataset, rule, count in told[1]:
            (flags if dataset is None else held.setdefault(dataset, {}))[rule] = count
        return Overview(
            ingested={row[0]: Ingested(dataset=row[0], known_at=row[1], at=row[2], provider=row[3]) for row in told[0]},
            held=held,
            flags=flags,
            asked=self._asked,
            swept=dict(told[2]),
            sessions=[counted_session(row) for row in sessions],
        )

    async def calendar(self, from_: date, until: date) -> list[SessionCount]:
        """Return the calendar's sessions from a date to before another, in order."""
        dates = {"from": from_, "until": until, "mic": US_EQUITIES}
        async with self._database.connection("data_quality") as connection:
            return [counted_session(row) for row in await rows_of(connection, CALENDAR, dates)]

    async def flags(self, query: FlagQuery) -> Sequence[FlagView]:
        """Return up to `limit` flags, the latest session first."""
        after_session, after_id = query.after or (None, None)
        values = {
            "symbols": None if query.symbols is None else list(query.symbols),
            "rule": query.rule,
            "state": query.state,
            "from": query.from_,
            "until": query.until,
            "as_of": query.as_of,
            "after_session": after_session,
            "after_id": after_id,
            "limit": query.limit,
        }
        async with self._database.connection("data_quality") as connection:
            rows = await rows_of(connection, FLAGS, values)
        return [FlagView(**dict(zip(FlagView.__struct_fields__, row, strict=True))) for row in rows]


async def rows_of(connection: Connection, sql: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Run a statement and return its rows."""
    return cast("list[tuple[Any, ...]]", await (await connection.execute(sql.encode(), values)).fetchall())


def counted_session(row: tuple[Any, ...]) -> SessionCount:
    """Return a row of the calendar by name."""
    return SessionCount(**dict(zip(SessionCount.__struct_fields__, row, strict=True)))
