"""`groat export bars`: the right bars, whole files only, nothing overwritten by accident."""

import io
import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from app.cli import door, export
from app.cli.frame import FAILED, USAGE
from tests.db.market import Market, bar

pytestmark = pytest.mark.stack
DAYS = ["2010-01-04", "2010-01-05", "2010-01-06", "2010-01-08"]
SPAN = ["--from", "2010-01-01", "--until", "2010-02-01"]
COLUMNS = ["symbol", "session", "open", "high", "low", "close", "volume"]


@pytest.fixture
def market(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Market]:
    """Three instruments; AAPL splits 1:2 on the 6th, and NONE has no bars."""
    monkeypatch.setenv("GROAT_ENV_FILE", "")
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.chdir(tmp_path)
    market = Market(database_url)
    apple, microsoft, _ = (market.instrument(symbol) for symbol in ("AAPL", "MSFT", "NONE"))
    market.bars(apple, [bar(day, close) for day, close in zip(DAYS, (100, 104, 52, 53), strict=True)])
    market.bars(microsoft, [bar(day, 30) for day in DAYS])
    market.split(apple, date(2010, 1, 6), (1, 2))
    yield market
    market.close()


def read(path: Path) -> pl.DataFrame:
    match path.suffix:
        case ".csv":
            return pl.read_csv(path, try_parse_dates=True)
        case ".parquet":
            return pl.read_parquet(path)
        case ".arrow":
            return pl.read_ipc(path)
        case _:
            return pl.read_ndjson(path).with_columns(pl.col("session").str.to_date())


@pytest.mark.usefixtures("market")
@pytest.mark.parametrize("name", ["bars.csv", "bars.parquet", "bars.arrow", "bars.ndjson"])
@pytest.mark.parametrize("batch", [1, 50])
def test_every_format_holds_the_same_bars(
    name: str, batch: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(export, "BATCH", batch)
    assert door.main(["export", "bars", "--symbols", "MSFT,AAPL,NONE", *SPAN, "-o", name]) == 0
    printed = capsys.readouterr()
    assert printed.out == f"8 bars in {name}\n"
    assert "100%" in printed.err
    table = read(tmp_path / name)
    assert table.columns == COLUMNS
    assert table["symbol"].to_list() == ["MSFT"] * 4 + ["AAPL"] * 4
    assert table["session"].to_list() == [date.fromisoformat(day) for day in DAYS] * 2
    assert table["close"].to_list() == [30.0] * 4 + [50.0, 52.0, 52.0, 53.0]
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.usefixtures("market")
def test_options_reach_the_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = [
        "--symbols",
        "AAPL,NOBODY",
        "--timeframe",
        "1mo",
        "--adjusted",
        "none",
        "--format",
        "csv",
        "-o",
        "month",
        "--json",
    ]
    assert door.main(["export", "bars", *words, *SPAN]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told == {"file": "month", "format": "csv", "rows": 1, "unknown": ["NOBODY"]}
    [row] = pl.read_csv(tmp_path / "month").to_dicts()
    assert (row["open"], row["close"]) == (100, 53)


@pytest.mark.usefixtures("market")
def test_all_symbols_are_exported_page_by_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "SYMBOLS_A_PAGE", 1)
    assert door.main(["export", "bars", "--symbols", "all", *SPAN, "-o", "bars.csv"]) == 0
    assert read(tmp_path / "bars.csv")["symbol"].unique(maintain_order=True).to_list() == ["AAPL", "MSFT"]


@pytest.mark.usefixtures("market")
def test_stdout_holds_nothing_but_bars(capsys: pytest.CaptureFixture[str]) -> None:
    assert door.main(["export", "bars", "--symbols", "AAPL", *SPAN, "--format", "csv", "-o", "-"]) == 0
    assert pl.read_csv(io.StringIO(capsys.readouterr().out))["close"].to_list() == [50, 52, 52, 53]


@pytest.mark.usefixtures("market")
def test_a_file_that_is_there_is_replaced_only_on_request(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "bars.csv").write_text("mine")
    words = ["export", "bars", "--symbols", "AAPL", *SPAN, "-o", "bars.csv"]
    assert door.main(words) == FAILED
    assert "there already" in capsys.readouterr().err
    assert (tmp_path / "bars.csv").read_text() == "mine"
    assert door.main([*words, "--force"]) == 0
    assert len(read(tmp_path / "bars.csv")) == 4


@pytest.mark.usefixtures("market")
def test_a_failure_leaves_what_was_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "bars.csv").write_text("mine")
    assert door.main(["export", "bars", "--symbols", "NOBODY", *SPAN, "-o", "bars.csv", "--force"]) == FAILED
    assert "No instrument has the symbol NOBODY" in capsys.readouterr().err
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("bars.csv", "mine")]


@pytest.mark.usefixtures("market")
def test_a_full_disk_is_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def full(_self: pl.DataFrame, *_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pl.DataFrame, "write_csv", full)
    assert door.main(["export", "bars", "--symbols", "AAPL", *SPAN, "-o", "bars.csv"]) == FAILED
    assert "bars.csv could not be written (No space left on device)" in capsys.readouterr().err


@pytest.mark.usefixtures("market")
@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["-o", "bars.xls"], "does not say its format"),
        (["-o", "-", "--format", "parquet"], "cannot be written to stdout"),
        (["-o", "absent/bars.csv"], "is no folder"),
        (["-o", "bars.csv", "--from", "2010-02-01", "--until", "2010-01-01"], "must be before"),
        (["-o", "bars.csv", "--as-of", "yesterday"], "as_of"),
    ],
)
def test_what_cannot_be_is_a_usage_error(words: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert door.main(["export", "bars", "--symbols", "AAPL", *words]) == USAGE
    assert told in capsys.readouterr().err
