"""Store who had which symbol until when. What was known before is kept, with the time until which it was."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Final, cast

from app.db.instrument_unions import Union, unite

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.db.engine import Connection
    from app.domain.instrument_identity import Match
    from app.ports.providers import ListedTicker
    from app.ports.stores import Fetched

DAY: Final = timedelta(days=1)
# Each tenure named is replaced by one with other bounds; a bound that would leave it empty changes nothing.
REPLACE: Final = """
WITH wanted AS (
  SELECT * FROM unnest(%(ids)s::integer[], %(symbols)s::text[], %(first)s::date[], %(until)s::date[])
    AS w(instrument_id, symbol, valid_from, valid_to)
), old AS (
  UPDATE instrument_symbols s SET superseded_at = greatest(%(now)s, s.known_at + interval '1 microsecond')
  FROM wanted w
  WHERE s.instrument_id = w.instrument_id AND s.symbol = w.symbol AND s.superseded_at IS NULL
    AND (s.valid_from, s.valid_to) IS DISTINCT FROM (w.valid_from, w.valid_to)
    AND (w.valid_from < w.valid_to) IS NOT FALSE
  RETURNING s.instrument_id, s.symbol, w.valid_from, w.valid_to, s.superseded_at
)
INSERT INTO instrument_symbols (instrument_id, symbol, valid_from, valid_to, provider, fetch_id, known_at)
SELECT instrument_id, symbol, valid_from, valid_to, %(provider)s, %(fetch)s, superseded_at FROM old
"""
ADD: Final = """
INSERT INTO instrument_symbols (instrument_id, symbol, valid_from, valid_to, provider, fetch_id, known_at)
VALUES (%s, %s, %s, %s, %s, %s, %s)
"""
CURRENT: Final = """
SELECT instrument_id, symbol, valid_from, valid_to FROM instrument_symbols
WHERE instrument_id = ANY(%s) AND superseded_at IS NULL ORDER BY instrument_id, valid_to NULLS LAST, id
"""
# What came under the symbol after the last day of whoever had it is the next holder's.
NEXT: Final = """
SELECT i.id FROM instruments i
WHERE i.symbol = %(symbol)s AND i.id <> %(id)s AND i.active AND EXISTS (
  SELECT FROM bars_daily b WHERE b.instrument_id = %(id)s AND b.session >= %(until)s) LIMIT 1
