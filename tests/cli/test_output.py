"""Tables, spans of time and progress bars."""

from datetime import UTC, datetime

import pytest

from app.cli import output
from app.cli.pipelines import arguments
from app.cli.progress import Bar


def test_tables_align_to_their_widest_cell(capsys: pytest.CaptureFixture[str]) -> None:
    output.print_table(["N", "NAME"], [(1, "a"), (1000, None)], right=["N"])
    assert capsys.readouterr().out == "   N  NAME\n   1  a\n1000\n"


def test_a_table_without_rows_keeps_its_heading(capsys: pytest.CaptureFixture[str]) -> None:
    output.print_table(["A", "B"], [])
    assert capsys.readouterr().out == "A  B\n"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-1, "0 s"),
        (0.4, "0 s"),
        (59, "59 s"),
        (60, "1 min 00 s"),
        (3599, "59 min 59 s"),
        (3600, "1 h 00 min"),
        (90_000, "1 d 01 h"),
    ],
)
def test_spans_are_written_in_their_two_largest_units(seconds: float, text: str) -> None:
    assert output.span(seconds) == text


def test_moments_are_utc_to_the_second() -> None:
    assert output.moment(datetime(2010, 5, 6, 18, 45, 1, 5, tzinfo=UTC)) == "2010-05-06 18:45:01Z"
    assert output.moment(None) == ""


def test_a_bar_shows_share_count_and_note() -> None:
    bar = Bar("bars", total=4, unit="sessions", hidden=True)
    bar.to(1, note="quota opens in 12 s")
    shown = bar.text()
    assert shown.startswith("bars  ███████░")
    assert " 25%  1/4 sessions" in shown
    assert shown.endswith("quota opens in 12 s")


def test_a_bar_that_is_full_tells_the_time_it_took() -> None:
    bar = Bar("bars", total=4, hidden=True)
    bar.to(9)
    assert "100%  9/4  0 s" in bar.text()


def test_a_bar_without_a_total_counts() -> None:
    bar = Bar("rows", unit="rows", hidden=True)
    bar.to(12_345)
    assert bar.text() == "rows  12,345 rows  0 s"


def test_bars_write_to_stderr_only(capsys: pytest.CaptureFixture[str]) -> None:
    with Bar("bars", total=2) as bar:
        bar.to(2)
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "100%  2/2" in printed.err


def test_arguments_are_json_or_text() -> None:
    assert arguments(("a=1", "b=x=y", 'c=["d"]', "e=true", "f=")) == {
        "a": 1,
        "b": "x=y",
        "c": ["d"],
        "e": True,
        "f": "",
    }
