"""Where a second provider's bar differs from the stored one: the open differences, number by number."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from app.db.holders_sql import symbol_then
from app.domain.quality_opinions import TOLERANCES
from app.ports.fact_reads import Disagreement, Opinion

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.db.engine import Database
    from app.ports.fact_reads import DisagreementQuery

# A difference that was settled after the as-of stood open then; the second word is the one that was compared.
PAGE: Final = """
SELECT n.symbol, f.session || ' ' || c.name, c.name,
  f.evidence -> 'providers' ->> 0, (f.evidence -> (f.evidence -> 'providers' ->> 0) ->> c.name)::float8, f.bar_known_at,
  f.evidence -> 'providers' ->> 1, (f.evidence -> (f.evidence -> 'providers' ->> 1) ->> c.name)::float8,
  coalesce((
    SELECT max(o.known_at) FROM bar_opinions o WHERE o.instrument_id = f.instrument_id AND o.session = f.session
      AND o.provider = f.evidence -> 'providers' ->> 1 AND o.known_at <= f.known_at), f.known_at)
FROM bar_flags f JOIN instruments i ON i.id = f.instrument_id CROSS JOIN LATERAL (SELECT {symbol} AS symbol) n
CROSS JOIN LATERAL jsonb_array_elements_text(f.evidence -> 'columns') AS c(name)
WHERE f.rule = 'provider_difference'
  AND CASE WHEN %(as_of)s::timestamptz IS NULL THEN f.state = 'open'
      ELSE f.known_at <= %(as_of)s AND (f.decided_at IS NULL OR f.decided_at > %(as_of)s) END
  AND (%(instruments)s::integer[] IS NULL OR i.id = ANY(%(instruments)s))
  AND (%(after_symbol)s::text IS NULL
    OR (n.symbol COLLATE "C", f.session || ' ' || c.name COLLATE "C") > (%(after_symbol)s, %(after_subject)s))
ORDER BY n.symbol COLLATE "C", f.session || ' ' || c.name COLLATE "C" LIMIT %(limit)s
""".replace("{symbol}", symbol_then("%(as_of)s::timestamptz"))


class BarDisagreements:
    """Differences of daily bars as `app.ports.fact_reads.DisagreementReads` asks for them."""

    def __init__(self, database: Database) -> None:
        """Read through this database."""
        self._database = database

    async def page(self, query: DisagreementQuery) -> Sequence[Disagreement]:
        """Return up to `limit` disagreements; the stored bar's provider comes first in each."""
        after_symbol, after_subject = query.after or (None, None)
        values = {
            "as_of": query.as_of,
            "instruments": None if query.instruments is None else list(query.instruments),
            "after_symbol": after_symbol,
            "after_subject": after_subject,
            "limit": query.limit,
        }
        async with self._database.connection("disagreements") as connection:
            rows = cast("list[tuple[Any, ...]]", await (await connection.execute(PAGE, values)).fetchall())
        return [disagreement(*row) for row in rows]


def disagreement(symbol: str, subject: str, column: str, *told: Any) -> Disagreement:  # noqa: ANN401  as the statement gives them
    """Put two providers' numbers side by side; `told` is provider, value and since when known, twice."""
    opinions = [Opinion(provider=told[i], value=told[i + 1], known_at=told[i + 2]) for i in (0, 3)]
    ours, theirs = float(told[1]), float(told[4])
    return Disagreement(
        symbol=symbol,
        subject=subject,
        difference=abs(ours - theirs) / max(abs(ours), abs(theirs)),
        tolerance=TOLERANCES[column],
        opinions=opinions,
    )
