"""`groat export`: bars out of the database into a file, in batches, so that a whole market fits."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import click

from app.cli.frame import OK, Group, as_json, verb
from app.cli.house import open_house, wait_for
from app.cli.output import print_json
from app.cli.progress import Bar
from app.domain.errors import ConflictError, UnknownSubjectError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from datetime import datetime
    from pathlib import Path

    from app.bootstrap import House
    from app.domain.series import Series
    from app.services.read_bars import BarAnswer, BarRequest

DAY = click.DateTime(["%Y-%m-%d"])
FORMATS = ("csv", "parquet", "arrow", "json")
# Symbols read at once: with decades of daily bars of each, a batch stays below a million rows.
BATCH = 50
MOST_ROWS = 1_000_000
EVERYTHING = "all"
STDOUT = "-"
SYMBOLS_A_PAGE = 500


@click.group(cls=Group, examples=["groat export bars --symbols AAPL,MSFT -o bars.csv"], reads=["DATABASE_URL"])
def export() -> None:
    """Write what Groat holds into files."""


@verb(
    examples=[
        "groat export bars --symbols AAPL,MSFT --from 2010-01-04 -o bars.csv",
        "groat export bars --symbols all --adjusted all --format parquet -o market.parquet",
    ],
    reads=["DATABASE_URL"],
)
@click.option("--symbols", required=True, metavar="LIST", help="Symbols by commas, or `all`.")
@click.option("--from", "from_", type=DAY, metavar="DATE", help="First session; a year before --until by default.")
@click.option(
    "--until", type=DAY, metavar="DATE", help="Before which date to stop; after the market's date by default."
)
@click.option(
    "--timeframe", type=click.Choice(["1d", "1w", "1mo"]), default="1d", show_default=True, help="Width of a bar."
)
@click.option(
    "--adjusted",
    type=click.Choice(["none", "splits", "all"]),
    default="splits",
    show_default=True,
    help="Restate earlier bars for splits, or for dividends too.",
)
@click.option("--as-of", metavar="TIME", help="As it was known then: a date, or a time with its zone.")
@click.option("--format", "form", type=click.Choice(FORMATS), help="By default what the file's name says.")
@click.option("-o", "--output", required=True, metavar="FILE", help="Where to; it appears when it is complete.")
@click.option("--force", is_flag=True, help="Replace a file that is there.")
@as_json
def bars(  # noqa: PLR0913  each is an option
    *,
    symbols: str,
    from_: datetime | None,
    until: datetime | None,
    timeframe: str,
    adjusted: str,
    as_of: str | None,
    form: str | None,
    output: str,
    force: bool,
    as_json: bool,
) -> int:
    """Write bars of many symbols into a file.

    CSV and JSON (a line a bar) are written as they are read; Parquet and Arrow (IPC file) in record batches.
    """
    from app.cli.bar_files import path_of  # noqa: PLC0415  heavy
    from app.domain.bars import Adjustment, Timeframe  # noqa: PLC0415  heavy
    from app.services.read_bars import BarRequest  # noqa: PLC0415  heavy

    path, kind = path_of(output, form, FORMATS)
    if path.exists() and not force and output != STDOUT:
        message = f"{path} is there already: choose another name, or replace it with --force."
        raise ConflictError(message)
    request = BarRequest(
        symbols=symbols,
        timeframe=Timeframe(timeframe),
        from_=from_.date() if from_ else None,
        until=until.date() if until else None,
        adjusted=Adjustment(adjusted),
        as_of=as_of,
    )
    rows, unknown = wait_for(write(request, path, kind))
    if as_json:
        print_json({"file": str(path), "format": kind, "rows": rows, "unknown": unknown})
    else:
        click.echo(f"{rows:,} bars in {path}", err=output == STDOUT)
        if unknown:
            click.echo(f"unknown symbols: {', '.join(unknown)}", err=True)
    return OK


export.add_command(bars)


async def write(request: BarRequest, path: Path, kind: str) -> tuple[int, list[str]]:
    """Read batch by batch and write each as it comes; return the rows and the symbols that nobody knows."""
    from app.api.representations import to_table  # noqa: PLC0415  heavy
    from app.cli.bar_files import BarFile  # noqa: PLC0415  heavy

    unknown: list[str] = []
    async with open_house() as house:
        symbols = await wanted(house, request.symbols)
        with BarFile(path, kind) as file, Bar("bars", total=len(symbols), unit="symbols") as bar:
            async for batch, found, missing in batches(house, request, symbols):
                unknown += missing
                if found:
                    file.add(to_table(found))
                bar.to(bar.done + len(batch), note=f"{file.rows:,} bars")
            if len(unknown) == len(symbols):
                message = f"No instrument has the symbol {', '.join(unknown[:10])}. Symbols are case-sensitive."
                raise UnknownSubjectError(message)
    return file.rows, unknown


async def wanted(house: House, text: str) -> list[str]:
    """Return the symbols to export: those listed, or every one that there is."""
    if text != EVERYTHING:
        return list(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    from app.ports.reads import InstrumentQuery  # noqa: PLC0415  heavy

    found: dict[str, None] = {}
    after: tuple[str, int] | None = None
    while page := await house.instruments.page(InstrumentQuery(after=after, limit=SYMBOLS_A_PAGE)):
        found |= dict.fromkeys(instrument.symbol for instrument in page)
        after = page[-1].symbol, page[-1].id
    return list(found)


async def batches(
    house: House, request: BarRequest, symbols: Sequence[str]
) -> AsyncIterator[tuple[Sequence[str], list[tuple[str, Series]], list[str]]]:
    """Yield each batch of symbols with their series, and those among them that nobody knows.

    All batches answer the same question: what "now" means is settled once.
    """
    import msgspec  # noqa: PLC0415  heavy

    from app.services.read_bars import bar_query, read_bars  # noqa: PLC0415  heavy

    now = house.clock.now()
    for start in range(0, len(symbols), BATCH):
        batch = symbols[start : start + BATCH]
        query = bar_query(msgspec.structs.replace(request, symbols=",".join(batch)), now, max_symbols=BATCH)
        try:
            answer = await read_bars(house.bars, query, shape=None, max_rows=MOST_ROWS)
        except UnknownSubjectError:
            yield batch, [], list(batch)
            continue
        columns = cast("BarAnswer", answer)  # text is only written where a shape is asked for
        yield batch, columns.found, columns.unknown
