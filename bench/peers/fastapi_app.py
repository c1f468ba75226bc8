"""FastAPI + Pydantic + SQLAlchemy async (asyncpg): the stack that Groat replaces, over Groat's own tables.

`/orm` is the way the manuals teach: ORM entities, `response_model`. `/core` is the same tuned: Core rows and
autocommit (no BEGIN and ROLLBACK around a read). `/bare` also gives up the response model, for orjson.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator  # noqa: TC003  FastAPI reads annotations at run time
from datetime import date
from typing import Annotated, Any

import orjson
from fastapi import Depends, FastAPI, Query, Response
from pydantic import BaseModel, ConfigDict
from sqlalchemy import ForeignKey, Lateral, Select, select, true
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, aliased, mapped_column

POOL = 8
URL = os.environ["DATABASE_URL"].replace("postgresql://", "postgresql+asyncpg://")  # noqa: TID251 - not Groat's process
engine = create_async_engine(URL, pool_size=POOL, max_overflow=0)
autocommit = engine.execution_options(isolation_level="AUTOCOMMIT")
sessions = async_sessionmaker(engine, expire_on_commit=False)
app = FastAPI()


class Base(DeclarativeBase):
    """The mapped tables."""


class Instrument(Base):
    """A tradable security."""

    __tablename__ = "instruments"
    id: Mapped[int] = mapped_column(primary_key=True)
    symbol: Mapped[str]


class Bar(Base):
    """A raw daily bar."""

    __tablename__ = "bars_daily"
    instrument_id: Mapped[int] = mapped_column(ForeignKey("instruments.id"), primary_key=True)
    session: Mapped[date] = mapped_column(primary_key=True)
    open: Mapped[float]
    high: Mapped[float]
    low: Mapped[float]
    close: Mapped[float]
    volume: Mapped[float]


class BarOut(BaseModel):
    """A bar as it is answered."""

    model_config = ConfigDict(from_attributes=True)

    session: date
    open: float
    high: float
    low: float
    close: float
    volume: float


class QuoteOut(BarOut):
    """The latest bar of a symbol, and its change from the close before it."""

    symbol: str
    previous_close: float | None
    change: float | None
    change_percent: float | None


BAR_NAMES = tuple(BarOut.model_fields)
BAR_COLUMNS = tuple(getattr(Bar, name) for name in BAR_NAMES)


async def session() -> AsyncIterator[AsyncSession]:
    """Lend a session for a request."""
    async with sessions() as found:
        yield found


Database = Annotated[AsyncSession, Depends(session)]
Symbols = Annotated[str, Query(min_length=1)]
Since = Annotated[date, Query(alias="from")]
Until = Annotated[date, Query()]


@app.get("/ready")
async def ready() -> bool:
    """Tell that the server is up."""
    return True


@app.get("/orm/bars", response_model=list[BarOut])
async def orm_bars(symbol: str, since: Since, until: Until, database: Database) -> list[Bar]:
    """Return the bars of a symbol in a range of dates, oldest first."""
    found = await database.scalars(_bars_of(select(Bar), symbol, since, until))
    return list(found)


@app.get("/core/bars", response_model=list[BarOut])
async def core_bars(symbol: str, since: Since, until: Until) -> list[dict[str, object]]:
    """Return the same from plain rows, still checked and documented by the response model."""
    return await _rows(BAR_NAMES, _bars_of(select(*BAR_COLUMNS), symbol, since, until))


@app.get("/bare/bars")
async def bare_bars(symbol: str, since: Since, until: Until) -> Response:
    """Return the same without a response model."""
    return Response(orjson.dumps(await core_bars(symbol, since, until)), media_type="application/json")


@app.get("/orm/quotes", response_model=list[QuoteOut])
async def orm_quotes(symbols: Symbols, database: Database) -> list[dict[str, object]]:
    """Return the latest bar of each symbol, by symbol, with its change."""
    latest = aliased(Bar, _latest_bars())
    query = (
        select(Instrument.symbol, latest)
        .join(latest, true())
        .where(Instrument.symbol.in_(symbols.split(",")))
        .order_by(Instrument.symbol, latest.session.desc())
    )
    bars: dict[str, list[dict[str, Any]]] = {}
    for symbol, bar in (await database.execute(query)).all():
        bars.setdefault(symbol, []).append({name: getattr(bar, name) for name in BAR_NAMES})
    return [_quote(symbol, found) for symbol, found in bars.items()]


@app.get("/core/quotes", response_model=list[QuoteOut])
async def core_quotes(symbols: Symbols) -> list[dict[str, object]]:
    """Return the same from plain rows, still checked and documented by the response model."""
    latest = _latest_bars()
    query = (
        select(Instrument.symbol, *(latest.c[name] for name in BAR_NAMES))
        .join(latest, true())
        .where(Instrument.symbol.in_(symbols.split(",")))
        .order_by(Instrument.symbol, latest.c.session.desc())
    )
    bars: dict[str, list[dict[str, Any]]] = {}
    for row in await _rows(("symbol", *BAR_NAMES), query):
        bars.setdefault(row.pop("symbol"), []).append(row)
    return [_quote(symbol, found) for symbol, found in bars.items()]


@app.get("/bare/quotes")
async def bare_quotes(symbols: Symbols) -> Response:
    """Return the same without a response model."""
    return Response(orjson.dumps(await core_quotes(symbols)), media_type="application/json")


async def _rows(names: tuple[str, ...], query: Select[Any]) -> list[dict[str, Any]]:
    async with autocommit.connect() as connection:
        found = (await connection.execute(query)).all()
    return [dict(zip(names, row, strict=True)) for row in found]


def _bars_of(columns: Select[Any], symbol: str, since: date, until: date) -> Select[Any]:
    return (
        columns.join(Instrument, Instrument.id == Bar.instrument_id)
        .where(Instrument.symbol == symbol, Bar.session >= since, Bar.session < until)
        .order_by(Bar.session)
    )


def _latest_bars() -> Lateral:
    """One index look-up a symbol; a window over all bars of the symbols would read every one of them."""
    newest = select(Bar).where(Bar.instrument_id == Instrument.id).order_by(Bar.session.desc()).limit(2)
    return newest.lateral("latest")


def _quote(symbol: str, bars: list[dict[str, Any]]) -> dict[str, object]:
    latest = bars[0]
    if len(bars) == 1:
        return {"symbol": symbol, **latest, "previous_close": None, "change": None, "change_percent": None}
    previous = bars[1]["close"]
    change = latest["close"] - previous
    changes = {"previous_close": previous, "change": change, "change_percent": 100 * change / previous}
    return {"symbol": symbol, **latest, **changes}
