"""Store lists of instruments: renamed ones keep their number, tickers that others took over get another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

import msgspec

from app.db.fetch_log import close_fetch, hold_rows, open_fetch, storable
from app.db.instrument_sweeps import end_sweep
from app.db.instrument_tenures import end_tenures, note_formers, reopen_tenures, take_over
from app.db.instrument_unions import ALONE
from app.domain.datasets import Watermark
from app.domain.instrument_identity import Known, Match, Verdict, match_active, match_inactive
from app.domain.quality import HeldRow
from app.ports.stores import Stored

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from app.db.engine import Connection
    from app.ports.providers import ListedTicker
    from app.ports.steps import UnitOfWork
    from app.ports.stores import Fetched, ListPage

    Matched = list[tuple[ListedTicker, Match]]

# The last session matters for those of which only bars are known.
CANDIDATES: Final = """
SELECT i.id, i.symbol, i.name, i.cik, i.figi, i.active, i.delisted_on, i.last_listing IS NOT NULL, i.misses, CASE
  WHEN i.name IS NULL AND i.cik IS NULL AND i.figi IS NULL
  THEN (SELECT max(session) FROM bars_daily b WHERE b.instrument_id = i.id) END
FROM instruments i WHERE i.symbol = ANY(%(symbols)s) OR i.figi = ANY(%(figis)s) ORDER BY i.id
"""
ROWS: Final = """
WITH listed AS (
  SELECT * FROM jsonb_to_recordset(%(rows)s::text::jsonb) AS l(id integer, symbol text, name text, mic text, type text,
    currency text, cik text, figi text, active boolean, delisted_on date)
)"""
# A list that lacks a field does not erase it: another list may have had it.
FACTS: Final = """
  name = coalesce(l.name, i.name), mic = coalesce(l.mic, i.mic), type = coalesce(l.type, i.type),
  currency = coalesce(l.currency, i.currency), cik = coalesce(l.cik, i.cik), figi = coalesce(l.figi, i.figi),
  active = l.active, delisted_on = CASE WHEN NOT l.active THEN coalesce(l.delisted_on, i.delisted_on) END,
  changed_at = %(now)s"""
DIFFERS: Final = """
  (i.name, i.mic, i.type, i.currency, i.cik, i.figi, i.active, i.delisted_on) IS DISTINCT FROM (
    coalesce(l.name, i.name), coalesce(l.mic, i.mic), coalesce(l.type, i.type), coalesce(l.currency, i.currency),
    coalesce(l.cik, i.cik), coalesce(l.figi, i.figi), l.active,
    CASE WHEN NOT l.active THEN coalesce(l.delisted_on, i.delisted_on) END)"""
UPDATE: Final = f"{ROWS} UPDATE instruments i SET {FACTS} FROM listed l WHERE i.id = l.id AND {DIFFERS}"  # noqa: S608  only our own constants
# Rows come sorted by symbol: two transactions that make the same instruments wait for each other in one order.
INSERT: Final = f"""
{ROWS}
INSERT INTO instruments AS i
  (symbol, name, mic, type, currency, cik, figi, active, delisted_on, provider, known_at, changed_at)
