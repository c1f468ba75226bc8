"""Symbols to instrument numbers as of a session, kept by each process for as long as nobody changes an instrument."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, cast

from app.domain.instrument_symbols import AMBIGUOUS, Tenure, holder, latest, room

if TYPE_CHECKING:
    from datetime import date

    from app.db.engine import Connection
    from app.ports.stores import Fetched

    Named = tuple[str, date | None]

VERSION = "coalesce((SELECT version FROM watermarks WHERE dataset = 'instruments'), 0)"
TENURES: Final = """
SELECT s.symbol, s.instrument_id, s.valid_from, s.valid_to, i.active
FROM instrument_symbols s JOIN instruments i ON i.id = s.instrument_id WHERE s.superseded_at IS NULL
"""
AMONG: Final = f"{TENURES} AND s.symbol = ANY(%s)"
# Whoever makes an instrument of a symbol that others have had waits here for those who do the same.
LOCK = """
SELECT count(pg_advisory_xact_lock(hashtext('instruments'), hashtext(symbol)))
FROM (SELECT symbol FROM unnest(%s::text[]) AS symbol ORDER BY symbol) AS ordered
"""
# Sorted by their callers: two transactions that make the same instruments wait for each other in one order.
CREATE = """
WITH wanted AS (
  SELECT * FROM unnest(%(symbols)s::text[], %(active)s::boolean[]) AS w(symbol, active)
)
INSERT INTO instruments (symbol, active, provider, known_at, changed_at)
SELECT symbol, active, %(provider)s, %(now)s, %(now)s FROM wanted
ON CONFLICT (symbol) WHERE active DO NOTHING RETURNING id, symbol
"""
BOUND = """
UPDATE instrument_symbols s SET valid_from = b.first, valid_to = b.until
FROM unnest(%(ids)s::integer[], %(first)s::date[], %(until)s::date[]) AS b(id, first, until)
WHERE s.instrument_id = b.id AND s.superseded_at IS NULL
"""


class InstrumentIds:
    """The map, as committed at the watermark's version that it was read at.

    Nearly every symbol has had one holder whose first and last sessions are not known: those are `_plain`.
    """

    def __init__(self) -> None:
        """Know nothing yet."""
        self._version = -1
        self._plain: dict[str, int] = {}
        self._storied: dict[str, list[Tenure]] = {}

    async def of(
        self,
        unit: Connection,
        symbols: Sequence[str],
        fetched: Fetched,
        version: int | None = None,
        *,
        on: date | Sequence[date] | None = None,
    ) -> tuple[list[int], int]:
        """Return the number of each symbol's holder, in the order given, and how many instruments had to be made.

        `on` is the session that all symbols are of, or each one's; without it the present holder is meant, or the
        last one. A symbol that nobody had then becomes an instrument; one of which it cannot be told whose it was is
        AMBIGUOUS (0). `version` is the watermark's, when the caller has read it in this transaction. What is made in
        this transaction is not kept here: it may yet be rolled back.
        """
        await self._refresh(unit, version)
        ids = list(map(self._plain.get, symbols))
        if None not in ids:
            return cast("list[int]", ids), 0
        wanted: dict[int, Named] = {}
        for place, number in enumerate(ids):
            if number is None:
                symbol, day = symbols[place], on[place] if isinstance(on, Sequence) else on
                ids[place] = found = _holder(self._storied.get(symbol, ()), day)
                if found is None:
                    wanted[place] = (symbol, day)
        if not wanted:
            return cast("list[int]", ids), 0
        new, made = await self._make(unit, sorted(set(wanted.values()), key=_order), fetched)
        for place, named in wanted.items():
            ids[place] = new[named]
        return cast("list[int]", ids), made

    async def _make(self, unit: Connection, wanted: list[Named], fetched: Fetched) -> tuple[dict[Named, int], int]:
        """Make the instruments that are wanted; one that covers several of the days is made once."""
        symbols = list(dict.fromkeys(symbol for symbol, _ in wanted))
        storied = [symbol for symbol in symbols if symbol in self._storied]
        if storied:
            await unit.execute(LOCK, [storied])
        tenures = by_symbol(await _rows(unit, AMONG, [symbols]))
        first = dict(reversed(wanted))
        nobodys = {symbol: day for symbol, day in first.items() if _holder(tenures.get(symbol, ()), day) is None}
        made = await _create(unit, nobodys, tenures, fetched) if nobodys else 0
        if nobodys:
            tenures |= by_symbol(await _rows(unit, AMONG, [list(nobodys)]))
        found = {named: _holder(tenures.get(named[0], ()), named[1]) for named in wanted}
        beyond = [named for named, number in found.items() if number is None]
        if beyond and made:
            # Further days of a symbol that lie beyond what was made, on the other side of somebody's tenure.
            more, further = await self._make(unit, beyond, fetched)
            return {**found, **more}, made + further  # type: ignore[dict-item]  # those that are None are in `more`
        return {named: AMBIGUOUS if number is None else number for named, number in found.items()}, made

    async def _refresh(self, unit: Connection, version: int | None) -> None:
        if version is None:
            row = await (await unit.execute(f"SELECT {VERSION}")).fetchone()
            version = cast("tuple[int]", row)[0]
        if version == self._version:
            return
        # The version was read first: a row that is newer than it is only seen early, never missed.
        plain: dict[str, int] = {}
        storied = by_symbol(await _rows(unit, TENURES, []))
        for symbol, (first, *others) in storied.items():
            if not others and first.start is None and first.end is None:
                plain[symbol] = first.instrument
        for symbol in plain:
            del storied[symbol]
        self._plain, self._storied, self._version = plain, storied, version


def by_symbol(rows: Sequence[tuple[str, int, date | None, date | None, bool]]) -> dict[str, list[Tenure]]:
    """Return the tenures of each symbol."""
    found: dict[str, list[Tenure]] = {}
    for symbol, instrument, start, end, active in rows:
        found.setdefault(symbol, []).append(Tenure(instrument=instrument, start=start, end=end, active=active))
    return found


async def _create(
    unit: Connection, asked: dict[str, date | None], tenures: dict[str, list[Tenure]], fetched: Fetched
) -> int:
    """Make one instrument of each symbol around its day; somebody else's, committed meanwhile, is as good."""
    rooms = {s: room(tenures.get(s, ()), day) if day else (None, None) for s, day in asked.items()}
    values = {
        "symbols": list(rooms),
        # What gave its symbol up is not traded under it any more; more is not known.
        "active": [until is None for _, until in rooms.values()],
        "provider": fetched.provider,
        "now": fetched.known_at,
    }
    made = cast("list[tuple[int, str]]", await (await unit.execute(CREATE, values)).fetchall())
    bounded = [(number, *rooms[symbol]) for number, symbol in made if rooms[symbol] != (None, None)]
    if bounded:
        ids, first, until = map(list, zip(*bounded, strict=True))
        await unit.execute(BOUND, {"ids": ids, "first": first, "until": until})
    return len(made)


async def _rows(
    unit: Connection, sql: str, values: list[object]
) -> list[tuple[str, int, date | None, date | None, bool]]:
    rows = await (await unit.execute(sql, values)).fetchall()
    return cast("list[tuple[str, int, date | None, date | None, bool]]", rows)


def _holder(tenures: Sequence[Tenure], day: date | None) -> int | None:
    return latest(tenures) if day is None else holder(tenures, day)


def _order(named: Named) -> tuple[str, str]:
    return named[0], str(named[1] or "")
