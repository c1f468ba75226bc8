"""SQLAlchemy bulk upserts (asyncpg): `python -m bench.peers.executemany TABLE ROWS.pickle` prints rows/s.

A list of dictionaries through `INSERT ... ON CONFLICT DO UPDATE`, a reply's rows at a time, each its own transaction.
"""

from __future__ import annotations

import asyncio
import os
import pickle
import sys
import time
from pathlib import Path

from sqlalchemy import BigInteger, Column, Date, DateTime, Float, Integer, MetaData, Table, Text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import create_async_engine

URL = os.environ["DATABASE_URL"].replace("postgresql://", "postgresql+asyncpg://")  # noqa: TID251 - not Groat's process
PRICES = ("open", "high", "low", "close", "volume", "vwap")
NAMES = ("instrument_id", "session", *PRICES, "trades", "provider", "fetch_id", "known_at")


def table(name: str) -> Table:
    """Describe the bars table."""
    return Table(
        name,
        MetaData(),
        Column("instrument_id", Integer, primary_key=True),
        Column("session", Date, primary_key=True),
        *(Column(price, Float) for price in PRICES),
        Column("trades", Integer),
        Column("provider", Text),
        Column("fetch_id", BigInteger),
        Column("known_at", DateTime(timezone=True)),
    )


async def store(name: str, replies: list[list[tuple[object, ...]]]) -> float:
    """Upsert every reply; return rows/s."""
    bars = table(name)
    upsert = insert(bars)
    changes = {column: upsert.excluded[column] for column in NAMES[2:]}
    upsert = upsert.on_conflict_do_update(index_elements=NAMES[:2], set_=changes)
    engine = create_async_engine(URL)
    async with engine.connect():
        pass
    begun = time.perf_counter()
    for rows in replies:
        async with engine.begin() as connection:
            await connection.execute(upsert, [dict(zip(NAMES, row, strict=True)) for row in rows])
    elapsed = time.perf_counter() - begun
    await engine.dispose()
    return sum(map(len, replies)) / elapsed


if __name__ == "__main__":
    stored = pickle.loads(Path(sys.argv[2]).read_bytes())  # noqa: S301 - written by this very run
    print(asyncio.run(store(sys.argv[1], stored)))