SELECT symbol, name, mic, type, currency, cik, figi, active, delisted_on, %(provider)s, %(now)s, %(now)s FROM listed
ON CONFLICT (symbol) WHERE active DO UPDATE SET {FACTS.replace("l.", "excluded.")}
RETURNING id, symbol, xmax = 0
"""  # noqa: S608  only our own constants
END: Final = """
UPDATE instruments SET active = false, changed_at = %(now)s WHERE id = ANY(%(ids)s) AND active
"""
SEEN: Final = """
UPDATE instruments SET first_listing = coalesce(first_listing, %(on)s), last_listing = %(on)s, misses = 0
WHERE symbol = ANY(%(symbols)s) AND active AND last_listing IS DISTINCT FROM %(on)s
"""
AMBIGUOUS: Final = {"ambiguous_instrument": "more than one stored instrument may be meant, and nothing tells which"}


class InstrumentsIngestStore:
    """Lists of instruments into PostgreSQL."""

    async def store(
        self, unit: UnitOfWork, tickers: Sequence[ListedTicker], fetched: Fetched, page: ListPage | None = None
    ) -> Stored:
        """Store what the list says; each ticker comes once among the active ones."""
        connection = cast("Connection", unit)
        await connection.execute(ALONE)
        fetch_id = await open_fetch(connection)
        rows = sorted(tickers, key=lambda ticker: (ticker.symbol, str(ticker.delisted_on)))
        matched = await matches(connection, rows, trusted=page is None)
        doubtful = [doubted(ticker) for ticker, match in matched if match.verdict is Verdict.AMBIGUOUS]
        fetched = msgspec.structs.replace(fetched, held=[*fetched.held, *doubtful])
        ended = [match.ended for _, match in matched if match.ended is not None]
        if ended:
            await connection.execute(END, {"ids": ended, "now": fetched.known_at})
        changed = await update(connection, matched, fetched)
        inserted = await insert(connection, matched, fetched)
        moved = await tell_symbols(connection, matched, fetched, fetch_id, page)
        if page and page.active:
            symbols = [ticker.symbol for ticker in rows]
            await connection.execute(SEEN, {"symbols": symbols, "on": page.on})
        if page and page.last and page.active:
            swept = await end_sweep(connection, page, fetched, fetch_id)
            fetched = msgspec.structs.replace(fetched, held=[*fetched.held, *swept.held])
            moved = moved or swept.moved
        held = await hold_rows(connection, fetched, fetch_id)
        stored = Stored(rows=len(tickers), inserted=inserted, changed=changed, held=held, instruments=inserted)
        await close_fetch(connection, fetched, fetch_id, stored, watermarks(stored, moved=moved))
        return stored


def watermarks(stored: Stored, *, moved: bool) -> list[Watermark]:
    """Return what readers must read again: everything, when facts moved from one instrument to another."""
    if moved:
        return sorted(Watermark)
    return [Watermark.INSTRUMENTS] if stored.inserted or stored.changed else []


async def matches(connection: Connection, rows: Sequence[ListedTicker], *, trusted: bool) -> Matched:
    """Judge every row."""
    values = {"symbols": [row.symbol for row in rows], "figis": [row.figi for row in rows if row.figi]}
    found = cast("list[tuple[Any, ...]]", await (await connection.execute(CANDIDATES, values)).fetchall())
    holders: dict[str, list[Known]] = {}
    twins: dict[str, list[Known]] = {}
    for record in found:
        known = Known(**dict(zip(Known.__struct_fields__, record, strict=True)))
        holders.setdefault(known.symbol, []).append(known)
        if known.figi:
            twins.setdefault(known.figi, []).append(known)
    judged: Matched = []
    for row in rows:
        own, same = holders.get(row.symbol, ()), twins.get(row.figi or "", ())
        match = match_active(row, own) if row.active else match_inactive(row, own, same, trusted=trusted)
        judged.append((row, match))
    return judged


async def update(connection: Connection, matched: Matched, fetched: Fetched) -> int:
    """Store what is said of known instruments; return how many that changed."""
    rows = [(row, match.instrument) for row, match in matched if match.verdict in {Verdict.KNOWN, Verdict.DELISTED}]
    values = {"rows": encoded(rows), "now": fetched.known_at}
    return (await connection.execute(UPDATE, values)).rowcount if rows else 0


async def insert(connection: Connection, matched: Matched, fetched: Fetched) -> int:
    """Store instruments that were not known; return how many."""
    rows = [(row, None) for row, match in matched if match.verdict is Verdict.NEW]
    if not rows:
        return 0
    values = {"rows": encoded(rows), "now": fetched.known_at, "provider": fetched.provider}
    made = await (await connection.execute(INSERT, values)).fetchall()
    return sum(is_new for _, _, is_new in cast("list[tuple[int, str, bool]]", made))


async def tell_symbols(
    connection: Connection, matched: Matched, fetched: Fetched, fetch_id: int, page: ListPage | None
) -> bool:
    """Store who had which symbol until when; tell whether facts moved from one instrument to another."""
    back = [match.instrument for row, match in matched if match.verdict is Verdict.KNOWN and row.active]
    await reopen_tenures(connection, [number for number in back if number is not None], fetched, fetch_id)
    ends = [
        (match.instrument, row.symbol, row.delisted_on)
        for row, match in matched
        if match.verdict in {Verdict.DELISTED, Verdict.KNOWN} and not row.active and match.instrument is not None
    ]
    moved = await end_tenures(connection, ends, fetched, fetch_id)
    taken = [(match.ended, row.symbol) for row, match in matched if match.ended is not None]
    if taken:
        await take_over(connection, taken, page.on if page else fetched.known_at.date(), fetched, fetch_id)
    formers = [(row, match) for row, match in matched if match.verdict is Verdict.FORMER]
    return await note_formers(connection, formers, fetched, fetch_id) or moved


def encoded(rows: Iterable[tuple[ListedTicker, int | None]]) -> str:
    """Return rows for PostgreSQL, with the number of the instrument that each is about."""
    return storable([{**msgspec.structs.asdict(row), "id": number} for row, number in rows])


def doubted(row: ListedTicker) -> HeldRow:
    """Hold a row of which it cannot be told what it is about."""
    return HeldRow(
        symbol=row.symbol, session=None, rule="ambiguous_instrument", evidence=AMBIGUOUS, row=msgspec.to_builtins(row)
    )
