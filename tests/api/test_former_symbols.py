"""Former symbols on every read: FB is answered with what META is, and says so; then it was FB."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from tests.api.test_instruments_over_time import KNOWN, reads  # noqa: F401  a fixture
from tests.db.market import EARLY, bar

if TYPE_CHECKING:
    from tests.api.test_bars import Reads

pytestmark = [pytest.mark.anyio, pytest.mark.stack]

RENAMED = {"FB": "META"}
THEN = "as_of=2022-06-10"
RANGE = "from=2021-01-01&until=2023-01-01"


@pytest.fixture
def told(reads: Reads) -> Reads:  # noqa: F811  the fixture above
    """Facts of each kind about Meta, from before and after it was renamed, and a bar of the fund that was META."""
    market = reads.market
    market.bars(market.number("META"), [bar("2021-07-01", 100.0), bar("2022-07-01", 50.0)])
    market.bars(market.number("METV"), [bar("2021-07-01", 15.0)])
    market.split(market.number("META"), date(2022, 1, 3), (1, 2))
    market.facts("META", "profiles", {"name": "Meta"}, EARLY)
    market.report("META", (2021, 2), date(2021, 7, 28), EARLY)
    return reads


async def test_bars_of_a_former_symbol_are_its_instruments(told: Reads) -> None:
    for accept, place in (("application/json", "symbols"), ("application/vnd.groat.rows+json", "bars")):
        for adjusted in ("none", "splits"):
            url = f"/api/bars?symbols=FB,METV&{RANGE}&adjusted={adjusted}"
            answer = (await told.get(url, accept=accept)).json()
            assert (answer["unknown"], answer["renamed"]) == ([], RENAMED), url
            assert answer[place][0]["symbol"] == "FB"
    found = await told.json(f"/api/bars?symbols=FB,META&{RANGE}")
    assert found["symbols"][0]["close"] == found["symbols"][1]["close"] == [50.0, 50.0]
    assert "renamed" not in await told.json(f"/api/bars?symbols=META&{RANGE}")
    table = await told.get(f"/api/bars?symbols=FB&{RANGE}", accept="text/csv")
    assert table.headers["renamed-symbols"] == "FB=META"
    assert table.text.splitlines()[1].startswith("FB,2021-07-01")


@pytest.mark.parametrize(
    ("url", "where"),
    [
        ("/api/quotes?symbols=FB", "quotes"),
        ("/api/actions?symbols=FB", "items"),
        ("/api/earnings?symbols=FB", "items"),
        ("/api/instruments/FB/profile", "facts"),
        ("/api/instruments/FB/facts/name", "values"),
        ("/api/provenance?dataset=bars_daily&symbol=FB&session=2021-07-01", "items"),
        ("/api/provenance?dataset=profiles&symbol=FB&fact=name", "items"),
        ("/api/news?symbols=FB", None),
        ("/api/disagreements?symbols=FB", None),
        ("/api/disagreements?dataset=bars&symbols=FB", None),
    ],
)
async def test_every_read_says_which_symbol_it_is_now(told: Reads, url: str, where: str | None) -> None:
    answer = await told.json(url)
    assert answer["renamed"] == RENAMED
    assert where is None or len(answer[where]) == 1
    then = await told.json(f"{url}&{THEN}" if "?" in url else f"{url}?{THEN}")
    assert "renamed" not in then
    assert where is None or len(then[where]) == 1


async def test_what_was_known_then_bears_the_symbol_of_then(told: Reads) -> None:
    for url in ("/api/actions", "/api/earnings"):
        assert [item["symbol"] for item in (await told.json(url))["items"]] == ["META"]
        assert [item["symbol"] for item in (await told.json(f"{url}?{THEN}"))["items"]] == ["FB"]
    assert (await told.get(f"/api/bars?symbols=META&{THEN}")).status_code == 404
    assert (await told.json(f"/api/bars?symbols=FB&{RANGE}&{THEN}"))["symbols"][0]["close"] == [50.0, 50.0]


async def test_of_several_that_had_a_symbol_the_days_tell_or_nobody(told: Reads) -> None:
    assert (await told.get("/api/bars?symbols=X")).status_code == 404
    run = told.market.connection.execute
    for name, first, until in (("XOne", None, date(2019, 1, 1)), ("XTwo", date(2019, 1, 1), date(2020, 1, 1))):
        number = told.market.number(name)
        run(
            "UPDATE instrument_symbols SET valid_from = %s, valid_to = %s WHERE instrument_id = %s AND symbol = 'X'",
            (first, until, number),
        )
        told.market.bars(number, [bar("2018-06-01", 1.0 if name == "XOne" else 2.0)])
    told.market.move("instruments")
    for day, name in (("2018-12-31", "XOne"), ("2019-06-01", "XTwo"), ("2022-01-01", "XTwo")):
        answer = await told.json(f"/api/bars?symbols=X&from=2018-01-01&until={day}")
        assert answer["renamed"] == {"X": name}, day
    assert KNOWN.year == 2022
