"""The law against looking ahead while companies change their tickers: later names, too, decide nothing earlier."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.laws.look_ahead import Law, Told, World, few, histories, never_looks_ahead
from tests.laws.test_look_ahead import LAWS, second_url, worlds  # noqa: F401  two are fixtures

if TYPE_CHECKING:
    from app.db.engine import Connection

pytestmark = [pytest.mark.anyio, pytest.mark.stack, pytest.mark.slow]

HELD = """
SELECT i.id, s.valid_from FROM instruments i JOIN instrument_symbols s ON s.instrument_id = i.id AND s.symbol = i.symbol
WHERE i.symbol = %s AND i.active AND s.superseded_at IS NULL
"""


async def tell_rename(unit: Connection, told: Told) -> None:
    """Whoever has the symbol takes another one from a day on, as a sweep of the tickers would tell."""
    new = f"{told.symbol}{told.size}"
    held: tuple[Any, ...] | None = await (await unit.execute(HELD, [told.symbol])).fetchone()
    taken = await (await unit.execute(HELD, [new])).fetchone()
    if held is None or taken is not None or (held[1] is not None and held[1] >= told.on):
        return
    number, first = held
    await unit.execute(
        "UPDATE instruments SET symbol = %s, changed_at = %s WHERE id = %s", [new, told.known_at, number]
    )
    await unit.execute(
        "UPDATE instrument_symbols SET superseded_at = %s WHERE instrument_id = %s AND superseded_at IS NULL"
        " AND symbol = %s",
        [told.known_at, number, told.symbol],
    )
    for symbol, since, until in ((told.symbol, first, told.on), (new, told.on, None)):
        await unit.execute(
            "INSERT INTO instrument_symbols (instrument_id, symbol, valid_from, valid_to, provider, known_at)"
            " VALUES (%s, %s, %s, %s, 'test', %s)",
            [number, symbol, since, until, told.known_at],
        )


async def tell_flag(unit: Connection, told: Told) -> None:
    """A doubt about a bar, or the end of one."""
    held: tuple[Any, ...] | None = await (await unit.execute(HELD, [told.symbol])).fetchone()
    if held is not None and told.size % 2:
        await unit.execute(
            "INSERT INTO bar_flags (instrument_id, session, rule, evidence, known_at)"
            " VALUES (%s, %s, 'jump', '{}', %s) ON CONFLICT DO NOTHING",
            [held[0], told.on, told.known_at],
        )
    elif held is not None:
        await unit.execute(
            "UPDATE bar_flags SET state = 'resolved', decided_at = %s, decision = 'an action explains it'"
            " WHERE instrument_id = %s AND state = 'open'",
            [told.known_at, held[0]],
        )


BOTH = "symbols=AAA,BBB"
FLAGS = Law(
    kinds={"bar": LAWS["bars"].kinds["bar"], "flag": tell_flag},
    reads=(
        "/api/data-quality/flags",
        f"/api/data-quality/flags?{BOTH}&state=open",
        "/api/data-quality/flags?state=resolved&limit=2",
        "/api/disagreements?dataset=bars",
        f"/api/bars?{BOTH}&from=2020-01-01&until=2020-02-01&flags=true",
    ),
)
NOUNS = {**LAWS, "flags": FLAGS}


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("noun", NOUNS)
@few
@given(data=st.data())
async def test_a_ticker_that_changes_later_changes_no_earlier_answer(
    worlds: tuple[World, World],  # noqa: F811  the fixture above
    noun: str,
    data: st.DataObject,
) -> None:
    law = Law(kinds={**NOUNS[noun].kinds, "rename": tell_rename}, reads=NOUNS[noun].reads)
    await never_looks_ahead(*worlds, law, data.draw(histories([*law.kinds, "rename"])))