"""
HAND_ON: Final = """
UPDATE {table} SET instrument_id = %(next)s WHERE instrument_id = %(id)s AND session >= %(until)s
"""
Tenure = tuple[int, str, date | None, date | None]


async def current(connection: Connection, instruments: Sequence[int]) -> list[Tenure]:
    """Return the tenures of instruments as they are known now: number, symbol, from, to before."""
    rows = await (await connection.execute(CURRENT, [list(instruments)])).fetchall()
    return cast("list[Tenure]", rows)


async def replace(connection: Connection, tenures: Sequence[Tenure], fetched: Fetched, fetch_id: int) -> None:
    """Give tenures other bounds."""
    if not tenures:
        return
    ids, symbols, first, until = map(list, zip(*tenures, strict=True))
    values = {"ids": ids, "symbols": symbols, "first": first, "until": until, "now": fetched.known_at}
    await connection.execute(REPLACE, {**values, "provider": fetched.provider, "fetch": fetch_id})


async def add(connection: Connection, tenure: Tenure, fetched: Fetched, fetch_id: int) -> None:
    """Add a tenure."""
    await connection.execute(ADD, [*tenure, fetched.provider, fetch_id, fetched.known_at])


async def reopen_tenures(connection: Connection, instruments: Sequence[int], fetched: Fetched, fetch_id: int) -> None:
    """Let instruments that are traded again have the symbol that they have, without an end."""
    ended = [tenure for tenure in await current(connection, instruments) if tenure[3] is not None]
    if not ended:
        return
    rows = await (
        await connection.execute("SELECT id, symbol FROM instruments WHERE id = ANY(%s)", [[t[0] for t in ended]])
    ).fetchall()
    own = set(cast("list[tuple[int, str]]", rows))
    again = [(number, symbol, first, None) for number, symbol, first, _ in ended if (number, symbol) in own]
    await replace(connection, again, fetched, fetch_id)


async def end_tenures(
    connection: Connection, ends: Sequence[tuple[int, str, date | None]], fetched: Fetched, fetch_id: int
) -> bool:
    """End the tenures of what was delisted, each after its last day; tell whether bars were handed on for that.

    Another company may have had bars under the symbol already, before anybody said that the first one was gone.
    """
    last = {(number, symbol): day + DAY for number, symbol, day in ends if day is not None}
    due = []
    for number, symbol, first, until in await current(connection, [number for number, _ in last]):
        end = last.get((number, symbol))
        if end is not None and until != end:
            due.append((number, symbol, first, end))
    await replace(connection, due, fetched, fetch_id)
    moved = False
    for number, symbol, _, until in due:
        values: dict[str, object] = {"id": number, "symbol": symbol, "until": until}
        row = await (await connection.execute(NEXT, values)).fetchone()
        if row is not None:
            heir = cast("tuple[int]", row)[0]
            for table in ("bars_daily", "bar_revisions"):
                await connection.execute(HAND_ON.replace("{table}", table), {**values, "next": heir})
            heirs = [t for t in await current(connection, [heir]) if t[1] == symbol]
            await replace(connection, [(heir, symbol, until, t[3]) for t in heirs], fetched, fetch_id)
            moved = True
    return moved


async def take_over(
    connection: Connection, taken: Sequence[tuple[int, str]], on: date, fetched: Fetched, fetch_id: int
) -> None:
    """End the tenures of symbols that others hold from a day on, and begin the others'."""
    ended = {number for number, _ in taken}
    symbols = {symbol for _, symbol in taken}
    rows = await (
        await connection.execute("SELECT id FROM instruments WHERE symbol = ANY(%s) AND active", [list(symbols)])
    ).fetchall()
    heirs = [number for (number,) in cast("list[tuple[int]]", rows)]
    changed: list[Tenure] = []
    for number, symbol, first, until in await current(connection, [*ended, *heirs]):
        if symbol in symbols and until is None:
            changed.append((number, symbol, first, on) if number in ended else (number, symbol, first or on, None))
    await replace(connection, changed, fetched, fetch_id)


async def note_formers(
    connection: Connection, formers: Sequence[tuple[ListedTicker, Match]], fetched: Fetched, fetch_id: int
) -> bool:
    """Store former symbols of instruments that were renamed; tell whether facts moved from one to another.

    An instrument that was made of the bars of the former symbol is united with the one that had it.
    """
    moved = False
    for row, match in formers:
        number = cast("int", match.instrument)
        until = row.delisted_on + DAY if row.delisted_on else None
        if match.also is not None:
            evidence = {"figi": f"{row.symbol} had the FIGI {row.figi}"}
            union = Union(gone=match.also, stays=number, evidence=evidence)
            moved = await unite(connection, union, fetched, fetch_id) or moved
        tenures = await current(connection, [number])
        changed: list[Tenure] = [(n, s, f, until) for n, s, f, _ in tenures if s == row.symbol and until is not None]
        if changed:
            await replace(connection, changed, fetched, fetch_id)
        elif all(symbol != row.symbol for _, symbol, _, _ in tenures) and until is not None:
            await add(connection, (number, row.symbol, None, until), fetched, fetch_id)
        # With two names, one followed the other.
        others = [tenure for tenure in tenures if tenure[1] != row.symbol]
        if len(others) == 1 and until is not None and (others[0][3] is None or others[0][3] > until):
            n, symbol, _, end = others[0]
            await replace(connection, [(n, symbol, until, end)], fetched, fetch_id)
    return moved


async def rename(connection: Connection, old: Tenure, new: Tenure, fetched: Fetched, fetch_id: int) -> None:
    """Let an instrument have another symbol: `old` names the first one's end, `new` the second one's beginning."""
    number, symbol, _, until = old
    kept = [(n, s, f, until) for n, s, f, end in await current(connection, [number]) if s == symbol and end is None]
    await replace(connection, kept, fetched, fetch_id)
    await add(connection, new, fetched, fetch_id)
