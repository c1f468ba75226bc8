"""Put facts into a database as ingest does: revisions kept, watermarks moved, listeners told."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, NamedTuple

import psycopg

if TYPE_CHECKING:
    from collections.abc import Iterable
    from decimal import Decimal

EARLY = datetime(2000, 1, 1, tzinfo=UTC)


class Bar(NamedTuple):
    """A raw daily bar."""

    session: date
    open: float
    high: float
    low: float
    close: float
    volume: float


class Market:
    """A way to write facts, each in a transaction of its own."""

    def __init__(self, url: str) -> None:
        self.connection = psycopg.connect(url, autocommit=True)

    def close(self) -> None:
        self.connection.close()

    def instrument(self, symbol: str, name: str | None = None, **more: object) -> int:
        """Add an instrument and return its id."""
        facts = {"mic": None, "sector": None, "active": True, "currency": "usd", **more}
        with self.connection.transaction():
            row = self.connection.execute(
                """INSERT INTO instruments (symbol, name, mic, sector, active, currency, provider, known_at, changed_at)
                VALUES (%s, %s, %s, %s, %s, %s, 'test', %s, %s) RETURNING id""",
                (symbol, name, facts["mic"], facts["sector"], facts["active"], facts["currency"], EARLY, EARLY),
            ).fetchone()
            self.move("instruments")
        assert row is not None
        return int(row[0])

    def bars(self, instrument: int, bars: Iterable[Bar], known_at: datetime = EARLY) -> None:
        """Store bars; what they replace becomes a revision."""
        with self.connection.transaction():
            for bar in bars:
                self.connection.execute(
                    """WITH old AS (DELETE FROM bars_daily WHERE instrument_id = %s AND session = %s RETURNING *)
                    INSERT INTO bar_revisions SELECT old.*, %s FROM old""",
                    (instrument, bar.session, known_at),
                )
                self.connection.execute(
                    """INSERT INTO bars_daily (instrument_id, session, open, high, low, close, volume, provider,
                      fetch_id, known_at) VALUES (%s, %s, %s, %s, %s, %s, %s, 'test', 1, %s)""",
                    (instrument, *bar, known_at),
                )
            self.move("bars_daily")

    def split(self, instrument: int, ex_date: date, ratio: tuple[int, int], **more: object) -> None:
        """Store a split: ``(1, 2)`` is two new shares for one."""
        facts = {"known_at": EARLY, "superseded_at": None, "provider": "test", **more}
        with self.connection.transaction():
            self.connection.execute(
                """INSERT INTO corporate_actions (instrument_id, kind, ex_date, split_from, split_to, provider,
                  provider_ref, fetch_id, known_at, superseded_at)
                VALUES (%s, 'split', %s, %s, %s, %s, gen_random_uuid()::text, 1, %s, %s)""",
                (instrument, ex_date, *ratio, facts["provider"], facts["known_at"], facts["superseded_at"]),
            )
            self.move("corporate_actions")

    def dividend(self, instrument: int, ex_date: date, amount: Decimal, **more: object) -> None:
        """Store a cash dividend."""
        facts = {"known_at": EARLY, "currency": "USD", "provider": "test", **more}
        with self.connection.transaction():
            self.connection.execute(
                """INSERT INTO corporate_actions (instrument_id, kind, ex_date, cash_amount, currency, provider,
                  provider_ref, fetch_id, known_at)
                VALUES (%s, 'dividend', %s, %s, %s, %s, gen_random_uuid()::text, 1, %s)""",
                (instrument, ex_date, amount, facts["currency"], facts["provider"], facts["known_at"]),
            )
            self.move("corporate_actions")

    def number(self, symbol: str) -> int:
        """Return the number of an instrument that is there."""
        row = self.connection.execute("SELECT id FROM instruments WHERE symbol = %s", (symbol,)).fetchone()
        assert row is not None
        return int(row[0])

    def quote(self, symbol: str, at: datetime, price: float, **more: object) -> None:
        """Store a provider's quote."""
        facts = {"known_at": at, "provider": "finnhub", "previous_close": None, **more}
        with self.connection.transaction():
            self.connection.execute(
                """INSERT INTO quotes (instrument_id, at, price, provider, previous_close, fetch_id, known_at)
                VALUES (%s, %s, %s, %s, %s, 1, %s)""",
                (self.number(symbol), at, price, facts["provider"], facts["previous_close"], facts["known_at"]),
            )
            self.move("quotes")

    def facts(
        self, symbol: str, dataset: str, facts: dict[str, float | str], known_at: datetime, **more: object
    ) -> None:
        """Store what a provider tells of a company; what it told before ends."""
        provider = more.get("provider", "finnhub")
        key = (self.number(symbol), dataset, provider)
        with self.connection.transaction():
            self.connection.execute(
                """UPDATE company_facts SET superseded_at = %s
                WHERE (instrument_id, dataset, provider) = (%s, %s, %s) AND superseded_at IS NULL""",
                (known_at, *key),
            )
            self.connection.execute(
                """INSERT INTO company_facts (instrument_id, dataset, provider, facts, fetch_id, known_at, seen_at)
                VALUES (%s, %s, %s, %s::text::jsonb, 1, %s, %s)""",
                (*key, json.dumps(facts), known_at, known_at),
            )
            self.move("fundamentals")

    def report(self, symbol: str, quarter: tuple[int, int], day: date, known_at: datetime, **more: object) -> None:
        """Store an earnings report; the one of the same quarter before it ends."""
        facts = {"provider": "finnhub", "eps_actual": None, **more}
        key = (self.number(symbol), *quarter, facts["provider"])
        with self.connection.transaction():
            self.connection.execute(
                """UPDATE earnings SET superseded_at = %s
                WHERE (instrument_id, fiscal_year, fiscal_quarter, provider) = (%s, %s, %s, %s)
                  AND superseded_at IS NULL""",
                (known_at, *key),
            )
            self.connection.execute(
                """INSERT INTO earnings (instrument_id, fiscal_year, fiscal_quarter, provider, report_date, eps_actual,
                  fetch_id, known_at) VALUES (%s, %s, %s, %s, %s, %s, 1, %s)""",
                (*key, day, facts["eps_actual"], known_at),
            )
            self.move("earnings")

    def move(self, dataset: str) -> None:
        """Move a watermark and tell the listeners, in the open transaction."""
        row = self.connection.execute(
            """INSERT INTO watermarks (dataset, version, changed_at) VALUES (%s, 1, now())
            ON CONFLICT (dataset) DO UPDATE SET version = watermarks.version + 1 RETURNING version""",
            (dataset,),
        ).fetchone()
        assert row is not None
        told = json.dumps({"dataset": dataset, "version": row[0]})
        self.connection.execute("SELECT pg_notify('groat_changes', %s)", (told,))


def bar(session: date | str, close: float = 100.0, volume: float = 1_000.0) -> Bar:
    """A bar around a close."""
    day = date.fromisoformat(session) if isinstance(session, str) else session
    return Bar(day, close, close * 1.25, close * 0.75, close, volume)
